/** What a caller says of a decision, checked and brought into the form that is signed. */
import { GaitError } from '../errors.js';
import { VERDICTS, type JsonObject, type Verdict } from '../journal/index.js';
import { goForms } from './go-form.js';
import { canonicalTime, excerpt, fieldFaults, TRACE_SCHEMA_ID } from './trace-record.js';

/** A decision. Fields of version 1.4.0 of the Go tool beyond these pass through as they are (docs/format.md). */
export interface TraceInput {
  /** RFC 3339: when it was decided. The time of the emission by default. */
  readonly created_at?: string;
  readonly correlation_id?: string;
  readonly tool_name: string;
  readonly verdict: Verdict;
  /** Hex SHA-256, 64 digits; stored in lower case. Likewise the other digests. */
  readonly args_digest: string;
  readonly intent_digest: string;
  readonly policy_digest: string;
  readonly context_set_digest?: string;
  readonly context_evidence_mode?: string;
  readonly context_ref_count?: number;
  /** Stored trimmed, without empty ones, each once, in byte order. */
  readonly violations?: readonly string[];
  readonly latency_ms?: number;
  readonly approval_token_ref?: string;
  readonly delegation_ref?: JsonObject;
  readonly skill_provenance?: JsonObject;
  readonly [field: string]: unknown;
}

/** Fields that an emission makes; whoever gives one expects something that will not happen. */
const MADE_FIELDS = [
  'schema_id',
  'schema_version',
  'observed_at',
  'producer_version',
  'trace_id',
  'event_id',
  'signature',
] as const;

const DIGEST_FIELDS = ['args_digest', 'intent_digest', 'policy_digest'] as const;
const HEX_64 = /^[0-9a-f]{64}$/;
const CONTROL = /[\u0000-\u001f\u007f-\u009f]/;
/** As for events. */
const MAX_NAME_LENGTH = 512;

/** @throws GaitError INVALID_TRACE naming the field; INVALID_JSON for what canonical JSON cannot hold */
export function checkInput(input: unknown): JsonObject {
  if (typeof input !== 'object' || input === null || Array.isArray(input)) {
    throw new GaitError('INVALID_TRACE', 'a trace is a JSON object', { details: { reason: 'not_an_object' } });
  }
  const record: Record<string, unknown> = { ...input };
  for (const field of MADE_FIELDS) {
    if (record[field] !== undefined) throw invalid(field, record[field], 'is made when the trace is emitted');
  }
  record['tool_name'] = name(record, 'tool_name');
  if (record['correlation_id'] !== undefined) record['correlation_id'] = name(record, 'correlation_id');
  record['verdict'] = verdict(record['verdict']);
  for (const field of DIGEST_FIELDS) record[field] = digest(record, field);
  if (record['context_set_digest'] !== undefined) record['context_set_digest'] = digest(record, 'context_set_digest');
  const { violations, created_at: createdAt } = record;
  if (isTexts(violations)) record['violations'] = words(violations);
  if (createdAt !== undefined && canonicalTime(createdAt) === undefined) {
    throw invalid('created_at', createdAt, 'is not an RFC 3339 time with at most nine fractional digits');
  }
  return record;
}

/**
 * The record as it is signed: what the Go tool would make of it, so that both verify it.
 *
 * @throws GaitError INVALID_TRACE for fields that no version of the Go tool knows: it would not see them as signed
 */
export function signedForm(record: JsonObject): JsonObject {
  const complete: JsonObject = { schema_id: TRACE_SCHEMA_ID, schema_version: '1.0.0', ...record };
  const [fault] = fieldFaults(complete);
  if (fault !== undefined) throw invalid(fault.field, fault.found, `must be ${fault.expected}`);
  const form = goForms(complete).next();
  if (form.done === true) throw new GaitError('INTERNAL', 'a trace without a form');
  const { value, dropped } = form.value;
  const [unknown] = dropped;
  if (unknown !== undefined) throw invalid(unknown, undefined, 'is no field of a trace');
  return value;
}

function name(record: JsonObject, field: string): string {
  const value = record[field];
  const text = typeof value === 'string' ? value.trim() : '';
  const isGood = text !== '' && text.length <= MAX_NAME_LENGTH && !CONTROL.test(text) && text.isWellFormed();
  if (isGood) return text;
  throw invalid(
    field,
    value,
    `must be a text of at most ${MAX_NAME_LENGTH} characters, none of them a control character`,
  );
}

function verdict(value: unknown): string {
  const word = typeof value === 'string' ? value.trim().toLowerCase() : value;
  const known = VERDICTS.find((each) => each === word);
  if (known !== undefined) return known;
  throw invalid('verdict', value, `must be one of ${VERDICTS.join(', ')}`);
}

function digest(record: JsonObject, field: string): string {
  const value = record[field];
  const hex = typeof value === 'string' ? value.trim().toLowerCase() : '';
  if (HEX_64.test(hex)) return hex;
  throw invalid(field, value, 'must be a SHA-256 in 64 hexadecimal digits');
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((each) => typeof each === 'string');
}

function words(values: readonly string[]): string[] {
  const found = new Set(values.map((value) => value.trim()).filter((value) => value !== ''));
  return [...found].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
}

function invalid(field: string, found: unknown, reason: string): GaitError {
  return new GaitError('INVALID_TRACE', `${field} ${reason}`, {
    hint: 'check the field named in the message; gait trace emit --help lists those of a trace',
    details: { field, ...(found === undefined ? {} : { found: excerpt(found) }) },
  });
}
