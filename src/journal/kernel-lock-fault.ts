/** Whether the kernel keeps writers of one host apart: whether there is the addon, and whether a file system does its part. */
import { randomBytes as secureRandom } from 'node:crypto';
import { join } from 'node:path';
import type { Environment } from './environment.js';
import { resolveWorld } from './settings.js';
import { errnoOf, type FileSystem, type KernelLock } from './store/index.js';

/** Errors of a folder that takes no new file, which says nothing of locks. */
const NOT_WRITABLE: ReadonlySet<string | undefined> = new Set([
  'EACCES',
  'EPERM',
  'EROFS',
  'ENOSPC',
  'EDQUOT',
  'ENOENT',
]);

/**
 * Why writers of this host cannot be kept apart by the kernel; undefined when they can.
 *
 * @param folder tried there, with a file that is made and removed: network file systems may refuse locks, or grant one twice.
 * A folder that takes no file is not judged.
 */
export function kernelLockFault(options: Environment = {}, folder?: string): string | undefined {
  const { fs } = resolveWorld(options);
  const kernel = fs.kernelLock();
  if ('unavailable' in kernel) return kernel.unavailable;
  if (folder === undefined) return undefined;
  const name = `.gait-lock-trial-${Buffer.from((options.randomBytes ?? secureRandom)(8)).toString('hex')}`;
  try {
    return trial(fs, kernel, join(folder, name));
  } catch (error) {
    if (NOT_WRITABLE.has(errnoOf(error))) return undefined;
    return `${folder} refuses locks: ${error instanceof Error ? error.message : String(error)}`;
  }
}

/** Two descriptors want the same range: the first must get it, and the second must not. */
function trial(fs: FileSystem, kernel: KernelLock, path: string): string | undefined {
  const first = fs.open(path, 'create');
  try {
    const second = fs.open(path, 'update');
    try {
      if (!kernel.tryLock(first, 0, 1)) return 'a file that nobody else has cannot be locked';
      return kernel.tryLock(second, 0, 1) ? 'the file system grants one lock twice' : undefined;
    } finally {
      fs.close(second);
    }
  } finally {
    fs.close(first);
    fs.unlink(path);
  }
}
