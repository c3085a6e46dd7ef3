/**
 * The lines of one commit, as the bytes that one write takes. A line is put down once and hashed where it lies: strings and
 * buffers for each event took a third of the time of a busy writer, in the collector.
 */
import { leafHashInPlace } from '../sign/index.js';
import { longestBytes, placeLine, type StagedLine } from './staged-line.js';

const FIRST_BYTES = 64 * 1024;
/** A buffer that had to grow further is not kept for the next commit. */
const MAX_KEPT_BYTES = 2 * 1024 * 1024;
/** In front of the first line is room for the byte that is hashed before it. */
const FRONT_BYTES = 1;

export class LineBuffer {
  #bytes: Buffer = Buffer.allocUnsafeSlow(FIRST_BYTES);
  #end = FRONT_BYTES;
  #lastStart = FRONT_BYTES;

  /** Where the next line begins: see {@link cut}. */
  get end(): number {
    return this.#end;
  }

  /** Forgets all lines. Whoever holds their bytes must not look at them any more. */
  clear(): void {
    this.#end = FRONT_BYTES;
    if (this.#bytes.length > MAX_KEPT_BYTES) this.#bytes = Buffer.allocUnsafeSlow(FIRST_BYTES);
  }

  /** Adds a line in its place, and its LF. */
  add(line: StagedLine, sequence: number, prev: string): void {
    const most = this.#end + longestBytes(line) + 1;
    if (most > this.#bytes.length) this.#grow(most);
    this.#lastStart = this.#end;
    this.#end = placeLine(line, this.#bytes, this.#end, sequence, prev);
  }

  /** Leaf hash of the line that was added last: 64 lower-case hexadecimal digits. */
  hashLast(): string {
    return leafHashInPlace(this.#bytes, this.#lastStart, this.#end - 1);
  }

  /** Takes back the lines from `end` on. */
  cut(end: number): void {
    this.#end = end;
  }

  /** All lines, each with its LF. Good until the next `clear`. */
  bytes(): Buffer {
    return this.#bytes.subarray(FRONT_BYTES, this.#end);
  }

  #grow(atLeast: number): void {
    const larger = Buffer.allocUnsafeSlow(Math.max(atLeast, this.#bytes.length * 2));
    this.#bytes.copy(larger, 0, 0, this.#end);
    this.#bytes = larger;
  }
}
