/** The fields of a trace, `gait.gate.trace`, a signed record of one decision: the Go tool's (docs/go-compatibility.md). */
import { isGaitError } from '../errors.js';
import { normalizeTimestamp, type JsonObject } from '../journal/index.js';
import { sha256Hex } from '../sign/index.js';

export const TRACE_SCHEMA_ID = 'gait.gate.trace';

/** Versions whose additions leave the meaning of what was there before. */
export const KNOWN_SCHEMA_VERSION: RegExp = /^1\.\d+\.\d+$/;

/** What a time that was never set is written as. */
export const ZERO_TIME = '0001-01-01T00:00:00Z';

/** Hex digits of a digest that make an id. */
const ID_CHARS = 24;

/** How much of a value is repeated in a report. */
const MAX_SHOWN_CHARS = 200;

/**
 * What a field holds. With a question mark it may be absent; an object lists the fields of a nested one, which may be
 * absent as a whole.
 */
export type FieldRule = ScalarRule | FieldRules;
export type ScalarRule = 'text' | 'time' | 'time?' | 'text?' | 'texts?' | 'integer?' | 'number?';
export interface FieldRules {
  readonly [name: string]: FieldRule;
}

/** The record without its signature, as of the Go tool's version 1.2.3. */
export const TRACE_FIELDS: FieldRules = {
  schema_id: 'text',
  schema_version: 'text',
  created_at: 'time',
  observed_at: 'time?',
  producer_version: 'text',
  trace_id: 'text',
  event_id: 'text?',
  correlation_id: 'text?',
  tool_name: 'text',
  args_digest: 'text',
  intent_digest: 'text',
  policy_digest: 'text',
  verdict: 'text',
  context_set_digest: 'text?',
  context_evidence_mode: 'text?',
  context_ref_count: 'integer?',
  violations: 'texts?',
  latency_ms: 'number?',
  approval_token_ref: 'text?',
  delegation_ref: {
    delegation_token_ref: 'text?',
    requester_identity: 'text?',
    delegation_depth: 'integer?',
    scope_class: 'text?',
    chain_digest: 'text?',
    reason_codes: 'texts?',
  },
  skill_provenance: {
    skill_name: 'text',
    skill_version: 'text?',
    source: 'text',
    publisher: 'text',
    digest: 'text?',
    signature_key_id: 'text?',
  },
};

/** A field that is not what it has to be. */
export interface FieldFault {
  /** Dotted, where it is nested. */
  readonly field: string;
  readonly expected: string;
  readonly found: string;
}

const CHECKS: Readonly<Record<ScalarRule, readonly [expected: string, test: (value: unknown) => boolean]>> = {
  text: ['a text', isText],
  'text?': ['a text', isText],
  time: ['an RFC 3339 time', (value) => canonicalTime(value) !== undefined],
  'time?': ['an RFC 3339 time', (value) => canonicalTime(value) !== undefined],
  'texts?': ['a list of texts', (value) => Array.isArray(value) && value.every(isText)],
  'integer?': ['a whole number', (value) => Number.isSafeInteger(value)],
  'number?': ['a number from 0', (value) => typeof value === 'number' && value >= 0],
};

/** Fields that are missing or of another type. Fields that are not of version 1.2.3 may be anything. */
export function fieldFaults(record: JsonObject): FieldFault[] {
  return [...faultsOf(record, TRACE_FIELDS, '')];
}

function* faultsOf(record: JsonObject, rules: FieldRules, prefix: string): Generator<FieldFault> {
  for (const [name, rule] of Object.entries(rules)) {
    const field = `${prefix}${name}`;
    const value = record[name];
    const fault = (expected: string): FieldFault => ({ field, expected, found: excerpt(value) });
    if (value === undefined || value === null) {
      if (rule === 'text' || rule === 'time') yield fault(CHECKS[rule][0]);
    } else if (typeof rule === 'string') {
      const [expected, test] = CHECKS[rule];
      if (!test(value)) yield fault(expected);
    } else if (isObject(value)) {
      yield* faultsOf(value, rule, `${field}.`);
    } else {
      yield fault('an object');
    }
  }
}

/** The identity of a decision: the same decision has the same id, however often it is emitted. */
export function traceId({ policy_digest, intent_digest, verdict }: JsonObject): string {
  return idOf(`${String(policy_digest)}:${String(intent_digest)}:${String(verdict)}`);
}

/** The identity of one emission of a decision. @param observedAt the text of `observed_at` as emitted */
export function eventId(ofTrace: string, observedAt: string): string {
  return idOf(`${ofTrace}:${observedAt}`);
}

function idOf(text: string): string {
  return sha256Hex(text).slice(0, ID_CHARS);
}

/** A time in the spelling that is signed (docs/format.md); undefined for what is none. */
export function canonicalTime(value: unknown): string | undefined {
  if (typeof value !== 'string' || value !== value.trim()) return undefined;
  try {
    return normalizeTimestamp(value, 'time');
  } catch (error) {
    if (isGaitError(error)) return undefined;
    throw error;
  }
}

/** A value as a report shows it. */
export function excerpt(value: unknown): string {
  return clip(JSON.stringify(value) ?? 'nothing');
}

/** A text as a report shows it, however long and broken it is. */
export function clip(text: string): string {
  return (text.length > MAX_SHOWN_CHARS ? `${text.slice(0, MAX_SHOWN_CHARS)}…` : text).toWellFormed();
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}
