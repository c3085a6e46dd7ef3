export { isPresent, linesOf, segmentsFrom } from './archived-lines.js';
export { readBase, restoreBefore } from './base.js';
export { readPrelude } from './prelude.js';
export { encodeManifest, segmentName, parseSegmentName } from './segment.js';
export {
  filesIn,
  LEAVES_SUFFIX,
  LINES_SUFFIX,
  MANIFEST_SUFFIX,
  removableFiles,
  readManifest,
  segmentNames,
  segmentPath,
} from './segment-files.js';
export { segmentInfo } from './segment-info.js';
export { blocksOf, damaged, eachLine } from './segment-reader.js';
export { logBefore, SegmentTally, spanOf } from './segment-tally.js';
export { SegmentWriter } from './segment-writer.js';

export type { ArchivedLine } from './archived-lines.js';
export type { LogBase } from './base.js';
export type { KeptCheckpoint, Prelude } from './prelude.js';
export type { SegmentBlock, SegmentManifest } from './segment.js';
export type { Segment } from './segment-files.js';
