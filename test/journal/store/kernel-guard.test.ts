import { join } from 'node:path';
import { expect, test } from 'vitest';
import { monotonicMs, nodeFileSystem, type KernelLock } from '../../../src/journal/store/index.js';
import { KernelGuard } from '../../../src/journal/store/kernel-guard.js';
import { tempDir } from '../../support/temp-dir.js';

/** @param wait how a blocking wait goes */
function openGuard(path: string, wait = (real: () => Promise<void>): Promise<void> => real()): KernelGuard {
  const real = nodeFileSystem.kernelLock();
  if ('unavailable' in real) throw new Error(`these tests need the kernel lock: ${real.unavailable}`);
  const waitForLock: KernelLock['waitForLock'] = (...range) => wait(() => real.waitForLock(...range));
  return new KernelGuard(nodeFileSystem, { ...real, waitForLock }, path, Date.now);
}

const atOnce = { deadline: 0, retryMs: 1 };

test('a writer that comes back for the lock does not pass by the one who waits', async () => {
  const path = join(tempDir(), 'guard');
  let wake: () => void = () => undefined;
  const isAwake = new Promise<void>((resolve) => (wake = resolve));
  const busy = openGuard(path);
  // The worst luck: it wakes up long after the lock is free.
  const waiting = openGuard(path, async (real) => {
    await isAwake;
    await real();
  });
  expect(await busy.enter(atOnce)).toBe(true);
  const turn = waiting.enter({ deadline: monotonicMs() + 60_000, retryMs: 1 });
  busy.leave();
  expect(await busy.enter(atOnce)).toBe(false);
  wake();
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
  expect(await quitter.enter({ deadline: monotonicMs() + 20, retryMs: 1 })).toBe(false);
  quitter.close();
  holder.close();
  expect(await next.enter({ deadline: monotonicMs() + 60_000, retryMs: 1 })).toBe(true);
  next.close();
});
