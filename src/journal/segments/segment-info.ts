/** A segment as those see it who decide whether it may go. */
import { isPresent } from './archived-lines.js';
import { removableFiles, type Segment, type SizedFile } from './segment-files.js';
import type { KeptCheckpoint } from './prelude.js';
import type { FileSystem, JournalPaths } from '../store/index.js';

/** One stretch of a log that compaction moved out of the journal file. */
export interface SegmentInfo {
  /** Base name of its files. */
  readonly name: string;
  /** Lines of the log from `leafStart` up to, not including, `leafEnd`. */
  readonly leafStart: number;
  readonly leafEnd: number;
  readonly firstSequence: number;
  readonly lastSequence: number;
  /** The checkpoint that ends it: its index, time, root (hex), and whether it carries a signature. As the journal file has it. */
  readonly checkpointIndex: number;
  readonly sealedAt: string;
  readonly rootHash: string;
  readonly isSigned: boolean;
  readonly contentSha256: string;
  readonly rawBytes: number;
  /** False when the lines are gone: pruned, or lost. */
  readonly isPresent: boolean;
  /** What goes when it is pruned. Its manifest stays, with the frontier of the tree. */
  readonly files: readonly SizedFile[];
}

/** @param seal the checkpoint that ends it, as it stands in the journal file */
export function segmentInfo(
  fs: FileSystem,
  paths: JournalPaths,
  segment: Segment,
  seal: Pick<KeptCheckpoint, 'checkpoint' | 'note'> | undefined,
): SegmentInfo {
  const { manifest, name } = segment;
  return {
    name,
    leafStart: manifest.leaf_start,
    leafEnd: manifest.leaf_end,
    firstSequence: manifest.first_sequence,
    lastSequence: manifest.last_sequence,
    checkpointIndex: manifest.checkpoint_index,
    sealedAt: seal?.checkpoint.created_at ?? manifest.sealed_at,
    rootHash: manifest.root_hash,
    isSigned: seal?.note !== undefined && seal.checkpoint.signature !== undefined,
    contentSha256: manifest.content_sha256,
    rawBytes: manifest.raw_bytes,
    isPresent: isPresent(fs, paths, segment),
    files: removableFiles(fs, paths, segment),
  };
}
