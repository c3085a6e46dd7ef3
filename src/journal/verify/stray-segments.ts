/**
 * Segments that the journal file does not stand on. A compaction that died leaves one whose lines are all in the log still. But
 * when the log lacks the checkpoint that ends it, the file was written anew by a tool that knows nothing of segments.
 */
import { parseSegmentName, segmentNames, readManifest, type LogBase } from '../segments/index.js';
import type { FileSystem, JournalPaths } from '../store/index.js';
import type { SessionCheckpoint } from '../types.js';
import type { Findings } from './findings.js';

export class StraySegments {
  /** By the root that the checkpoint at their end seals. */
  readonly #byRoot = new Map<string, string>();

  constructor(fs: FileSystem, paths: JournalPaths, base: LogBase | undefined) {
    const inForce = new Set(base?.segments.map(({ name }) => name));
    const end = base?.segments.at(-1)?.manifest.leaf_end ?? 0;
    for (const name of segmentNames(fs, paths)) {
      if (inForce.has(name) || (parseSegmentName(name)?.leafEnd ?? 0) <= end) continue;
      const manifest = readManifest(fs, paths, name);
      if (manifest !== undefined) this.#byRoot.set(manifest.root_hash, name);
    }
  }

  /** Call for every checkpoint of the log. */
  meet(checkpoint: SessionCheckpoint): void {
    if (checkpoint.root_hash !== undefined) this.#byRoot.delete(checkpoint.root_hash);
  }

  finish(findings: Findings): void {
    for (const segment of this.#byRoot.values()) {
      findings.problem({
        kind: 'segment_mismatch',
        line: 1,
        byte_offset: 0,
        segment,
        meaning:
          'this segment holds lines of the session that the journal no longer stands on: the file was written anew, by a tool that drops what it does not know, or put back from an old copy',
      });
    }
  }
}
