/** The real file system. */
import {
  closeSync,
  constants,
  fdatasyncSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  realpathSync,
  renameSync,
  rmdirSync,
  statSync,
  unlinkSync,
  utimesSync,
  writeSync,
  type Stats,
} from 'node:fs';
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { errnoOf, type FileStat, type FileSystem, type KernelLock, type OpenMode } from './file-system.js';

const { O_APPEND, O_CREAT, O_EXCL, O_NOCTTY, O_RDONLY, O_RDWR, O_WRONLY } = constants;
// Absent on Windows, where the flags mean nothing.
const O_NOFOLLOW = (constants.O_NOFOLLOW as number | undefined) ?? 0;
const O_NONBLOCK = (constants.O_NONBLOCK as number | undefined) ?? 0;

const OPEN_FLAGS: Readonly<Record<OpenMode, number>> = {
  // Without O_NONBLOCK, a FIFO put in a journal's place would hang every reader.
  read: O_RDONLY | O_NONBLOCK | (O_NOCTTY ?? 0),
  append: O_RDWR | O_APPEND | O_NOFOLLOW | O_NONBLOCK,
  create: O_WRONLY | O_CREAT | O_EXCL,
  update: O_RDWR | O_CREAT | O_NOFOLLOW,
};

const S_IFMT = 0o170000;
const KINDS: Readonly<Record<number, FileStat['kind']>> = { 0o100000: 'file', 0o040000: 'directory', 0o120000: 'link' };

function toFileStat(stats: Stats): FileStat {
  return {
    dev: stats.dev,
    ino: stats.ino,
    size: stats.size,
    mtimeMs: stats.mtimeMs,
    mode: stats.mode & 0o7777,
    kind: KINDS[stats.mode & S_IFMT] ?? 'other',
  };
}

let kernelLock: ReturnType<FileSystem['kernelLock']> | undefined;

/** The addon is an optional dependency: loaded on first use, and its absence is an answer, not a failure. */
function loadKernelLock(): ReturnType<FileSystem['kernelLock']> {
  try {
    return createRequire(import.meta.url)('fs-native-extensions') as KernelLock;
  } catch (error) {
    return { unavailable: error instanceof Error ? error.message : String(error) };
  }
}

/** Node's own recursive way calls a disk that is full or broken ENOENT. */
function makeMissing(path: string, permissions: number): void {
  const missing: string[] = [];
  const isMissing = (at: string): boolean => lstatSync(at, { throwIfNoEntry: false }) === undefined;
  // A drive that is not there has no parent either.
  for (let at = path; isMissing(at) && !missing.includes(at); at = dirname(at)) missing.push(at);
  if (missing.length === 0 && !statSync(path).isDirectory()) mkdirSync(path, permissions);
  for (const at of missing.toReversed()) {
    try {
      mkdirSync(at, permissions);
    } catch (error) {
      // Somebody was faster.
      if (errnoOf(error) !== 'EEXIST' || !statSync(at).isDirectory()) throw error;
    }
  }
}

export const nodeFileSystem: FileSystem = {
  open: (path, mode, permissions) => openSync(path, OPEN_FLAGS[mode], permissions),
  close: (descriptor) => closeSync(descriptor),
  read: (descriptor, buffer, offset, length, position) => readSync(descriptor, buffer, offset, length, position),
  write: (descriptor, data, position) => writeSync(descriptor, data, 0, data.length, position),
  truncate: (descriptor, size) => ftruncateSync(descriptor, size),
  syncData: (descriptor) => fdatasyncSync(descriptor),
  sync: (descriptor) => fsyncSync(descriptor),
  syncDirectory: (path) => {
    // Windows cannot open a directory, and its renames are durable without.
    if (process.platform === 'win32') return;
    const descriptor = openSync(path, O_RDONLY);
    try {
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
  },
  stat: (path) => toFileStat(statSync(path)),
  lstat: (path) => {
    const stats = lstatSync(path, { throwIfNoEntry: false });
    return stats === undefined ? undefined : toFileStat(stats);
  },
  fstat: (descriptor) => toFileStat(fstatSync(descriptor)),
  rename: (from, to) => renameSync(from, to),
  link: (existing, created) => linkSync(existing, created),
  unlink: (path) => unlinkSync(path),
  mkdir: (path, permissions) => mkdirSync(path, permissions),
  mkdirs: makeMissing,
  rmdir: (path) => rmdirSync(path),
  setTimes: (path, accessSeconds, modifySeconds) => utimesSync(path, accessSeconds, modifySeconds),
  readDirectory: (path) => readdirSync(path),
  realPath: (path) => realpathSync.native(path),
  kernelLock: () => (kernelLock ??= loadKernelLock()),
};
