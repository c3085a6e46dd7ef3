/**
 * A bounded table from event sequence to byte offset, so that a reader can start in the middle of a long journal; and for
 * the lines from one entry to the next, between which times they are, so that whoever asks for a time can leave them out.
 */
import { ALL_TIMES, joined, secondsOf, unpackSpans, type TimeSpan } from './time-span.js';

const MAX_ENTRIES = 1_024;

/** The table as it is stored; the arrays are of one length. */
export interface OffsetTable {
  readonly spacing: number;
  readonly sequences: readonly number[];
  readonly offsets: readonly number[];
  readonly spans: readonly TimeSpan[];
}

/**
 * Holds every `spacing`-th event. When full, the spacing doubles and every other entry goes, so that the size is bounded
 * and the content depends on the journal alone, not on how it was read.
 */
export class SparseOffsets {
  #spacing: number;
  #sequences: number[];
  #offsets: number[];
  #unpackedSpans: TimeSpan[] | undefined;
  readonly #packedSpans: string | undefined;

  /** @param packedSpans as packSpans gives them, one for each entry; unknown when they are not given */
  constructor(spacing = 1, sequences: readonly number[] = [], offsets: readonly number[] = [], packedSpans?: string) {
    this.#spacing = spacing;
    this.#sequences = [...sequences];
    this.#offsets = [...offsets];
    this.#packedSpans = packedSpans;
  }

  /** Unpacked on demand: most who open a journal never ask for a time. */
  get #spans(): TimeSpan[] {
    const packed = this.#packedSpans;
    return (this.#unpackedSpans ??= packed === undefined ? this.#sequences.map(() => ALL_TIMES) : unpackSpans(packed));
  }

  /** Takes in an event. @param createdAt its time, as it stands in the journal */
  note(sequence: number, offset: number, createdAt: string): void {
    if ((sequence - 1) % this.#spacing !== 0) {
      this.noteTime(createdAt);
      return;
    }
    this.#spans.push(secondsOf(createdAt));
    this.#sequences.push(sequence);
    this.#offsets.push(offset);
    if (this.#sequences.length >= MAX_ENTRIES) this.#thin();
  }

  /** Takes in the time of a line that is no event: it stands behind the last one. */
  noteTime(createdAt: string): void {
    const spans = this.#spans;
    const last = spans.length - 1;
    const span = spans[last];
    if (span !== undefined) spans[last] = joined(span, secondsOf(createdAt));
  }

  /** Offset of the nearest known event at or before `sequence`; undefined when there is none. */
  atOrBefore(sequence: number): { readonly sequence: number; readonly offset: number } | undefined {
    let low = 0;
    let high = this.#sequences.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#sequences[middle] ?? Infinity) <= sequence) low = middle + 1;
      else high = middle;
    }
    const found = this.#sequences[low - 1];
    const offset = this.#offsets[low - 1];
    return found === undefined || offset === undefined ? undefined : { sequence: found, offset };
  }

  toTable(): OffsetTable {
    return { spacing: this.#spacing, sequences: this.#sequences, offsets: this.#offsets, spans: this.#spans };
  }

  #thin(): void {
    this.#spacing *= 2;
    const isKept = this.#sequences.map((sequence) => (sequence - 1) % this.#spacing === 0);
    const spans: TimeSpan[] = [];
    this.#spans.forEach((span, at) => {
      const before = spans.at(-1);
      // What goes belongs to the entry before it from now on; in front of the first one every reader looks anyway.
      if (isKept[at] === true) spans.push(span);
      else if (before !== undefined) spans[spans.length - 1] = joined(before, span);
    });
    this.#unpackedSpans = spans;
    this.#offsets = this.#offsets.filter((_, at) => isKept[at]);
    this.#sequences = this.#sequences.filter((_, at) => isKept[at]);
  }
}
