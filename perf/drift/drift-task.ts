/** What the child process of a drift run is told, and what it answers. */

export interface DriftOrder {
  readonly path: string;
  /** A file for the floor, beside the journal. */
  readonly barePath: string;
  /** A multiple of 10. */
  readonly events: number;
  readonly privateKeyPath: string;
  /** How often each thing is done at a size. */
  readonly rounds: number;
}

/** One tenth of the appends. Milliseconds. */
export interface Tenth {
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly max: number;
  readonly events_per_second: number;
  /** A bare write and fdatasync of a line as long, in between, in the same tenth. */
  readonly floor_p50: number;
  readonly floor_p99: number;
  /** Median of samples. */
  readonly resident_bytes: number;
}

/** What things cost at one size of the journal. Milliseconds, one figure a round. */
export interface SizePoint {
  readonly events: number;
  readonly reopen: readonly number[];
  readonly status: readonly number[];
  readonly checkpoint: readonly number[];
}

export interface DriftFigures {
  readonly tenths: readonly Tenth[];
  readonly points: readonly SizePoint[];
}

/** Powers of ten from 1,000 up to `events`; `events` itself when it is below 1,000. */
export function sizesUpTo(events: number): number[] {
  const sizes = [];
  for (let size = 1_000; size <= events; size *= 10) sizes.push(size);
  return sizes.length === 0 ? [events] : sizes;
}
