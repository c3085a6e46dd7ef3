/** Cuts a stream of bytes into lines at LF. */

const LF = 0x0a;

/** @param line the bytes without the LF, valid only during the call @param start offset of its first byte */
export type LineSink = (line: Buffer, start: number) => void;

/**
 * Whole lines, each with its LF, that lie from `from` to `end` in `bytes`, which are valid only during the call. There is a byte
 * before them, so that they can be hashed in place. @param start offset of the first line's first byte
 */
export type BlockSink = (bytes: Buffer, from: number, end: number, start: number) => void;

const NOTHING: Buffer = Buffer.alloc(0);

/** Longest line of other writers that is read at all (the Go tool's own limit). */
export const MAX_READ_LINE_BYTES = 8_388_607;

/**
 * Feed chunks in order; whole lines come out. What follows the last LF stays inside as `rest`.
 * A line that passes the limit is not kept: its length is counted and `onTooLong` is told once, when its LF arrives.
 */
export class LineSplitter {
  #rest: Buffer = NOTHING;
  #discarded = 0;
  #position: number;
  readonly #onLine: LineSink;
  readonly #onTooLong: (sizeBytes: number, start: number) => void;
  readonly #maxLineBytes: number;
  readonly #onLines: BlockSink | undefined;

  /** @param onLines takes lines where they lie, many at a time; `onLine` gets only those that it cannot be given */
  constructor(
    start: number,
    onLine: LineSink,
    onTooLong: (sizeBytes: number, start: number) => void,
    maxLineBytes: number = MAX_READ_LINE_BYTES,
    onLines?: BlockSink,
  ) {
    this.#position = start;
    this.#onLine = onLine;
    this.#onTooLong = onTooLong;
    this.#maxLineBytes = maxLineBytes;
    this.#onLines = onLines;
  }

  /** Offset of the first byte that no line has been made of. */
  get position(): number {
    return this.#position;
  }

  /** Bytes after the last LF; empty when the stream ended with one, cut short when over the limit. */
  get rest(): Buffer {
    return this.#rest;
  }

  get restBytes(): number {
    return this.#discarded + this.#rest.length;
  }

  /** The chunk may be reused by the caller afterwards. */
  push(chunk: Buffer): void {
    let from = 0;
    for (let end = chunk.indexOf(LF); end !== -1; end = chunk.indexOf(LF, from)) {
      this.#finish(chunk.subarray(from, end));
      from = end + 1;
      if (this.#onLines !== undefined && chunk.length <= this.#maxLineBytes) {
        from = this.#finishMany(chunk, from, this.#onLines);
        break;
      }
    }
    if (from < chunk.length) this.#keep(chunk.subarray(from));
  }

  /** The lines of the chunk behind its first. @returns where its last, unfinished line begins */
  #finishMany(chunk: Buffer, from: number, onLines: BlockSink): number {
    const end = chunk.lastIndexOf(LF) + 1;
    if (end === from) return end;
    const start = this.#position;
    this.#position += end - from;
    onLines(chunk, from, end, start);
    return end;
  }

  #finish(tail: Buffer): void {
    const sizeBytes = this.#discarded + this.#rest.length + tail.length;
    const start = this.#position;
    this.#position += sizeBytes + 1;
    if (sizeBytes > this.#maxLineBytes) this.#onTooLong(sizeBytes, start);
    else this.#onLine(this.#rest.length === 0 ? tail : Buffer.concat([this.#rest, tail]), start);
    this.#rest = NOTHING;
    this.#discarded = 0;
  }

  #keep(tail: Buffer): void {
    if (this.restBytes + tail.length > this.#maxLineBytes) {
      this.#discarded += this.#rest.length + tail.length;
      this.#rest = NOTHING;
    } else {
      this.#rest = Buffer.concat([this.#rest, tail]);
    }
  }
}
