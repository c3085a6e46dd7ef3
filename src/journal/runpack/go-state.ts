/** The Go tool's index of a journal, `P.state.json` (docs/go-compatibility.md): it trusts this file while the size matches. */
import { SCHEMA_VERSION } from '../record.js';
import type { LogFacts } from '../log-facts.js';
import type { World } from '../settings.js';
import { ioError, replaceFile, type JournalPaths } from '../store/index.js';
import { formatTimestamp } from '../timestamp.js';
import { goStatePath } from './session-files.js';

const GO_STATE_SCHEMA_ID = 'gait.runpack.session_state';

/**
 * Writes the state of a journal as it stands on the disk; call it under the lock. Nothing happens for an empty journal.
 *
 * Durable, unlike our own index: with a stale or empty state the Go tool counts again and, in a compacted journal, starts
 * at sequence 1 (W1). `last_sequence` is the larger of the last event and the last sealed sequence for the same reason.
 *
 * @throws GaitError IO_ERROR, DISK_FULL
 */
export function writeGoState(world: World, paths: JournalPaths, log: LogFacts, journalSizeBytes: number): void {
  const { header, lastCheckpoint } = log;
  if (header === undefined) return;
  const state = {
    schema_id: GO_STATE_SCHEMA_ID,
    schema_version: SCHEMA_VERSION,
    updated_at: formatTimestamp(world.clock()),
    producer_version: header.producer_version,
    session_id: header.session_id,
    run_id: header.run_id,
    created_at: header.created_at,
    started_at: header.started_at,
    // It counts what is in the file.
    event_count: log.eventCount - log.archive.events,
    last_sequence: Math.max(log.lastSequence, lastCheckpoint?.sequenceEnd ?? 0),
    checkpoint_count: log.checkpointCount,
    last_checkpoint_index: lastCheckpoint?.index ?? 0,
    last_checkpoint_sequence: lastCheckpoint?.sequenceEnd ?? 0,
    ...(lastCheckpoint === undefined ? {} : { last_checkpoint_digest: lastCheckpoint.digest }),
    journal_size_bytes: journalSizeBytes,
  };
  const path = goStatePath(paths.journal);
  const content = Buffer.from(`${JSON.stringify(state, null, 2)}\n`);
  try {
    replaceFile(world.fs, path, content, { durable: true, nonce: world.nonce() });
  } catch (error) {
    throw ioError(error, 'write', path);
  }
}
