/** Whether a file system keeps writers apart is tried, not believed. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { kernelLockFault } from '../../src/index.js';
import { nodeFileSystem, type KernelLock } from '../../src/journal/store/index.js';
import { tempDir } from '../support/temp-dir.js';

const real = nodeFileSystem.kernelLock() as KernelLock;

/** A file system whose locks are answered otherwise. */
const lockedBy = (tryLock: KernelLock['tryLock']) => ({
  fileSystem: { ...nodeFileSystem, kernelLock: () => ({ ...real, tryLock }) },
});

describe('a kernel lock that is tried in a folder', () => {
  test('is fine where locks exclude each other, and leaves nothing behind', () => {
    const folder = tempDir();
    expect(kernelLockFault({}, folder)).toBeUndefined();
    expect(readdirSync(folder)).toEqual([]);
  });

  test.each<[string, KernelLock['tryLock'], RegExp]>([
    ['is granted twice', () => true, /twice/],
    ['is never granted', () => false, /cannot be locked/],
    [
      'is refused',
      () => {
        throw Object.assign(new Error('no locks available'), { code: 'ENOLCK' });
      },
      /refuses locks/,
    ],
  ])('is at fault where it %s', (_, tryLock, meaning) => {
    const folder = tempDir();
    expect(kernelLockFault(lockedBy(tryLock), folder)).toMatch(meaning);
    expect(readdirSync(folder)).toEqual([]);
  });

  test('is not judged where no file can be made', () => {
    expect(
      kernelLockFault(
        lockedBy(() => true),
        join(tempDir(), 'none'),
      ),
    ).toBeUndefined();
  });
});
