/** The first line of a journal. */
import { canonicalJson, sessionOrigin } from '../sign/index.js';
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
    origin: sessionOrigin(facts.session_id),
    log: LOG_CONSTRUCTION,
    ...(facts.profile === undefined ? {} : { retention_profile: facts.profile }),
  };
  return canonicalJson({ header, record_type: 'header' });
}
