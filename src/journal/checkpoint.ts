/** A checkpoint: the line that seals all lines before it. Pure: state in, line out. */
import { canonicalJson, sessionOrigin, signCheckpoint, signValue, type KeyPair } from '../sign/index.js';
import { GaitError } from '../errors.js';
import { CHECKPOINT_SCHEMA_ID, SCHEMA_VERSION } from './record.js';
import { checkpointDigest } from './checkpoint-rules.js';
import type { SessionLog } from './session-log.js';
import { formatTimestamp } from './timestamp.js';
import type { SessionCheckpoint, SessionHeader } from './types.js';

export interface CheckpointFacts {
  readonly producerVersion: string;
  /** Milliseconds since 1970. */
  readonly nowMs: number;
  readonly key: KeyPair | undefined;
  /** The runpack that carries the sealed events; without one, the root stands for them. */
  readonly runpack: { readonly path: string; readonly manifestDigest: string } | undefined;
}

export interface BuiltCheckpoint {
  readonly checkpoint: SessionCheckpoint;
  readonly note: string | undefined;
  /** The canonical line, without LF. */
  readonly line: string;
}

/** Events that a checkpoint would seal now; empty when `start` is past `end`. */
export function unsealedRange(log: SessionLog): { readonly start: number; readonly end: number } {
  return { start: (log.lastCheckpoint?.sequenceEnd ?? 0) + 1, end: log.lastSequence };
}

/** Throws NOTHING_TO_SEAL when every event is sealed already. */
export function buildCheckpoint(log: SessionLog, facts: CheckpointFacts): BuiltCheckpoint {
  const { header, head, frontier, lastCheckpoint } = log;
  const { start, end } = unsealedRange(log);
  if (header === undefined || head === undefined || start > end) {
    throw new GaitError('NOTHING_TO_SEAL', 'no new session events available for checkpoint', {
      details: { last_sequence: log.lastSequence },
    });
  }
  const root = frontier.root();
  const unsigned = {
    schema_id: CHECKPOINT_SCHEMA_ID,
    schema_version: SCHEMA_VERSION,
    created_at: formatTimestamp(facts.nowMs),
    producer_version: facts.producerVersion,
    session_id: header.session_id,
    run_id: header.run_id,
    checkpoint_index: (lastCheckpoint?.index ?? 0) + 1,
    sequence_start: start,
    sequence_end: end,
    runpack_path: facts.runpack?.path ?? '',
    manifest_digest: facts.runpack?.manifestDigest ?? root.toString('hex'),
    ...(lastCheckpoint === undefined ? {} : { prev_checkpoint_digest: lastCheckpoint.digest }),
    tree_size: frontier.size,
    root_hash: root.toString('hex'),
    head: head.toString('hex'),
  };
  const digested = { ...unsigned, checkpoint_digest: checkpointDigest({ ...unsigned, checkpoint_digest: '' }) };
  const { key } = facts;
  const checkpoint = key === undefined ? digested : { ...digested, signature: signValue(digested, key) };
  const origin = originOf(header);
  const note = key === undefined ? undefined : signCheckpoint({ origin, size: frontier.size, root }, key);
  const line = canonicalJson({
    checkpoint,
    ...(note === undefined ? {} : { note }),
    prev: head.toString('hex'),
    record_type: 'checkpoint',
  });
  return { checkpoint, note, line };
}

/** Name of the session's log in notes: the header's, or the default for journals that the Go tool began. */
export function originOf(header: SessionHeader): string {
  return header.origin ?? sessionOrigin(header.session_id);
}
