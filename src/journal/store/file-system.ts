/**
 * The few file operations the engine needs, as an interface, so that tests can enumerate what a crash leaves behind.
 *
 * All calls are synchronous: a durable append is one write and one fdatasync, and a trip through a thread pool would
 * cost as much again as the sync itself. Errors are Node's own (`code` ENOENT, ENOSPC, ...).
 */
import { constants } from 'node:os';
import { GaitError } from '../../errors.js';

/** What is at a path. */
export interface FileStat {
  readonly dev: number;
  readonly ino: number;
  /** Bytes. */
  readonly size: number;
  /** Milliseconds since 1970. */
  readonly mtimeMs: number;
  readonly mode: number;
  readonly kind: 'file' | 'directory' | 'link' | 'other';
}

/**
 * - `read`: existing file, never blocks on a FIFO.
 * - `append`: existing file, O_APPEND, also readable; the last link of the path must not be symbolic.
 * - `create`: new file, fails when something is there.
 * - `update`: read and write in place, made when missing.
 */
export type OpenMode = 'read' | 'append' | 'create' | 'update';

/** Advisory byte-range locks that the kernel drops when their holder dies (OFD locks on Linux). */
export interface KernelLock {
  tryLock(descriptor: number, offset: number, length: number): boolean;
  /** Blocks a pool thread until the range is free; see kernel-guard.ts for why that is rationed. */
  waitForLock(descriptor: number, offset: number, length: number): Promise<void>;
  unlock(descriptor: number, offset: number, length: number): void;
}

export interface FileSystem {
  open(path: string, mode: OpenMode, permissions?: number): number;
  close(descriptor: number): void;
  /** Reads into `buffer` and returns the count; 0 at the end of the file. */
  read(descriptor: number, buffer: Uint8Array, offset: number, length: number, position: number): number;
  /**
   * One write(2). `position` null: at the descriptor's own place, which is the end for `append`. Returns the count. `data` is
   * the caller's again when this returns.
   */
  write(descriptor: number, data: Uint8Array, position: number | null): number;
  truncate(descriptor: number, size: number): void;
  /** Data and size are on the disk when this returns. */
  syncData(descriptor: number): void;
  sync(descriptor: number): void;
  /** The directory's entries (names, renames) are on the disk when this returns. */
  syncDirectory(path: string): void;
  stat(path: string): FileStat;
  /** Like stat, without following a link; undefined when nothing is there. */
  lstat(path: string): FileStat | undefined;
  fstat(descriptor: number): FileStat;
  rename(from: string, to: string): void;
  link(existing: string, created: string): void;
  unlink(path: string): void;
  mkdir(path: string, permissions: number): void;
  /** Makes missing parents too; does nothing when the directory is there. */
  mkdirs(path: string, permissions: number): void;
  rmdir(path: string): void;
  /** Seconds since 1970. */
  setTimes(path: string, accessSeconds: number, modifySeconds: number): void;
  readDirectory(path: string): readonly string[];
  realPath(path: string): string;
  /** The kernel lock of this file system, or why there is none. */
  kernelLock(): KernelLock | { readonly unavailable: string };
}

/** Mode of every file gait makes. */
export const FILE_MODE = 0o600;
/** Mode of every directory gait makes. */
export const DIRECTORY_MODE = 0o750;

/** Failures that Node has no name for, as the system numbers them: a quota that is used up, a file that its server forgot. */
const UNNAMED: ReadonlyMap<unknown, string> = new Map([
  [-constants.errno.EDQUOT, 'EDQUOT'],
  [-constants.errno.ESTALE, 'ESTALE'],
]);

/** The errno name of a file error, also of one that became a GaitError; undefined when it is something else. */
export function errnoOf(error: unknown): string | undefined {
  if (error instanceof GaitError)
    return typeof error.details['errno'] === 'string' ? error.details['errno'] : undefined;
  if (!(error instanceof Error) || !('code' in error)) return undefined;
  const named = 'errno' in error ? UNNAMED.get(error.errno) : undefined;
  return named ?? (typeof error.code === 'string' ? error.code : undefined);
}
