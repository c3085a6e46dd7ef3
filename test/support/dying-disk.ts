import type { FileSystem } from '../../src/index.js';
import { FaultFileSystem, type FileOperation } from './fault-file-system.js';

/** Everything that changes the disk, or makes a change durable. */
export const CHANGES: readonly FileOperation[] = [
  'write',
  'truncate',
  'rename',
  'link',
  'unlink',
  'mkdir',
  'mkdirs',
  'rmdir',
  'sync',
  'syncData',
  'syncDirectory',
];

class DeadError extends Error {}

export interface DyingDisk {
  readonly fs: FileSystem;
  readonly hasDied: () => boolean;
  /** Counts the steps from here on. */
  readonly start: () => void;
}

/**
 * Does `steps` changes; the next one tears, if it is a write, and nothing happens any more: what a killed process leaves.
 *
 * @param isCounting whether it counts from the beginning, or from `start` on
 */
export function dyingAfter(steps: number, isCounting = true): DyingDisk {
  const faults = new FaultFileSystem();
  let left = isCounting ? steps : Infinity;
  faults.intercept = ({ operation, args }, proceed) => {
    if (!CHANGES.includes(operation) && !(operation === 'open' && args[1] === 'create')) return proceed();
    left -= 1;
    if (left >= 0) return proceed();
    const [descriptor, data, position] = args;
    if (left === -1 && operation === 'write') {
      proceed(descriptor, (data as Uint8Array).subarray(0, (data as Uint8Array).length >> 1), position);
    }
    throw new DeadError();
  };
  return { fs: faults.fs, hasDied: () => left < 0, start: () => (left = steps) };
}
