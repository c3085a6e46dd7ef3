/** Splits a byte stream into numbered lines of text, in bounded memory. */
import { Buffer, isUtf8 } from 'node:buffer';
import type { Readable } from 'node:stream';
import { GaitError } from '../src/errors.js';
import { gather } from './gather.js';

/** The longest line, without its line feed, that is looked at. */
export const MAX_LINE_BYTES = 8_388_607;

/** A batch has at most so many lines, and so much text unless one line alone has more. */
const MAX_BATCH_LINES = 2_048;
const MAX_BATCH_LENGTH = 1_048_576;

const LF = 0x0a;

/** One line that is not blank: its 1-based number, and its text or why it has none. */
export type InputLine =
  { readonly number: number; readonly text: string } | { readonly number: number; readonly error: GaitError };

/**
 * The lines of a stream, blank ones left out, in batches of what has come: a slow producer need not wait for a batch to
 * fill. A last line without a line feed counts. A line that is not UTF-8
 * (INVALID_JSON) or too long (LINE_TOO_LONG) has its error in its place, and what follows it is read all the same.
 */
export async function* readLines(source: Readable): AsyncGenerator<readonly InputLine[], void> {
  const splitter = new Splitter();
  for await (const chunk of gather(source)) yield* batches(splitter.push(chunk));
  yield* batches(splitter.end());
}

class Splitter {
  /** The beginning of a line whose end has not come. */
  #parts: Buffer[] = [];
  #partsBytes = 0;
  /** Set while the rest of a line that is too long is let go by. */
  #isSkipping = false;
  #number = 0;

  push(chunk: Buffer): InputLine[] {
    const end = chunk.lastIndexOf(LF);
    if (end === -1) return this.#keep(chunk);
    let whole = chunk.subarray(0, end);
    if (this.#isSkipping) {
      // The skipped line was reported and numbered when it grew too long.
      this.#isSkipping = false;
      const own = chunk.indexOf(LF);
      whole = own === end ? Buffer.alloc(0) : chunk.subarray(own + 1, end);
      if (own === end) return this.#keep(chunk.subarray(end + 1));
    }
    const block = this.#partsBytes === 0 ? whole : Buffer.concat([...this.#parts, whole]);
    this.#parts = [];
    this.#partsBytes = 0;
    return [...this.#lines(block), ...this.#keep(chunk.subarray(end + 1))];
  }

  end(): InputLine[] {
    return this.#partsBytes === 0 ? [] : this.#lines(Buffer.concat(this.#parts));
  }

  #keep(part: Buffer): InputLine[] {
    if (this.#isSkipping || part.length === 0) return [];
    this.#parts.push(part);
    this.#partsBytes += part.length;
    if (this.#partsBytes <= MAX_LINE_BYTES) return [];
    this.#parts = [];
    this.#partsBytes = 0;
    this.#isSkipping = true;
    return [tooLong(++this.#number)];
  }

  #lines(block: Buffer): InputLine[] {
    const lines: InputLine[] = [];
    // One check and one decoding for many lines; only where something is amiss is each looked at by itself.
    if (block.length <= MAX_LINE_BYTES && isUtf8(block)) {
      for (const text of block.toString('utf8').split('\n')) {
        this.#number++;
        if (text.trim() !== '') lines.push({ number: this.#number, text });
      }
      return lines;
    }
    for (let start = 0; start <= block.length;) {
      const found = block.indexOf(LF, start);
      const end = found === -1 ? block.length : found;
      const line = this.#judge(block.subarray(start, end));
      if (line !== undefined) lines.push(line);
      start = end + 1;
    }
    return lines;
  }

  #judge(bytes: Buffer): InputLine | undefined {
    const number = ++this.#number;
    if (bytes.length > MAX_LINE_BYTES) return tooLong(number);
    if (!isUtf8(bytes)) {
      return { number, error: new GaitError('INVALID_JSON', 'not UTF-8', { details: { reason: 'invalid_utf8' } }) };
    }
    const text = bytes.toString('utf8');
    return text.trim() === '' ? undefined : { number, text };
  }
}

function tooLong(number: number): InputLine {
  const error = new GaitError('LINE_TOO_LONG', `longer than ${MAX_LINE_BYTES} bytes`, {
    details: { limit: MAX_LINE_BYTES },
  });
  return { number, error };
}

function* batches(lines: readonly InputLine[]): Generator<readonly InputLine[], void> {
  let batch: InputLine[] = [];
  let length = 0;
  for (const line of lines) {
    const size = 'text' in line ? line.text.length : 0;
    if (batch.length > 0 && (batch.length >= MAX_BATCH_LINES || length + size > MAX_BATCH_LENGTH)) {
      yield batch;
      batch = [];
      length = 0;
    }
    batch.push(line);
    length += size;
  }
  if (batch.length > 0) yield batch;
}
