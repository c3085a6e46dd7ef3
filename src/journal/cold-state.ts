/** Where the state of a session begins when no index fits: at the start of the log, or behind the lines that compaction moved out. */
import { leafHash } from '../sign/index.js';
import { isFault, parseRecord } from './record.js';
import { REMEMBERED_KEYS } from './recent-keys.js';
import { isPresent, linesOf, readBase, restoreBefore, type Segment } from './segments/index.js';
import { contentDigest, SessionState } from './session-state.js';
import type { FileSystem, JournalPaths } from './store/index.js';
import type { Problem } from './verify-types.js';

/**
 * The file is to be read from `offset` of the state on. What the segments say of the log is proved there: the first line is the
 * checkpoint that ends the last of them, and its root must be that of the tree.
 *
 * @throws GaitError SEGMENT_MISSING, SEGMENT_DAMAGED, IO_ERROR
 */
export function coldState(
  fs: FileSystem,
  paths: JournalPaths,
  descriptor: number,
  report: (problem: Problem) => void,
): SessionState {
  const state = new SessionState(report);
  const base = readBase(fs, paths, descriptor);
  const last = base?.segments.at(-1);
  if (base === undefined || last === undefined) return state;
  const { seal, prelude, segments } = base;
  restoreBefore(state.log, last, prelude, seal.byteOffset + seal.bytes.length + 1);
  state.offset = seal.byteOffset;
  for (const segment of keyedSegments(segments)) rememberKeys(fs, paths, segment, state);
  return state;
}

/** As many of the last ones as can hold keys that count. */
function keyedSegments(segments: readonly Segment[]): readonly Segment[] {
  let keys = 0;
  const first = segments.findLastIndex(({ manifest }) => (keys += manifest.keyed_events) >= REMEMBERED_KEYS);
  return segments.slice(Math.max(first, 0)).filter(({ manifest }) => manifest.keyed_events > 0);
}

/** Keys of events that were pruned are forgotten with them. */
function rememberKeys(fs: FileSystem, paths: JournalPaths, segment: Segment, state: SessionState): void {
  if (!isPresent(fs, paths, segment)) return;
  let leafIndex = segment.manifest.leaf_start;
  for (const lines of linesOf(fs, paths, segment)) {
    for (const { line } of lines) {
      const record = parseRecord(line);
      if (!isFault(record) && record.recordType === 'event') {
        const { idempotency_key: key, sequence } = record.event;
        if (typeof key === 'string') {
          state.recentKeys.add(key, contentDigest(record.event), { sequence, leafIndex, leaf: leafHash(line) });
        }
      }
      leafIndex += 1;
    }
  }
}
