/**
 * A caller's event, checked and made canonical.
 *
 * Everything that does not depend on the place in the log is done here, before any lock is taken: the event's canonical
 * text is cut in two at its sequence, and the commit only puts the number and the link in.
 */
import { GaitError } from '../errors.js';
import { canonicalJson, canonicalString, sha256 } from '../sign/index.js';
import { CHECKED_FIELDS, isReservedTool } from './event-fields.js';
import { EVENT_SCHEMA_ID, SCHEMA_VERSION } from './record.js';
import { formatTimestamp } from './timestamp.js';
import type { EventInput, SessionEvent } from './types.js';

/** What every event of a session shares. */
export interface EventFrame {
  readonly sessionId: string;
  readonly runId: string;
  readonly producerVersion: string;
}

/** An event that only lacks its place in the log. */
export interface EncodedEvent {
  /** Canonical line up to the value of `sequence`. */
  readonly beforeSequence: string;
  /** Canonical line from there up to the value of `prev`. */
  readonly afterSequence: string;
  readonly idempotencyKey: string | undefined;
  readonly toolName: string;
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
  for (const [field, value] of Object.entries(input)) {
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

/** @param event as normalizeEvent gave it @param nowMs milliseconds since 1970, used when the event has no time */
export function encodeEvent(event: EventInput, frame: EventFrame, nowMs: number): EncodedEvent {
  const content = encodeContent(event);
  const createdAt = event.created_at ?? formatTimestamp(nowMs);
  const before = [
    ...content.slice(0, CREATED_AT),
    `"created_at":"${createdAt}"`,
    ...content.slice(CREATED_AT, PRODUCER_VERSION),
    `"producer_version":${canonicalString(frame.producerVersion)}`,
    ...content.slice(PRODUCER_VERSION, RUN_ID),
    `"run_id":${canonicalString(frame.runId)}`,
    ...content.slice(RUN_ID, SCHEMA_ID),
    `"schema_id":"${EVENT_SCHEMA_ID}","schema_version":"${SCHEMA_VERSION}"`,
  ];
  const after = [`"session_id":${canonicalString(frame.sessionId)}`, ...content.slice(SCHEMA_ID)];
  const key = event.idempotency_key;
  return {
    beforeSequence: `{"event":{${joinMembers(before)},"sequence":`,
    afterSequence: `,${joinMembers(after)}},"prev":"`,
    idempotencyKey: key,
    toolName: event.tool_name,
    contentDigest: key === undefined ? undefined : sha256(`{${joinMembers(content)}}`),
  };
}

/** The whole line, without LF. @param prev leaf hash of the line before, lower-case hex */
export function eventLine(event: EncodedEvent, sequence: number, prev: string): string {
  return `${event.beforeSequence}${sequence}${event.afterSequence}${prev}","record_type":"event"}`;
}

/** The event as a reader of that line would see it. */
export function eventOfLine(line: string): SessionEvent {
  return (JSON.parse(line) as { event: SessionEvent }).event;
}

// The caller's fields in RFC 8785 order, with the places where the journal's own fields go between them.
const CONTENT_FIELDS = Object.keys(CHECKED_FIELDS)
  .filter((field) => field !== 'created_at')
  .toSorted() as readonly Exclude<keyof EventInput, 'created_at'>[];
const firstAfter = (field: string): number => CONTENT_FIELDS.filter((name) => name < field).length;
const CREATED_AT = firstAfter('created_at');
const PRODUCER_VERSION = firstAfter('producer_version');
const RUN_ID = firstAfter('run_id');
const SCHEMA_ID = firstAfter('schema_id');

/** One entry a field of CONTENT_FIELDS: `"name":value`, or empty when the event does not have it. */
function encodeContent(event: EventInput): string[] {
  return CONTENT_FIELDS.map((field) => {
    const value = event[field];
    if (value === undefined) return '';
    return `"${field}":${typeof value === 'string' ? canonicalString(value) : canonicalJson(value)}`;
  });
}

function joinMembers(members: readonly string[]): string {
  let joined = '';
  for (const member of members) if (member !== '') joined += joined === '' ? member : `,${member}`;
  return joined;
}
