/** The lines of the segments that a journal stands on, in the order of the log. */
import type { FileSystem, JournalPaths } from '../store/index.js';
import type { LogBase } from './base.js';
import { LINES_SUFFIX, segmentPath, type Segment } from './segment-files.js';
import { blockBefore, blocksOf, eachLine } from './segment-reader.js';

export interface ArchivedLine {
  readonly line: Buffer;
  readonly byteOffset: number;
  readonly segment: Segment;
}

/** Whether the lines of a segment are there. */
export function isPresent(fs: FileSystem, paths: JournalPaths, { name }: Segment): boolean {
  return fs.lstat(segmentPath(paths, name, LINES_SUFFIX))?.kind === 'file';
}

/**
 * The lines of one segment, a block at a time, from the block that holds event `fromSequence` on.
 *
 * @throws GaitError SEGMENT_MISSING, SEGMENT_DAMAGED, IO_ERROR
 */
export function* linesOf(
  fs: FileSystem,
  paths: JournalPaths,
  segment: Segment,
  fromSequence = 0,
): Generator<readonly ArchivedLine[], void, undefined> {
  const path = segmentPath(paths, segment.name, LINES_SUFFIX);
  const first = fromSequence <= 1 ? 0 : blockBefore(segment.manifest, fromSequence);
  for (const block of blocksOf(fs, path, segment.manifest, first)) {
    const lines: ArchivedLine[] = [];
    eachLine(block, (line, byteOffset) => lines.push({ line, byteOffset, segment }));
    yield lines;
  }
}

/** Segments that hold events from `fromSequence` on. */
export function segmentsFrom({ segments }: LogBase, fromSequence: number): readonly Segment[] {
  return segments.filter(({ manifest }) => fromSequence <= 1 || manifest.last_sequence >= fromSequence);
}
