/** A bounded table from event sequence to byte offset, so that a reader can start in the middle of a long journal. */

const MAX_ENTRIES = 1_024;

/**
 * Holds every `spacing`-th event. When full, the spacing doubles and every other entry goes, so that the size is bounded
 * and the content depends on the journal alone, not on how it was read.
 */
export class SparseOffsets {
  #spacing: number;
  #sequences: number[];
  #offsets: number[];

  constructor(spacing = 1, sequences: readonly number[] = [], offsets: readonly number[] = []) {
    this.#spacing = spacing;
    this.#sequences = [...sequences];
    this.#offsets = [...offsets];
  }

  note(sequence: number, offset: number): void {
    if ((sequence - 1) % this.#spacing !== 0) return;
    this.#sequences.push(sequence);
    this.#offsets.push(offset);
    if (this.#sequences.length >= MAX_ENTRIES) this.#thin();
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

  toTable(): { readonly spacing: number; readonly sequences: readonly number[]; readonly offsets: readonly number[] } {
    return { spacing: this.#spacing, sequences: this.#sequences, offsets: this.#offsets };
  }

  #thin(): void {
    this.#spacing *= 2;
    const isKept = this.#sequences.map((sequence) => (sequence - 1) % this.#spacing === 0);
    this.#offsets = this.#offsets.filter((_, at) => isKept[at]);
    this.#sequences = this.#sequences.filter((_, at) => isKept[at]);
  }
}
