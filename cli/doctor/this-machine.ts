/** The real {@link Machine}. Beside cli/files.ts the one module of the CLI that touches files itself. */
import {
  chmodSync,
  closeSync,
  fdatasyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  statfsSync,
  statSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { GaitError } from '../../src/errors.js';
import { kernelLockFault } from '../../src/index.js';
import type { DiskFacts, DiskKind, Look, Machine, WriteProbe } from './machine.js';

/** Writes of a probe; the first is not counted, as it also makes the file. */
const PROBE_WRITES = 9;

/** About what an event takes. */
const PROBE_BYTES = 520;

/** The magic numbers of statfs(2). */
const FILE_SYSTEMS: ReadonlyMap<number, readonly [name: string, kind: DiskKind]> = new Map([
  [0xef53, ['ext4', 'local']],
  [0x58465342, ['xfs', 'local']],
  [0x9123683e, ['btrfs', 'local']],
  [0x2fc12fc1, ['zfs', 'local']],
  [0xf2f52010, ['f2fs', 'local']],
  [0x01021994, ['tmpfs', 'memory']],
  [0x858458f6, ['ramfs', 'memory']],
  [0x794c7630, ['overlay', 'overlay']],
  [0x6969, ['nfs', 'network']],
  [0xff534d42, ['cifs', 'network']],
  [0xfe534d42, ['smb', 'network']],
  [0x517b, ['smb', 'network']],
  [0x01021997, ['9p', 'network']],
  [0x00c36400, ['ceph', 'network']],
  [0x0bd00bd0, ['lustre', 'network']],
  [0x65735546, ['fuse', 'unknown']],
]);

export const thisMachine: Machine = {
  nodeVersion: process.version,
  tempFolder: tmpdir(),
  now: () => Date.now(),
  kernelLockFault: (folder) => kernelLockFault({}, folder === undefined ? undefined : nearest(folder)),
  disk: (folder) => asIoError('ask about the disk of', folder, () => diskOf(nearest(folder))),
  tryWrite: (folder) => asIoError('write to', folder, () => probe(nearest(folder))),
  look: (path) => asIoError('look at', path, () => look(path)),
  list: (folder) => asIoError('list', folder, () => readdirSync(folder).toSorted()),
  makeFolder: (path) => asIoError('make', path, () => void mkdirSync(path, { recursive: true, mode: 0o750 })),
  restrict: (path) => asIoError('change the mode of', path, () => chmodSync(path, statSync(path).mode & 0o700)),
};

function look(path: string): Look {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined) return { kind: 'missing', mode: 0 };
  const kind = found.isFile() ? 'file' : found.isDirectory() ? 'folder' : 'other';
  return { kind, mode: found.mode & 0o777 };
}

/** The folder itself, or what there is of the way to it. */
function nearest(folder: string): string {
  const parent = dirname(folder);
  return lstatSync(folder, { throwIfNoEntry: false }) !== undefined || parent === folder ? folder : nearest(parent);
}

function diskOf(folder: string): DiskFacts {
  const { type, bsize, bavail, blocks, ffree, files } = statfsSync(folder);
  const [name, kind] = FILE_SYSTEMS.get(type >>> 0) ?? [`0x${(type >>> 0).toString(16)}`, 'unknown' as const];
  return {
    name,
    kind,
    freeBytes: bavail * bsize,
    totalBytes: blocks * bsize,
    freeInodes: ffree,
    totalInodes: files,
  };
}

function probe(folder: string): WriteProbe {
  const path = join(folder, `.gait-doctor-${process.pid}-${Math.random().toString(36).slice(2)}`);
  const startedAt = Date.now();
  const descriptor = openSync(path, 'wx', 0o600);
  try {
    const clockAheadMs = statSync(path).mtimeMs - startedAt;
    const bytes = Buffer.alloc(PROBE_BYTES, 'x');
    const times = Array.from({ length: PROBE_WRITES }, () => {
      const before = performance.now();
      writeSync(descriptor, bytes);
      fdatasyncSync(descriptor);
      return performance.now() - before;
    })
      .slice(1)
      .toSorted((a, b) => a - b);
    const [syncMedianMs = 0, syncWorstMs = 0] = [times[times.length >> 1], times.at(-1)];
    return { syncMedianMs, syncWorstMs, clockAheadMs };
  } finally {
    closeSync(descriptor);
    unlinkSync(path);
  }
}

function asIoError<T>(doing: string, path: string, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause);
    const isFull = cause instanceof Error && 'code' in cause && (cause.code === 'ENOSPC' || cause.code === 'EDQUOT');
    throw new GaitError(isFull ? 'DISK_FULL' : 'IO_ERROR', `cannot ${doing} ${path}: ${message}`, {
      cause,
      details: { path },
    });
  }
}
