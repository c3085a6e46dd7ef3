/** The checkpoints of a chain, one against the next (docs/go-compatibility.md). Pure. */
import { checkpointDigest } from '../checkpoint-rules.js';
import type { SessionCheckpoint } from '../types.js';
import type { SessionChain } from './chain.js';

export interface LinkageError {
  readonly checkpointIndex: number;
  /** The Go tool's words where it looks at the same thing. */
  readonly message: string;
  readonly expected?: string;
  readonly found?: string;
}

/** Every break, in the order of the chain. */
export function linkageErrors(chain: SessionChain): LinkageError[] {
  const errors: LinkageError[] = [];
  let last = { index: 0, end: 0, digest: '' };
  for (const [position, checkpoint] of chain.checkpoints.entries()) {
    const { checkpoint_index: index, sequence_end: end, checkpoint_digest: digest } = checkpoint;
    errors.push(...linkErrors(checkpoint, position, last), ...ownErrors(checkpoint, chain));
    last = { index, end, digest };
  }
  return errors;
}

function linkErrors(
  checkpoint: SessionCheckpoint,
  position: number,
  last: { readonly index: number; readonly end: number; readonly digest: string },
): LinkageError[] {
  const { checkpoint_index: index, sequence_start: start, prev_checkpoint_digest: prev = '' } = checkpoint;
  const errors: LinkageError[] = [];
  const add = (message: string, expected: string | number, found: string | number): void =>
    void errors.push({ checkpointIndex: index, message, expected: String(expected), found: String(found) });
  const isNext = index === last.index + 1;
  if (!isNext) add(`checkpoint index mismatch at position ${position}`, last.index + 1, index);
  if (index > 1 && prev !== last.digest)
    add(`prev_checkpoint_digest mismatch at checkpoint ${index}`, last.digest, prev);
  if (index <= 1 && prev !== '') add(`prev_checkpoint_digest on checkpoint ${index}`, '', prev);
  if (start <= last.end) add(`sequence overlap at checkpoint ${index}`, last.end + 1, start);
  // Where the index jumps, the events of the missing checkpoints are missing too: said once.
  else if (isNext && start !== last.end + 1) add(`sequence gap at checkpoint ${index}`, last.end + 1, start);
  return errors;
}

function ownErrors(checkpoint: SessionCheckpoint, chain: SessionChain): LinkageError[] {
  const { checkpoint_index: index, sequence_start: start, sequence_end: end } = checkpoint;
  const errors: LinkageError[] = [];
  const add = (message: string, expected: string, found: string): void =>
    void errors.push({ checkpointIndex: index, message: `${message} at checkpoint ${index}`, expected, found });
  if (start < 1 || end < start) add('sequence range invalid', 'a range', `${start} to ${end}`);
  const digest = checkpointDigest(checkpoint);
  if (checkpoint.checkpoint_digest !== digest) add('checkpoint_digest mismatch', digest, checkpoint.checkpoint_digest);
  for (const field of ['session_id', 'run_id'] as const) {
    if (checkpoint[field] !== chain[field]) add(`${field} mismatch`, chain[field], checkpoint[field]);
  }
  const { root_hash: root, manifest_digest: manifest, runpack_path: runpack } = checkpoint;
  // Sealed without a pack, the root stands in for the manifest.
  if (runpack === '' && root !== undefined && root !== manifest) add('manifest_digest mismatch', root, manifest);
  return errors;
}
