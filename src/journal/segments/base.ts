/**
 * What a compacted journal file stands on: the segments that hold the lines it lacks.
 *
 * The file decides which segments count. A compaction that died before it replaced the file leaves a segment that nothing
 * stands on: its lines are all in the file still.
 */
import { GaitError } from '../../errors.js';
import { Frontier } from '../../sign/index.js';
import type { LastCheckpoint } from '../checkpoint-rules.js';
import type { SessionLog } from '../session-log.js';
import type { FileSystem, JournalPaths } from '../store/index.js';
import type { LogBefore } from './segment.js';
import { readPrelude, type KeptCheckpoint, type Prelude } from './prelude.js';
import { parseSegmentName } from './segment.js';
import { readManifest, segmentNames, type Segment } from './segment-files.js';

export interface LogBase {
  readonly prelude: Prelude;
  /** In force, oldest first; the last one ends with `seal`. At least one. */
  readonly segments: readonly Segment[];
  /** Every checkpoint that stands in a segment. */
  readonly kept: readonly KeptCheckpoint[];
  /** The checkpoint that ends the last segment. Its own line in the file is where the log goes on. */
  readonly seal: KeptCheckpoint;
}

/**
 * Undefined when the file is the whole log, as before the first compaction, or after one by the Go tool.
 *
 * @throws GaitError SEGMENT_MISSING when lines were taken out and what the log stands on is gone; JOURNAL_NOT_FOUND when the
 * journal itself is by now; IO_ERROR
 */
export function readBase(fs: FileSystem, paths: JournalPaths, descriptor: number): LogBase | undefined {
  const prelude = readPrelude(fs, descriptor, paths.journal);
  const seal = prelude?.checkpoints.at(-1);
  if (prelude === undefined || seal === undefined) return undefined;
  const leavesBefore = seal.checkpoint.tree_size;
  // The Go tool writes the file anew and drops the tree: what is left is a log of its own. Likewise when the place in the
  // file is the place in the log.
  if (leavesBefore === undefined || leavesBefore === prelude.checkpoints.length) return undefined;
  const segments = segmentsUpTo(fs, paths, leavesBefore + 1);
  const last = segments.at(-1);
  if (last === undefined || !endsWith(last, seal)) throw missing(fs, paths, leavesBefore);
  return { prelude, segments, kept: prelude.checkpoints, seal };
}

/** The segments whose lines end at or before `leafEnd`, as far as they follow each other backwards from there. */
function segmentsUpTo(fs: FileSystem, paths: JournalPaths, leafEnd: number): Segment[] {
  const found: Segment[] = [];
  let end = leafEnd;
  for (const name of segmentNames(fs, paths).toReversed()) {
    const place = parseSegmentName(name);
    if (place === undefined || place.leafEnd !== end) continue;
    const manifest = readManifest(fs, paths, name);
    if (manifest === undefined) continue;
    found.unshift({ name, manifest });
    end = place.leafStart;
  }
  return found;
}

function endsWith({ manifest }: Segment, { checkpoint }: KeptCheckpoint): boolean {
  return (
    manifest.session_id === checkpoint.session_id &&
    manifest.run_id === checkpoint.run_id &&
    manifest.checkpoint_index === checkpoint.checkpoint_index &&
    manifest.root_hash === checkpoint.root_hash
  );
}

/** Brings an empty log to where a segment's last checkpoint comes next. Throws what Frontier.restore throws. */
export function restoreBefore(
  log: SessionLog,
  { manifest }: Segment,
  { header, checkpoints }: Prelude,
  liveOffset: number,
): void {
  const before: LogBefore = manifest.log;
  const frontier = Frontier.restore(
    manifest.leaf_end - 1,
    before.frontier.map((hash) => Buffer.from(hash, 'hex')),
  );
  const facts = {
    header: header.header,
    firstSequence: before.first_sequence,
    lastSequence: before.last_sequence,
    eventCount: before.events,
    checkpointCount: before.checkpoints,
    lastCheckpoint: lastCheckpoint(checkpoints[before.checkpoints - 1]),
    unlinkedLines: before.unlinked_lines,
    lines: manifest.leaf_end - 1,
    lastLineOffset: 0,
    isClosed: before.closed,
    archive: { lines: manifest.leaf_end, events: before.events, liveOffset },
    lastRooted: undefined,
  };
  log.restore(facts, frontier, Buffer.from(before.head, 'hex'));
}

function lastCheckpoint(kept: KeptCheckpoint | undefined): LastCheckpoint | undefined {
  if (kept === undefined) return undefined;
  const { checkpoint_index: index, sequence_end: sequenceEnd, checkpoint_digest: digest } = kept.checkpoint;
  return { index, sequenceEnd, digest };
}

function missing(fs: FileSystem, { journal, segments }: JournalPaths, lines: number): GaitError {
  // A session that is removed as a whole while somebody has it open.
  if (fs.lstat(journal) === undefined) {
    return new GaitError('JOURNAL_NOT_FOUND', `there is no journal at ${journal} any more`, {
      details: { path: journal },
    });
  }
  return new GaitError('SEGMENT_MISSING', `the first ${lines} lines of ${journal} are not there`, {
    hint: `compaction moved them to ${segments}: restore that folder from a copy`,
    details: { path: journal, segments, lines },
  });
}
