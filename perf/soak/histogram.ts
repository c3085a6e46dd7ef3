/** Latencies in buckets an eighth of a doubling wide: a percentile is right to 9 %, whatever the number of samples. */

/** Bucket to count. */
export type Buckets = Readonly<Record<string, number>>;

const BUCKETS_A_DOUBLING = 8;

export class Histogram {
  readonly #counts = new Map<number, number>();
  #total = 0;

  get total(): number {
    return this.#total;
  }

  add(ms: number): void {
    this.#addTo(Math.round(Math.log2(Math.max(ms, 1e-3)) * BUCKETS_A_DOUBLING), 1);
  }

  addAll(buckets: Buckets): void {
    for (const [bucket, count] of Object.entries(buckets)) this.#addTo(Number(bucket), count);
  }

  /** Milliseconds; NaN when there are no samples. */
  quantile(q: number): number {
    let left = Math.max(1, Math.ceil(this.#total * q));
    for (const [bucket, count] of [...this.#counts].toSorted(([a], [b]) => a - b)) {
      left -= count;
      if (left <= 0) return 2 ** (bucket / BUCKETS_A_DOUBLING);
    }
    return Number.NaN;
  }

  /** What was added, and forgets it. */
  take(): Buckets {
    const buckets = Object.fromEntries(this.#counts);
    this.#counts.clear();
    this.#total = 0;
    return buckets;
  }

  #addTo(bucket: number, count: number): void {
    this.#counts.set(bucket, (this.#counts.get(bucket) ?? 0) + count);
    this.#total += count;
  }
}
