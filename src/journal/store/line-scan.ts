/** Feeds a range of a file to a line splitter. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { FileSystem } from './file-system.js';
import type { LineSplitter } from './line-splitter.js';
import { monotonicMs } from './monotonic.js';

const CHUNK_BYTES = 256 * 1024;
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
