/**
 * Recognises the line that nearly every line of a long journal is: an ordinary event of this session, in canonical form, linked
 * to the line below. All that is wanted of it is its sequence, and sometimes its time, so it is read in its bytes and nothing is
 * made of it.
 *
 * It only ever says yes to what `record.ts` and the log accept. Whatever it does not recognise is read with care, and judged
 * there. Pure.
 */
import { HASH_BYTES, matches, skipKey, skipString, skipValue, UNSURE } from '../sign/index.js';
import type { SessionHeader } from './types.js';

export type SessionNames = Pick<SessionHeader, 'session_id' | 'run_id'>;

/** What {@link OrdinaryEvents.sequenceOf} answers for every other line. */
export const NOT_ORDINARY = 0;

/** How deep attributes may be nested here; deeper ones are rare, and read with care. */
const MAX_LEVELS = 32;
/** So many digits always fit a double. */
const MAX_SEQUENCE_DIGITS = 15;
const HASH_CHARS = 2 * HASH_BYTES;

const QUOTE = 0x22;
const COMMA = 0x2c;
const DIGIT_0 = 0x30;
const DIGIT_9 = 0x39;
const BRACE_END = 0x7d;
/** Set in lower-case letters, and in a full stop. */
const LOWER_CASE = 0x20;

const FRONT: Uint8Array = Buffer.from('{"event":{');
const BEFORE_PREV: Uint8Array = Buffer.from(',"prev":"');
const BACK: Uint8Array = Buffer.from('","record_type":"event"}');

const PAYLOAD: Uint8Array = Buffer.from('"payload":');
const CREATED_AT: Uint8Array = Buffer.from('"created_at":');
/** Stands between the two, where there is one. */
const IDEMPOTENCY_KEY: Uint8Array = Buffer.from('"idempotency_key":');
const RUN_ID: Uint8Array = Buffer.from('"run_id":');
const SEQUENCE: Uint8Array = Buffer.from('"sequence":');
const SESSION_ID: Uint8Array = Buffer.from('"session_id":');
const TOOL_NAME: Uint8Array = Buffer.from('"tool_name":');
/** Begins the names of the engine's own events, in either case of letters. */
const RESERVED: Uint8Array = Buffer.from('"gait.');

/** The two digits of each byte, the first in the low half. */
const HEX_DIGITS: Uint16Array = Uint16Array.from({ length: 256 }, (_, byte) =>
  Buffer.from(byte.toString(16).padStart(2, '0')).readUInt16LE(),
);

/** What an event has to have, in the order of a canonical line. */
const REQUIRED: readonly Uint8Array[] = [CREATED_AT, RUN_ID, SEQUENCE, SESSION_ID, TOOL_NAME];

export class OrdinaryEvents {
  readonly #sessionId: Uint8Array;
  readonly #runId: Uint8Array;
  /** Where the time of the event stands that was recognised last, between its quotes. */
  timeFrom = 0;
  timeEnd = 0;
  /** Whether that event has an idempotency key. */
  isKeyed = false;

  constructor({ session_id: sessionId, run_id: runId }: SessionNames) {
    this.#sessionId = Buffer.from(JSON.stringify(sessionId));
    this.#runId = Buffer.from(JSON.stringify(runId));
  }

  /**
   * The sequence of the event in the line from `from` to `end`, where an LF stands or the bytes end; NOT_ORDINARY when it has to
   * be read with care.
   *
   * @param lines valid UTF-8, whoever calls has seen to it: that costs nearly as much for a line as for many
   * @param below leaf hash of the line before, which stands in it at `belowAt`
   */
  sequenceOf(lines: Buffer, from: number, end: number, below: Uint8Array, belowAt: number): number {
    const back = end - BACK.length;
    const prev = back - HASH_CHARS;
    const eventEnd = prev - BEFORE_PREV.length;
    const first = from + FRONT.length;
    // No value and no word holds an LF, so nothing below goes past the line's end.
    const isFramed =
      eventEnd >= first &&
      matches(lines, from, FRONT) &&
      matches(lines, back, BACK) &&
      matches(lines, eventEnd, BEFORE_PREV);
    return isFramed && isHexOf(lines, prev, below, belowAt) ? this.#walk(lines, first, eventEnd) : NOT_ORDINARY;
  }

  /** Goes over the members of the event, from its first key on; it has to end before `eventEnd`. */
  #walk(line: Buffer, first: number, eventEnd: number): number {
    let sequence = NOT_ORDINARY;
    let found = 0;
    let before = UNSURE;
    this.isKeyed = false;
    for (let key = first; ;) {
      const value = skipKey(line, key, before);
      if (value === UNSURE) return NOT_ORDINARY;
      const end = skipValue(line, value, MAX_LEVELS);
      if (end === UNSURE || matches(line, key, PAYLOAD)) return NOT_ORDINARY;
      const required = REQUIRED[found];
      if (required !== undefined && matches(line, key, required)) {
        if (!this.#isUsable(line, required, value, end)) return NOT_ORDINARY;
        if (required === SEQUENCE) sequence = integerAt(line, value, end);
        if (required === CREATED_AT) {
          this.timeFrom = value + 1;
          this.timeEnd = end - 1;
        }
        found += 1;
      } else if (required === RUN_ID && matches(line, key, IDEMPOTENCY_KEY)) this.isKeyed = true;
      if (line[end] === BRACE_END) {
        return end + 1 === eventEnd && found === REQUIRED.length ? sequence : NOT_ORDINARY;
      }
      if (line[end] !== COMMA) return NOT_ORDINARY;
      before = key;
      key = end + 1;
    }
  }

  #isUsable(line: Buffer, field: Uint8Array, value: number, end: number): boolean {
    switch (field) {
      case RUN_ID:
        return end - value === this.#runId.length && matches(line, value, this.#runId);
      case SESSION_ID:
        return end - value === this.#sessionId.length && matches(line, value, this.#sessionId);
      case TOOL_NAME:
        return line[value] === QUOTE && !isReserved(line, value);
      case CREATED_AT:
        return skipString(line, value) === end;
      default:
        return true;
    }
  }
}

/** Whether the hash at `hashAt` stands there in lower-case hex. */
function isHexOf(line: Buffer, at: number, hashes: Uint8Array, hashAt: number): boolean {
  if (hashAt + HASH_BYTES > hashes.length) return false;
  for (let i = 0; i < HASH_BYTES; i += 1) {
    const digits = (line[at + 2 * i] ?? 0) | ((line[at + 2 * i + 1] ?? 0) << 8);
    if (digits !== HEX_DIGITS[hashes[hashAt + i] ?? 0]) return false;
  }
  return true;
}

function isReserved(line: Buffer, at: number): boolean {
  for (let i = 0; i < RESERVED.length; i += 1) if (((line[at + i] ?? 0) | LOWER_CASE) !== RESERVED[i]) return false;
  return true;
}

/** The whole number of at least 1 that stands there, else NOT_ORDINARY. */
function integerAt(line: Buffer, at: number, end: number): number {
  if (end - at > MAX_SEQUENCE_DIGITS) return NOT_ORDINARY;
  let value = 0;
  for (let i = at; i < end; i += 1) {
    const digit = line[i] ?? 0;
    if (digit < DIGIT_0 || digit > DIGIT_9) return NOT_ORDINARY;
    value = value * 10 + (digit - DIGIT_0);
  }
  return value;
}
