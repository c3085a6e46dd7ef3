/** The envelope of a line: `record_type`, the payload under that name, `prev`, and a checkpoint's `note`. */
import { isAscii, isUtf8 } from 'node:buffer';
import { isGaitError } from '../errors.js';
import { parseJson, requireExact } from '../sign/index.js';
import type { SessionCheckpoint, SessionEvent, SessionHeader } from './types.js';

/** Longest line that gait writes, without the line feed: the entry limit of a C2SP tlog. */
export const MAX_LINE_BYTES = 65_535;

export const SCHEMA_VERSION = '1.0.0';
export const HEADER_SCHEMA_ID = 'gait.runpack.session_journal';
export const EVENT_SCHEMA_ID = 'gait.runpack.session_event';
export const CHECKPOINT_SCHEMA_ID = 'gait.runpack.session_checkpoint';
/** Hash construction named in the header of every journal of ours. */
export const LOG_CONSTRUCTION = 'rfc6962-sha256';

/** A line that parsed; its payload's fields are checked as far as the reader's types promise. */
export type JournalRecord = { readonly prev?: string; readonly text: string } & (
  | { readonly recordType: 'header'; readonly header: SessionHeader }
  | { readonly recordType: 'event'; readonly event: SessionEvent }
  | { readonly recordType: 'checkpoint'; readonly checkpoint: SessionCheckpoint; readonly note?: string }
);

/** Why a line is no record: the kind of problem, and a phrase that completes "the line ...". */
export interface RecordFault {
  readonly fault: 'bad_json' | 'bad_record';
  readonly reason: string;
}

const HEX_64 = /^[0-9a-f]{64}$/;

/**
 * Reads one line, ours or the Go tool's. Never throws: stored bytes may hold anything.
 *
 * @param hashBelow what `prev` has to be, where that is known: a `prev` that is just this need not be looked at again
 */
export function parseRecord(line: Buffer, hashBelow?: string): JournalRecord | RecordFault {
  const text = decode(line);
  if (text === undefined) return { fault: 'bad_json', reason: 'is not valid UTF-8' };
  let value: unknown;
  try {
    value = parseJson(text);
  } catch (error) {
    return { fault: 'bad_json', reason: `does not parse: ${error instanceof Error ? error.message : String(error)}` };
  }
  if (!isObject(value)) return { fault: 'bad_record', reason: 'is not a JSON object' };
  const { record_type: recordType, prev } = value;
  if (prev !== undefined) {
    if (typeof prev !== 'string' || (prev !== hashBelow && !HEX_64.test(prev)))
      return bad('has a `prev` that is no hash');
    const ambiguity = whyNotExact(text, value);
    if (ambiguity !== undefined) return { fault: 'bad_json', reason: ambiguity };
  }
  switch (recordType) {
    case 'event': {
      const fault = checkFields(value['event'], EVENT_FIELDS, 'event');
      if (fault !== undefined) return fault;
      const event = value['event'] as SessionEvent;
      // Written out: nearly every line is an event, and spreading a common part took an eighth of a verifier's time.
      return prev === undefined ? { text, recordType, event } : { text, prev, recordType, event };
    }
    case 'header': {
      const fault = checkFields(value['header'], HEADER_FIELDS, 'header');
      return fault ?? { text, ...optional({ prev }), recordType, header: value['header'] as SessionHeader };
    }
    case 'checkpoint': {
      const fault = checkFields(value['checkpoint'], CHECKPOINT_FIELDS, 'checkpoint');
      if (fault !== undefined) return fault;
      const { note } = value;
      if (note !== undefined && typeof note !== 'string') return bad('has a `note` that is no text');
      const checkpoint = value['checkpoint'] as SessionCheckpoint;
      return { text, ...optional({ prev, note }), recordType, checkpoint };
    }
    default:
      return bad(`has the unknown record_type ${JSON.stringify(recordType) ?? 'undefined'}`);
  }
}

/** The text of a line, undefined when it is not valid UTF-8. Most lines are ASCII, which is the cheapest to decode. */
function decode(line: Buffer): string | undefined {
  if (isAscii(line)) return line.toString('latin1');
  return isUtf8(line) ? line.toString('utf8') : undefined;
}

/** The entries that have a value. */
function optional<T extends Readonly<Record<string, string | undefined>>>(fields: T): { [K in keyof T]?: string } {
  const present: { [K in keyof T]?: string } = {};
  for (const name in fields) if (fields[name] !== undefined) present[name] = fields[name];
  return present;
}

/** Other readers take the first of two equal keys, or round a number differently: lines of ours hold none of these. */
function whyNotExact(text: string, value: unknown): string | undefined {
  try {
    requireExact(text, value);
    return undefined;
  } catch (error) {
    if (isGaitError(error)) return `can be read in two ways: ${error.message}`;
    throw error;
  }
}

export function isFault(result: JournalRecord | RecordFault): result is RecordFault {
  return 'fault' in result;
}

type FieldCheck = (value: unknown) => boolean;
const isId: FieldCheck = (value) => typeof value === 'string' && value.trim() !== '';
const isText: FieldCheck = (value) => typeof value === 'string';
const isCount: FieldCheck = (value) => Number.isSafeInteger(value) && (value as number) >= 1;

/** Pairs, made once: this is asked of every line. */
type FieldTable = readonly (readonly [field: string, isGood: FieldCheck])[];

const HEADER_FIELDS: FieldTable = Object.entries({ session_id: isId, run_id: isId, created_at: isText });
const EVENT_FIELDS: FieldTable = Object.entries({
  session_id: isId,
  run_id: isId,
  created_at: isText,
  sequence: isCount,
});
const CHECKPOINT_FIELDS: FieldTable = Object.entries({
  session_id: isId,
  run_id: isId,
  checkpoint_index: isCount,
  sequence_start: isCount,
  sequence_end: isCount,
  manifest_digest: isText,
  checkpoint_digest: isText,
});

function checkFields(payload: unknown, checks: FieldTable, name: string): RecordFault | undefined {
  if (!isObject(payload)) return bad(`has no ${name} object`);
  for (const [field, isGood] of checks) {
    if (!isGood(payload[field])) return bad(`has a ${name} without a usable ${field}`);
  }
  return undefined;
}

function bad(reason: string): RecordFault {
  return { fault: 'bad_record', reason };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
