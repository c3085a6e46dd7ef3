/** Checks one trace: its signature, what it is, and that its ids follow from it. */
import { GaitError, isGaitError } from '../errors.js';
import { readTextFile, type Environment, type JsonObject } from '../journal/index.js';
import { parseExactJson, parseJson } from '../sign/index.js';
import {
  canonicalTime,
  clip,
  eventId,
  excerpt,
  fieldFaults,
  isObject,
  KNOWN_SCHEMA_VERSION,
  TRACE_SCHEMA_ID,
  traceId,
  ZERO_TIME,
} from './trace-record.js';
import type { TraceDemands, TraceFacts, TraceProblem, TraceReport } from './trace-report.js';
import { checkSignature, type SignatureFindings } from './trace-signature.js';

export interface VerifyTraceOptions extends TraceDemands, Environment {}

/**
 * Checks the trace in a file, see {@link verifyTrace}.
 *
 * @throws GaitError FILE_NOT_FOUND, INVALID_PATH, INVALID_ARGUMENT for a file over 4 MiB or not in UTF-8, INVALID_JSON,
 * INVALID_TRACE, IO_ERROR
 */
export function verifyTraceFile(path: string, options: VerifyTraceOptions = {}): TraceReport {
  return verifyTrace(readTextFile(path, options), path, options);
}

/**
 * Checks a trace. What was signed is the record as it stands, or the form that the Go tool makes of it (docs/go-compatibility.md);
 * keys that are in the one and not in the other are a problem. Pure.
 *
 * @param text the file's content
 * @param path for the report
 * @throws GaitError INVALID_JSON when the text does not parse, INVALID_TRACE when it is no object; what else is wrong is in
 * the report
 */
export function verifyTrace(text: string, path: string, demands: TraceDemands = {}): TraceReport {
  const { value, ambiguity } = readExact(text);
  if (!isObject(value)) {
    throw new GaitError('INVALID_TRACE', `${path} holds no JSON object`, {
      details: { path, reason: 'not_an_object' },
    });
  }
  const { signature, ...record } = value;
  const signed = ambiguity ?? checkSignature(record, signature, demands);
  const others = [...fieldProblems(record), ...idProblems(record)];
  const problems = [...signed.problems, ...others];
  const error = signed.problems.length === 0 ? others[0]?.meaning : signed.error;
  const ok = problems.length === 0;
  return {
    ok,
    path,
    kind: 'trace',
    verdict: ok ? (signed.status === 'verified' ? 'valid' : 'unchecked') : 'invalid',
    signature_status: signed.status,
    signed_by: signed.signedBy === undefined ? [] : [signed.signedBy],
    ...namedKey(signature),
    ...factsOf(record),
    ...(error === undefined ? {} : { error }),
    problems,
    problem_count: problems.length,
    warnings: signed.warnings,
    warning_count: signed.warnings.length,
  };
}

/**
 * A text that means different things to different readers is a finding about the evidence, whatever its signature says;
 * a text that is no JSON at all is no evidence.
 */
function readExact(text: string): { readonly value: unknown; readonly ambiguity?: SignatureFindings } {
  try {
    return { value: parseExactJson(text) };
  } catch (error) {
    if (!isGaitError(error) || error.details['reason'] === 'syntax') throw error;
    const meaning = `the text can be read in two ways: ${error.message}`;
    const problem: TraceProblem = { kind: 'bad_json', meaning };
    return {
      value: parseLoosely(text, error),
      ambiguity: { status: 'failed', error: meaning, problems: [problem], warnings: [] },
    };
  }
}

/** @param refusal why it was not read exactly: the first fault, and there may be another behind it */
function parseLoosely(text: string, refusal: unknown): unknown {
  try {
    return parseJson(text);
  } catch (error) {
    if (error instanceof SyntaxError) throw refusal;
    throw error;
  }
}

function fieldProblems(record: JsonObject): TraceProblem[] {
  const { schema_id: schemaId, schema_version: schemaVersion } = record;
  const problems: TraceProblem[] = fieldFaults(record).map((fault) => ({
    kind: 'bad_field',
    ...fault,
    meaning: `${fault.field} is not ${fault.expected}`,
  }));
  if (typeof schemaId === 'string' && schemaId !== TRACE_SCHEMA_ID) {
    const meaning = 'this is the record of something else than a trace';
    problems.push({
      kind: 'bad_field',
      field: 'schema_id',
      expected: TRACE_SCHEMA_ID,
      found: excerpt(schemaId),
      meaning,
    });
  }
  if (typeof schemaVersion === 'string' && !KNOWN_SCHEMA_VERSION.test(schemaVersion)) {
    const meaning = 'the trace is of a version of the format whose meaning is not known here';
    problems.push({
      kind: 'bad_field',
      field: 'schema_version',
      expected: '1.x.y',
      found: excerpt(schemaVersion),
      meaning,
    });
  }
  return problems;
}

function idProblems(record: JsonObject): TraceProblem[] {
  const { trace_id: foundTrace, event_id: foundEvent, observed_at: observedAt = ZERO_TIME } = record;
  const problems: TraceProblem[] = [];
  const mismatch = (field: string, expected: string, found: unknown, of: string): void => {
    const meaning = `${field} mismatch: it does not follow from ${of}`;
    problems.push({ kind: 'id_mismatch', field, expected, found: excerpt(found), meaning });
  };
  const expected = traceId(record);
  if (foundTrace !== expected) mismatch('trace_id', expected, foundTrace, 'policy_digest, intent_digest and verdict');
  if (foundEvent !== undefined && foundEvent !== null) {
    // It was made over the text as emitted, which another writer may have respelled since.
    const texts = [canonicalTime(observedAt) ?? String(observedAt), String(observedAt)];
    const candidates = texts.map((text) => eventId(String(foundTrace), text));
    const [first = ''] = candidates;
    if (!candidates.some((id) => id === foundEvent))
      mismatch('event_id', first, foundEvent, 'trace_id and observed_at');
  }
  return problems;
}

function namedKey(signature: unknown): { readonly key_id?: string } {
  const keyId = isObject(signature) ? signature['key_id'] : undefined;
  return typeof keyId === 'string' && keyId !== '' ? { key_id: clip(keyId) } : {};
}

const FACTS = ['trace_id', 'event_id', 'correlation_id', 'tool_name', 'created_at', 'observed_at'] as const;

function factsOf(record: JsonObject): TraceFacts & { readonly decision?: string } {
  const facts: Partial<Record<(typeof FACTS)[number] | 'decision', string>> = {};
  for (const name of FACTS) {
    const value = record[name];
    if (typeof value === 'string') facts[name] = clip(value);
  }
  const { verdict } = record;
  if (typeof verdict === 'string') facts.decision = clip(verdict);
  return facts;
}
