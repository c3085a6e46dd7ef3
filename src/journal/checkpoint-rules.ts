/** What a checkpoint must say, given the one before it and the tree below it, and how numbers must go on after it. Pure. */
import { sha256Hex, type Frontier } from '../sign/index.js';
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

/** Our additive fields: size, root and head of the log before the checkpoint's own line. */
export function treeMismatches(
  checkpoint: SessionCheckpoint,
  frontier: Frontier,
  headLeaf: Buffer | undefined,
): readonly FieldMismatch[] {
  const mismatches: FieldMismatch[] = [];
  const hold = (field: string, found: string | number | undefined, expected: string | number): void => {
    if (found !== undefined && found !== expected) mismatches.push({ field, expected, found });
  };
  const { tree_size: size, root_hash: root, head } = checkpoint;
  hold('tree_size', size, frontier.size);
  if (root !== undefined) hold('root_hash', root, frontier.root().toString('hex'));
  hold('head', head, headLeaf?.toString('hex') ?? '');
  return mismatches;
}

/** Why an event with another number than the next one may stand where it does. */
export function explainSequence(
  found: number,
  expected: number,
  eventCount: number,
  last: LastCheckpoint | undefined,
): string {
  if (found > expected) return `events ${expected} to ${found - 1} are missing before this line, or it was moved here`;
  if (found === 1 && eventCount === 0 && last !== undefined) {
    return `the numbering restarted at 1 although events up to ${last.sequenceEnd} are sealed: the Go tool does this when it appends after its own compaction`;
  }
  return `event ${found} stands here for the second time, or was moved behind a later one`;
}
