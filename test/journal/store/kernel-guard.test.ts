import { join } from 'node:path';
import { expect, test } from 'vitest';
import { nodeFileSystem } from '../../../src/journal/store/index.js';
import { KernelGuard } from '../../../src/journal/store/kernel-guard.js';
import { tempDir } from '../../support/temp-dir.js';

function openGuard(path: string): KernelGuard {
  const kernel = nodeFileSystem.kernelLock();
  if ('unavailable' in kernel) throw new Error(`these tests need the kernel lock: ${kernel.unavailable}`);
  return new KernelGuard(nodeFileSystem, kernel, path);
}

const atOnce = { deadline: 0, retryMs: 1 };

test('a writer that comes back for the lock does not pass by the one who waits', async () => {
  const path = join(tempDir(), 'guard');
  const busy = openGuard(path);
  const waiting = openGuard(path);
  expect(await busy.enter(atOnce)).toBe(true);
  const turn = waiting.enter({ deadline: performance.now() + 60_000, retryMs: 1 });
  // Again and again, in one go: the waiter cannot be told of its luck before we are done.
  busy.leave();
  const attempts = Array.from({ length: 10 }, () => busy.enter(atOnce));
  expect(await Promise.all(attempts)).toEqual(attempts.map(() => false));
  expect(await turn).toBe(true);
  waiting.leave();
  expect(await busy.enter(atOnce)).toBe(true);
  busy.close();
  waiting.close();
});

test('a lock ends with its descriptor, and a wait that nobody wants any more keeps nothing', async () => {
  const path = join(tempDir(), 'guard');
  const [holder, quitter, next] = [openGuard(path), openGuard(path), openGuard(path)];
  expect(await holder.enter(atOnce)).toBe(true);
  expect(await quitter.enter({ deadline: performance.now() + 20, retryMs: 1 })).toBe(false);
  quitter.close();
  holder.close();
  expect(await next.enter({ deadline: performance.now() + 60_000, retryMs: 1 })).toBe(true);
  next.close();
});
