/** When the index of an open journal is written. It is a cache: that it fails is no failure of what it stands for. */
import { removeIndexLeftovers, saveIndex } from './journal-file.js';
import type { World } from './settings.js';
import { monotonicMs, type JournalPaths } from './store/index.js';
import type { WriterFile } from './writer-file.js';

/** The index is written at most this often, and at close. */
const INDEX_INTERVAL_MS = 250;
/** A slow writer may leave more time between two: what counts is how much the next open has to read. */
const INDEX_MAX_INTERVAL_MS = 1_000;
const INDEX_LAG_BYTES = 2 * 1024 * 1024;

export class IndexSaver {
  readonly #world: World;
  readonly #paths: JournalPaths;
  readonly #file: WriterFile;
  #savedOffset: number;
  #savedAt: number = monotonicMs();

  constructor(world: World, paths: JournalPaths, file: WriterFile) {
    this.#world = world;
    this.#paths = paths;
    this.#file = file;
    this.#savedOffset = file.state.indexedOffset;
  }

  /** Writes the index if the last time is long enough ago. */
  saveIfDue(): void {
    // A commit failed. What was read ahead may be taken back, and an index that tells of it would be evidence of a loss.
    if (this.#file.isAhead) return;
    const lagBytes = this.#file.state.offset - this.#savedOffset;
    if (lagBytes === 0) return;
    const now = monotonicMs();
    const sinceMs = now - this.#savedAt;
    if (sinceMs < INDEX_INTERVAL_MS) return;
    if (sinceMs < INDEX_MAX_INTERVAL_MS && lagBytes < INDEX_LAG_BYTES) return;
    this.#save(now);
  }

  /** Writes the index if it lacks anything, and removes what crashes left of earlier ones. */
  saveNow(): void {
    if (this.#file.isAhead || this.#file.state.offset === this.#savedOffset) return;
    this.#save(monotonicMs(), () => removeIndexLeftovers(this.#world.fs, this.#paths));
  }

  /** Another file is at the path: whatever was saved is not of it. */
  forget(): void {
    this.#savedOffset = -1;
  }

  #save(now: number, before?: () => void): void {
    const { state } = this.#file;
    this.#savedAt = now;
    try {
      before?.();
      saveIndex(this.#world, this.#paths, state, this.#file.stat());
      this.#savedOffset = state.offset;
    } catch {
      // A full or read-only disk: the index is a cache, and the next open reads the journal instead.
    }
  }
}
