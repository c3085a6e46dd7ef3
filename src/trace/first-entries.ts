/** The first so many of any number of entries, in bounded memory: a heap with the last of them on top. Exact, in whatever order they come. */
import { compareEntries, type PlacedEntry } from './timeline-entry.js';

export class FirstEntries {
  readonly #limit: number;
  readonly #heap: PlacedEntry[] = [];

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** The last of them, once there are as many as fit: what comes behind it is not wanted. */
  get last(): PlacedEntry | undefined {
    return this.#heap.length < this.#limit ? undefined : this.#heap[0];
  }

  add(entry: PlacedEntry): void {
    const { last } = this;
    if (last === undefined) {
      this.#heap.push(entry);
      this.#rise(this.#heap.length - 1);
    } else if (compareEntries(entry, last) < 0) {
      this.#heap[0] = entry;
      this.#sink();
    }
  }

  inOrder(): PlacedEntry[] {
    return this.#heap.toSorted(compareEntries);
  }

  #rise(from: number): void {
    for (let at = from; at > 0;) {
      const above = (at - 1) >>> 1;
      if (!this.#isLater(at, above)) return;
      this.#swap(at, above);
      at = above;
    }
  }

  #sink(): void {
    for (let at = 0; ;) {
      const [left, right] = [2 * at + 1, 2 * at + 2];
      let latest = at;
      if (this.#isLater(left, latest)) latest = left;
      if (this.#isLater(right, latest)) latest = right;
      if (latest === at) return;
      this.#swap(at, latest);
      at = latest;
    }
  }

  #isLater(a: number, b: number): boolean {
    const [left, right] = [this.#heap[a], this.#heap[b]];
    return left !== undefined && right !== undefined && compareEntries(left, right) > 0;
  }

  #swap(a: number, b: number): void {
    const [left, right] = [this.#heap[a], this.#heap[b]];
    if (left === undefined || right === undefined) return;
    this.#heap[a] = right;
    this.#heap[b] = left;
  }
}
