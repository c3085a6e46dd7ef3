/** A segment as those see it who decide whether it may go. */
import { isPresent } from './archived-lines.js';
import type { SegmentInfo } from '../retention-types.js';
import { removableFiles, type Segment } from './segment-files.js';
import type { KeptCheckpoint } from './prelude.js';
import type { FileSystem, JournalPaths } from '../store/index.js';

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
