/**
 * Writes a whole file so that every reader, and every crash, sees the old content or the new one, never a mixture:
 * temporary file in the same directory, sync, rename, sync of the directory.
 */
import { dirname, join, basename } from 'node:path';
import { FILE_MODE, type FileSystem } from './file-system.js';

export interface AtomicWriteOptions {
  /** False for caches: after a power cut they may be stale or empty, which their checksum shows. */
  readonly durable: boolean;
  /** Makes the temporary name unique; lower-case hex or the like. */
  readonly nonce: string;
  /** {@link FILE_MODE} unless given, less what the process withholds from all files. */
  readonly permissions?: number;
}

/** Throws the file system's own errors; the temporary file is removed when anything fails. */
export function replaceFile(fs: FileSystem, path: string, content: Uint8Array, options: AtomicWriteOptions): void {
  const temporary = stageFile(fs, path, content, options);
  try {
    fs.rename(temporary, path);
  } catch (error) {
    fs.unlink(temporary);
    throw error;
  }
  if (options.durable) fs.syncDirectory(dirname(path));
}

/**
 * The first half of an atomic write: the content under a temporary name beside `path`, for the caller to put in place or to
 * remove. Throws the file system's own errors, and leaves nothing then.
 *
 * @returns the temporary path
 */
export function stageFile(fs: FileSystem, path: string, content: Uint8Array, options: AtomicWriteOptions): string {
  const temporary = join(dirname(path), `.${basename(path)}.tmp-${options.nonce}`);
  const descriptor = fs.open(temporary, 'create', options.permissions ?? FILE_MODE);
  let isOpen = true;
  try {
    writeFully(fs, descriptor, content);
    if (options.durable) fs.sync(descriptor);
    isOpen = false;
    fs.close(descriptor);
  } catch (error) {
    if (isOpen) fs.close(descriptor);
    fs.unlink(temporary);
    throw error;
  }
  return temporary;
}

/**
 * Puts a staged file in place where nothing may be yet: a hard link, because a rename would replace what is there. Throws
 * the file system's own errors, EEXIST among them; the staged file is gone afterwards in any case.
 */
export function placeNewFile(fs: FileSystem, staged: string, path: string): void {
  try {
    fs.link(staged, path);
  } finally {
    fs.unlink(staged);
  }
  fs.syncDirectory(dirname(path));
}

/** Writes at `position` of a file that nobody else sees yet, so that a short write may simply be continued. */
export function writeFully(fs: FileSystem, descriptor: number, content: Uint8Array, position = 0): void {
  let written = 0;
  while (written < content.length) written += fs.write(descriptor, content.subarray(written), position + written);
}

/** Puts what others wrote to a file on the disk, before something is written that relies on it. Throws the file system's own errors. */
export function syncFile(fs: FileSystem, path: string): void {
  const descriptor = fs.open(path, 'read');
  try {
    fs.syncData(descriptor);
  } finally {
    fs.close(descriptor);
  }
}
