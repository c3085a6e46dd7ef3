/** One check for each field that a caller may give: returns the stored form, or undefined for "as good as absent". */
import { GaitError } from '../errors.js';
import { normalizeTimestamp } from './timestamp.js';
import { VERDICTS, type EventInput } from './types.js';

type FieldCheck = (value: unknown, field: string) => unknown;

/** Longest name, id or key, in UTF-16 units. */
export const MAX_ID_LENGTH = 512;
const RESERVED_PREFIX = 'gait.';
const HEX_64 = /^[0-9a-f]{64}$/;
const NO_HEX = /[^0-9a-f]/;
// C0, DEL and C1: they have no business in a name, and some of them repaint an auditor's terminal.
const CONTROL = /[\u0000-\u001f\u007f-\u009f]/;

/** Whether a digest is in its stored form already. */
export function isStoredDigest(value: unknown): value is string {
  // What no digit is is looked for: half the time of the pattern of 64 digits.
  return typeof value === 'string' && value.length === 64 && !NO_HEX.test(value);
}

/** Only the engine writes events with such a tool name. */
export function isReservedTool(toolName: unknown): boolean {
  return typeof toolName === 'string' && toolName.toLowerCase().startsWith(RESERVED_PREFIX);
}

/**
 * A name that people and file systems must be able to tell apart: trimmed, not empty, no control characters.
 *
 * @throws GaitError with the given code, naming the field
 */
export function checkId(
  value: unknown,
  field: string,
  code: 'INVALID_EVENT' | 'INVALID_ARGUMENT' = 'INVALID_EVENT',
): string {
  const fail = (reason: string): never => {
    throw new GaitError(code, `${field} ${reason}`, { details: { field, found: value } });
  };
  if (typeof value !== 'string') return fail('must be a string');
  const id = value.trim();
  if (id === '') fail('must not be empty');
  if (id.length > MAX_ID_LENGTH) fail(`must have at most ${MAX_ID_LENGTH} characters`);
  if (CONTROL.test(id)) fail('must not contain control characters');
  if (!id.isWellFormed()) fail('contains half of a surrogate pair');
  return id;
}

const optionalId: FieldCheck = (value, field) => (isBlank(value) ? undefined : checkId(value, field));

const verdict: FieldCheck = (value, field) => {
  const word = typeof value === 'string' ? value.trim().toLowerCase() : value;
  if (VERDICTS.some((known) => known === word)) return word;
  throw invalid(field, value, `must be one of ${VERDICTS.join(', ')}`);
};

const time: FieldCheck = (value, field) => {
  if (typeof value !== 'string') throw invalid(field, value, 'must be a string');
  return normalizeTimestamp(value, field);
};

const digest: FieldCheck = (value, field) => {
  if (isBlank(value)) return undefined;
  const hex = typeof value === 'string' ? value.trim().toLowerCase() : '';
  if (!HEX_64.test(hex)) throw invalid(field, value, 'must be a SHA-256 in 64 hexadecimal digits');
  return hex;
};

/** Trimmed, none empty, each once, in the order of their UTF-8 bytes, as the Go tool keeps them. */
const wordList: FieldCheck = (value, field) => {
  if (!Array.isArray(value)) throw invalid(field, value, 'must be a list of strings');
  const words = new Set<string>();
  for (const word of value as unknown[]) if (!isBlank(word)) words.add(checkId(word, field));
  return words.size === 0 ? undefined : [...words].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
};

const object: FieldCheck = (value, field) => {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw invalid(field, value, 'must be an object');
  return value;
};

/** Every field of EventInput; the keys are held to the type. */
export const CHECKED_FIELDS: Readonly<Record<string, FieldCheck>> = {
  tool_name: checkId,
  verdict,
  created_at: time,
  intent_id: optionalId,
  intent_digest: digest,
  policy_digest: digest,
  policy_id: optionalId,
  policy_version: optionalId,
  matched_rule_ids: wordList,
  trace_id: optionalId,
  trace_path: optionalId,
  reason_codes: wordList,
  violations: wordList,
  relationship: object,
  safety_invariant_version: optionalId,
  safety_invariant_hash: optionalId,
  correlation_id: optionalId,
  actor: optionalId,
  attributes: object,
  idempotency_key: optionalId,
} satisfies Record<keyof EventInput, FieldCheck>;

function isBlank(value: unknown): boolean {
  return typeof value === 'string' && value.trim() === '';
}

function invalid(field: string, value: unknown, reason: string): GaitError {
  return new GaitError('INVALID_EVENT', `${field} ${reason}`, { details: { field, found: value } });
}
