/** Feeds a range of a file to a line splitter. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { FileSystem } from './file-system.js';
import { MAX_READ_LINE_BYTES, type LineSplitter } from './line-splitter.js';
import { monotonicMs } from './monotonic.js';

const LF = 0x0a;
const CHUNK_BYTES = 256 * 1024;
/** Most lines are shorter. */
const LEAST_PIECE_BYTES = 2048;
/** Longest a scan keeps the event loop to itself. */
const TURN_MS = 8;

/** Reads from the splitter's position to `end` (or the end of the file, when that is nearer). Blocks: for short ranges. */
export function scanNow(fs: FileSystem, descriptor: number, splitter: LineSplitter, end: number): void {
  const start = splitter.position + splitter.restBytes;
  const chunk = takeChunk(end - start);
  try {
    for (let position = start; position < end;) {
      const count = fs.read(descriptor, chunk, 0, Math.min(chunk.length, end - position), position);
      if (count === 0) return;
      splitter.push(chunk.subarray(0, count));
      position += count;
    }
  } finally {
    if (chunk.length === CHUNK_BYTES) spare = chunk;
  }
}

/**
 * Reads on to the end of the line that the splitter has the beginning of, and not a line further. Leaves it where the file ends
 * before, and where the line is longer than any that is read.
 */
export function finishLine(fs: FileSystem, descriptor: number, splitter: LineSplitter): void {
  while (splitter.restBytes > 0 && splitter.restBytes <= MAX_READ_LINE_BYTES) {
    const { restBytes } = splitter;
    const piece = Buffer.allocUnsafe(Math.max(restBytes, LEAST_PIECE_BYTES));
    const count = fs.read(descriptor, piece, 0, piece.length, splitter.position + restBytes);
    if (count === 0) return;
    const end = piece.subarray(0, count).indexOf(LF);
    splitter.push(piece.subarray(0, end === -1 ? count : end + 1));
  }
}

/** Used again by the next long scan: fresh memory of this size costs as much as reading into it. Taken while in use. */
let spare: Buffer | undefined;

function takeChunk(wantedBytes: number): Buffer {
  if (wantedBytes < CHUNK_BYTES) return Buffer.allocUnsafe(Math.max(wantedBytes, 1));
  const chunk = spare ?? Buffer.allocUnsafe(CHUNK_BYTES);
  spare = undefined;
  return chunk;
}

/** Like scanNow, for ranges of any length: lets the event loop turn, and stops when `signal` aborts (throws its reason). */
export async function scan(
  fs: FileSystem,
  descriptor: number,
  splitter: LineSplitter,
  end: number,
  options: {
    readonly signal?: AbortSignal | undefined;
    readonly onChunk?: ((position: number) => void) | undefined;
  } = {},
): Promise<void> {
  options.signal?.throwIfAborted();
  let turnEnds = monotonicMs() + TURN_MS;
  for (let position = splitter.position + splitter.restBytes; position < end;) {
    const next = Math.min(position + CHUNK_BYTES, end);
    scanNow(fs, descriptor, splitter, next);
    const reached = splitter.position + splitter.restBytes;
    if (reached === position) return;
    position = reached;
    options.onChunk?.(position);
    if (monotonicMs() < turnEnds) continue;
    await nextTurn();
    options.signal?.throwIfAborted();
    turnEnds = monotonicMs() + TURN_MS;
  }
}
