/** What a checkpoint must say, given the one before it: the rules that need no tree. Pure. */
import { sha256Hex } from '../sign/index.js';
import type { SessionCheckpoint } from './types.js';

/** What is kept of the last checkpoint. */
export interface LastCheckpoint {
  readonly index: number;
  readonly sequenceEnd: number;
  readonly digest: string;
}

/** A field of a checkpoint that is not what the journal gives. */
export interface FieldMismatch {
  readonly field: string;
  readonly expected: string | number;
  readonly found: string | number | undefined;
}

/** Lower-case hex SHA-256 of `manifest:prev:index:start:end` (docs/format.md). */
export function checkpointDigest(checkpoint: SessionCheckpoint): string {
  const { manifest_digest: manifest, prev_checkpoint_digest: prev = '', checkpoint_index: index } = checkpoint;
  return sha256Hex(`${manifest}:${prev}:${index}:${checkpoint.sequence_start}:${checkpoint.sequence_end}`);
}

/** Index, range and digests, held against the checkpoint before. */
export function checkpointMismatches(
  checkpoint: SessionCheckpoint,
  last: LastCheckpoint | undefined,
): readonly FieldMismatch[] {
  const found: FieldMismatch[] = [];
  const { checkpoint_index: index, sequence_start: start, sequence_end: end } = checkpoint;
  const nextIndex = (last?.index ?? 0) + 1;
  const digest = checkpointDigest(checkpoint);
  if (index !== nextIndex) found.push({ field: 'checkpoint_index', expected: nextIndex, found: index });
  if (start <= (last?.sequenceEnd ?? 0)) {
    found.push({ field: 'sequence_start', expected: `more than ${last?.sequenceEnd}`, found: start });
  }
  if (end < start) found.push({ field: 'sequence_end', expected: `at least ${start}`, found: end });
  if (last !== undefined && checkpoint.prev_checkpoint_digest !== last.digest) {
    const { prev_checkpoint_digest: prev } = checkpoint;
    found.push({ field: 'prev_checkpoint_digest', expected: last.digest, found: prev });
  }
  if (checkpoint.checkpoint_digest !== digest) {
    found.push({ field: 'checkpoint_digest', expected: digest, found: checkpoint.checkpoint_digest });
  }
  return found;
}
