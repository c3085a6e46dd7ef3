/** Files of any size in flat memory, in pieces small enough that the event loop keeps turning. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { FileSystem } from './file-system.js';
import { monotonicMs } from './monotonic.js';

/** Largest piece that is read or written at once. */
export const CHUNK_BYTES: number = 256 * 1024;

/** Longest a loop over chunks keeps the event loop to itself. */
const TURN_MS = 8;

/** Lets other work of the process run between chunks, but not after every one: a turn costs as much as a small chunk. */
export class TurnTaker {
  #turnEnds = monotonicMs() + TURN_MS;

  /** Resolves at once, or after a turn of the event loop when the last one was long ago. */
  async rest(): Promise<void> {
    if (monotonicMs() < this.#turnEnds) return;
    await nextTurn();
    this.#turnEnds = monotonicMs() + TURN_MS;
  }
}

/** Reads an open file from its start to its end. The caller may keep the chunks. Throws the file system's own errors. */
export async function* readChunks(fs: FileSystem, descriptor: number): AsyncGenerator<Buffer, void, undefined> {
  const turns = new TurnTaker();
  const { size } = fs.fstat(descriptor);
  for (let position = 0; ;) {
    // Most files are small, and a large buffer for each would keep the garbage collector busy.
    const chunk = Buffer.allocUnsafe(Math.min(CHUNK_BYTES, Math.max(size - position, 1)));
    const count = fs.read(descriptor, chunk, 0, chunk.length, position);
    if (count === 0) return;
    position += count;
    yield chunk.subarray(0, count);
    await turns.rest();
  }
}
