/** Brings the chunks of a stream together, so that a commit pays for its sync once for many events. */
import { Buffer } from 'node:buffer';
import type { Readable } from 'node:stream';

/** A gathered chunk is handed over at this size. */
const ENOUGH_BYTES = 524_288;

/** How long a chunk waits for the next: a pipe holds 64 KiB, and its writer needs a moment to fill it again. */
const PATIENCE_MS = 1;

/**
 * The bytes of `source`, in larger chunks where they come fast; a lone chunk is held back for a millisecond at most.
 * Reads ahead by one chunk. Destroys the source when the consumer stops early.
 */
export async function* gather(source: Readable): AsyncGenerator<Buffer, void> {
  const chunks = source[Symbol.asyncIterator]() as AsyncIterator<Uint8Array | string, undefined>;
  let next = chunks.next();
  try {
    for (;;) {
      const parts: Buffer[] = [];
      let size = 0;
      let result: IteratorResult<Uint8Array | string, undefined> | undefined = await next;
      while (result !== undefined && result.done !== true) {
        const part = bytesOf(result.value);
        parts.push(part);
        size += part.length;
        next = chunks.next();
        result = size < ENOUGH_BYTES ? await soon(next) : undefined;
      }
      if (size > 0) yield Buffer.concat(parts, size);
      if (result?.done === true) return;
    }
  } finally {
    // A consumer that has stopped must not wait for a read that may never end; nobody asks any more how it ends.
    next.catch(() => undefined);
    source.destroy();
  }
}

/** Of a chunk that a stream has handed over: nobody else writes to it any more. */
function bytesOf(chunk: Uint8Array | string): Buffer {
  return typeof chunk === 'string' ? Buffer.from(chunk) : Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
}

/** What a promise resolves to, if it does so in time. */
async function soon<T>(promise: Promise<T>): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), PATIENCE_MS);
  });
  try {
    return await Promise.race([promise, timeout]);
  } finally {
    clearTimeout(timer);
  }
}
