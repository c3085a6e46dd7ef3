/**
 * A caller's event, checked and made canonical.
 *
 * Everything that does not depend on the place in the log is done here, before any lock is taken: the event's canonical
 * text is cut in two at its sequence, and the commit only puts the number and the link in.
 */
import { GaitError } from '../errors.js';
import { canonicalJson, canonicalString, sha256 } from '../sign/index.js';
import { CHECKED_FIELDS, isReservedTool } from './event-fields.js';
import type { EventFrame, FrameTexts } from './event-frame.js';
import { encodePlain } from './plain-event.js';
import { EVENT_SCHEMA_ID, MAX_LINE_BYTES, SCHEMA_VERSION } from './record.js';
import { longestBytes, placeLine, stageLine, type StagedLine } from './staged-line.js';
import { formatTimestamp } from './timestamp.js';
import type { EventInput, PayloadRef } from './types.js';

/** An event that only lacks its place in the log. */
export interface EncodedEvent {
  readonly line: StagedLine;
  readonly idempotencyKey: string | undefined;
  readonly toolName: string;
  readonly createdAt: string;
  /** Digest over the caller's fields; see contentDigest in session-state.ts, which computes the same from a stored event. */
  readonly contentDigest: Buffer | undefined;
}

/**
 * Checks a caller's event. The engine's own events pass `isEngineEvent`, as only they may use the reserved tool names.
 *
 * @throws GaitError INVALID_EVENT naming the field; INVALID_JSON for attributes that canonical JSON cannot hold
 */
export function normalizeEvent(input: unknown, isEngineEvent = false): EventInput {
  if (typeof input !== 'object' || input === null || Array.isArray(input)) {
    throw new GaitError('INVALID_EVENT', 'an event is an object');
  }
  const event: Record<string, unknown> = {};
  const given = input as Readonly<Record<string, unknown>>;
  // By keys: the pairs of Object.entries are one more object for each field.
  for (const field of Object.keys(given)) {
    const value = given[field];
    if (value === undefined) continue;
    const check = Object.hasOwn(CHECKED_FIELDS, field) ? CHECKED_FIELDS[field] : undefined;
    if (check === undefined) {
      throw new GaitError('INVALID_EVENT', `unknown event field ${JSON.stringify(field)}`, {
        hint: 'put fields of your own under attributes',
        details: { field },
      });
    }
    const normal = check(value, field);
    if (normal !== undefined) event[field] = normal;
  }
  for (const field of ['tool_name', 'verdict']) {
    if (event[field] === undefined) {
      throw new GaitError('INVALID_EVENT', `an event needs ${field}`, { details: { field } });
    }
  }
  if (!isEngineEvent && isReservedTool(String(event['tool_name']))) {
    throw new GaitError('INVALID_EVENT', 'tool names that start with "gait." are reserved for the journal itself', {
      details: { field: 'tool_name', found: event['tool_name'] },
    });
  }
  return event as unknown as EventInput;
}

/** An event with the payload that was stored for it. */
export type StorableEvent = EventInput & { readonly payload?: PayloadRef };

/** @param event as normalizeEvent gave it @param nowMs milliseconds since 1970, used when the event has no time */
export function encodeEvent(event: StorableEvent, frame: EventFrame, nowMs: number): EncodedEvent {
  const createdAt = event.created_at ?? formatTimestamp(nowMs);
  const key = event.idempotency_key;
  const line = stageLine(
    `{"event":{${joined(
      encodeFields(event, BEFORE_CREATED_AT),
      `"created_at":"${createdAt}"`,
      encodeFields(event, BEFORE_PRODUCER_VERSION),
      `"producer_version":${canonicalString(frame.producerVersion)}`,
      encodeFields(event, BEFORE_RUN_ID),
      `"run_id":${canonicalString(frame.runId)}`,
      encodeFields(event, BEFORE_SCHEMA_ID),
      `"schema_id":"${EVENT_SCHEMA_ID}","schema_version":"${SCHEMA_VERSION}"`,
    )},"sequence":`,
    `,${joined(`"session_id":${canonicalString(frame.sessionId)}`, encodeFields(event, AFTER_SESSION_ID))}},"prev":"`,
  );
  return {
    line,
    idempotencyKey: key,
    toolName: event.tool_name,
    createdAt,
    contentDigest: key === undefined ? undefined : sha256(`{${encodeFields(comparable(event), CONTENT_FIELDS)}}`),
  };
}

/**
 * {@link normalizeEvent} and {@link encodeEvent} in one, the short way where it is enough. @throws GaitError as they do; of
 * several faults it may be another one
 */
export function encodeInput(
  input: EventInput,
  frame: EventFrame,
  texts: FrameTexts,
  nowMs: number,
  isEngineEvent: boolean,
): EncodedEvent {
  const plain = encodePlain(input, texts, formatTimestamp(nowMs));
  if (plain === undefined) return encodeEvent(normalizeEvent(input, isEngineEvent), frame, nowMs);
  return {
    line: stageLine(plain.beforeSequence, plain.afterSequence),
    idempotencyKey: undefined,
    toolName: plain.toolName,
    createdAt: plain.createdAt,
    contentDigest: undefined,
  };
}

/** Whether the line could become longer than a line may be, whatever its sequence. */
export function mayExceedLine({ line }: EncodedEvent): boolean {
  return longestBytes(line) > MAX_LINE_BYTES;
}

/** The whole line, without LF. @param prev leaf hash of the line before, lower-case hex */
export function eventLine({ line }: EncodedEvent, sequence: number, prev: string): string {
  const bytes = Buffer.alloc(longestBytes(line) + 1);
  return bytes.toString('utf8', 0, placeLine(line, bytes, 0, sequence, prev) - 1);
}

type ContentField = Exclude<keyof StorableEvent, 'created_at'>;

// The caller's fields in RFC 8785 order, cut where the journal's own fields go between them.
const CONTENT_FIELDS = [...Object.keys(CHECKED_FIELDS), 'payload']
  .filter((field) => field !== 'created_at')
  .toSorted() as readonly ContentField[];
const between = (after: string, before: string): readonly ContentField[] =>
  CONTENT_FIELDS.filter((field) => after < field && field < before);
const BEFORE_CREATED_AT = between('', 'created_at');
const BEFORE_PRODUCER_VERSION = between('created_at', 'producer_version');
const BEFORE_RUN_ID = between('producer_version', 'run_id');
const BEFORE_SCHEMA_ID = between('run_id', 'schema_id');
const AFTER_SESSION_ID = between('session_id', '\uffff');

/** Those of the fields that the event has, as members of an object with commas between them. */
function encodeFields(event: StorableEvent, fields: readonly ContentField[]): string {
  let text = '';
  for (const field of fields) {
    const value = event[field];
    if (value === undefined) continue;
    const encoded = typeof value === 'string' ? canonicalString(value) : canonicalJson(value);
    text += text === '' ? `"${field}":${encoded}` : `,"${field}":${encoded}`;
  }
  return text;
}

/** Content to compare a repeat by: every copy of a payload has its own salt, hence another hash. */
function comparable(event: StorableEvent): StorableEvent {
  if (event.payload === undefined) return event;
  return { ...event, payload: comparablePayload(event.payload) as PayloadRef };
}

/** What two events with one idempotency key must share of their payloads. */
export function comparablePayload({ media_type, size }: PayloadRef): Omit<PayloadRef, 'sha256'> {
  return { media_type, size };
}

function joined(...members: readonly string[]): string {
  let text = '';
  for (const member of members) if (member !== '') text += text === '' ? member : `,${member}`;
  return text;
}
