/**
 * Replaces a whole file so that every reader, and every crash, sees the old content or the new one, never a mixture:
 * temporary file in the same directory, sync, rename, sync of the directory.
 */
import { dirname, join, basename } from 'node:path';
import { FILE_MODE, type FileSystem } from './file-system.js';

export interface AtomicWriteOptions {
  /** False for caches: after a power cut they may be stale or empty, which their checksum shows. */
  readonly durable: boolean;
  /** Makes the temporary name unique; lower-case hex or the like. */
  readonly nonce: string;
}

/** Throws the file system's own errors; the temporary file is removed when anything fails. */
export function replaceFile(fs: FileSystem, path: string, content: Uint8Array, options: AtomicWriteOptions): void {
  const directory = dirname(path);
  const temporary = join(directory, `.${basename(path)}.tmp-${options.nonce}`);
  const descriptor = fs.open(temporary, 'create', FILE_MODE);
  let isOpen = true;
  try {
    writeFully(fs, descriptor, content);
    if (options.durable) fs.sync(descriptor);
    isOpen = false;
    fs.close(descriptor);
    fs.rename(temporary, path);
  } catch (error) {
    if (isOpen) fs.close(descriptor);
    fs.unlink(temporary);
    throw error;
  }
  if (options.durable) fs.syncDirectory(directory);
}

/** Writes from the start of a file that nobody else sees yet, so that a short write may simply be continued. */
export function writeFully(fs: FileSystem, descriptor: number, content: Uint8Array): void {
  let written = 0;
  while (written < content.length) written += fs.write(descriptor, content.subarray(written), written);
}
