/** Reading parts of files that are not journals, and small files whole. */
import { GaitError } from '../../errors.js';
import { CHUNK_BYTES } from './file-chunks.js';
import type { FileSystem } from './file-system.js';

/**
 * The bytes from `start` to `end`, each chunk a buffer of its own. Ends early where the file does; throws the file
 * system's own errors. Blocks for one chunk at a time: whoever loops over many takes turns.
 */
export function* rangeChunks(fs: FileSystem, descriptor: number, start: number, end: number): Generator<Buffer> {
  for (let position = start; position < end;) {
    const chunk = Buffer.allocUnsafe(Math.min(CHUNK_BYTES, end - position));
    const count = fs.read(descriptor, chunk, 0, chunk.length, position);
    if (count === 0) return;
    yield chunk.subarray(0, count);
    position += count;
  }
}

/** A regular file's descriptor for reading, and its size. @throws the file system's own errors, EISDIR for anything else */
export function openRegularFile(fs: FileSystem, path: string): { readonly descriptor: number; readonly size: number } {
  const descriptor = fs.open(path, 'read');
  try {
    const stat = fs.fstat(descriptor);
    if (stat.kind === 'file') return { descriptor, size: stat.size };
    throw Object.assign(new Error(`not a regular file: ${path}`), { code: 'EISDIR' });
  } catch (error) {
    fs.close(descriptor);
    throw error;
  }
}

/** A whole file. @throws GaitError INVALID_ARGUMENT when it is longer than `maxBytes`; the file system's own errors */
export function readWhole(fs: FileSystem, path: string, maxBytes: number): Buffer {
  const { descriptor, size } = openRegularFile(fs, path);
  try {
    if (size > maxBytes) {
      throw new GaitError('INVALID_ARGUMENT', `${path} is longer than ${maxBytes} bytes`, {
        details: { path, size_bytes: size, limit_bytes: maxBytes },
      });
    }
    return Buffer.concat([...rangeChunks(fs, descriptor, 0, size)]);
  } finally {
    fs.close(descriptor);
  }
}
