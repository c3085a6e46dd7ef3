/** The first line of a journal. */
import { canonicalJson } from '../sign/index.js';
import { HEADER_SCHEMA_ID, LOG_CONSTRUCTION, SCHEMA_VERSION } from './record.js';
import { formatTimestamp } from './timestamp.js';
import type { SessionHeader } from './types.js';

export interface HeaderFacts {
  readonly session_id: string;
  readonly run_id: string;
  readonly producerVersion: string;
  /** Milliseconds since 1970. */
  readonly nowMs: number;
  readonly profile: string | undefined;
}

/** The canonical line, without LF. */
export function headerLine(facts: HeaderFacts): string {
  const now = formatTimestamp(facts.nowMs);
  const header: SessionHeader = {
    schema_id: HEADER_SCHEMA_ID,
    schema_version: SCHEMA_VERSION,
    created_at: now,
    producer_version: facts.producerVersion,
    session_id: facts.session_id,
    run_id: facts.run_id,
    started_at: now,
    events: [],
    origin: logOrigin(facts.session_id),
    log: LOG_CONSTRUCTION,
    ...(facts.profile === undefined ? {} : { retention_profile: facts.profile }),
  };
  return canonicalJson({ header, record_type: 'header' });
}

// What a C2SP key name must not hold (white space, plus), what a line of a note must not (controls), and the percent sign,
// so that two sessions never get the same origin.
const NOT_IN_ORIGIN = /[\s\p{Z}\p{Cc}+%]/gu;

/** Name of a session's log in signed notes (C2SP signed-note, "key name"). */
export function logOrigin(sessionId: string): string {
  return `gait/${sessionId.replace(NOT_IN_ORIGIN, (character) => encodeURIComponent(character))}`;
}
