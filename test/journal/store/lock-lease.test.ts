import { closeSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { monotonicMs, nodeFileSystem, type FileSystem } from '../../../src/journal/store/index.js';
import { GUARD_RECORD_BYTES } from '../../../src/journal/store/guard-record.js';
import { KernelGuard } from '../../../src/journal/store/kernel-guard.js';
import { LEASE_COMMITS, LEASE_MS } from '../../../src/journal/store/lock-lease.js';
import { tempDir } from '../../support/temp-dir.js';

const atOnce = { deadline: 0, retryMs: 1 };
const patient = (): { deadline: number; retryMs: number } => ({ deadline: monotonicMs() + 60_000, retryMs: 1 });

/** Writers of one guard, on a clock that stands still until it is set. */
class Crowd {
  readonly path = join(tempDir(), 'guard');
  nowMs = 1_000_000;

  join(): KernelGuard {
    const kernel = nodeFileSystem.kernelLock();
    if ('unavailable' in kernel) throw new Error(`these tests need the kernel lock: ${kernel.unavailable}`);
    const guard = new KernelGuard(nodeFileSystem, kernel, this.path, () => this.nowMs);
    onTestFinished(() => guard.close());
    return guard;
  }

  /** A writer that had to wait, and is inside. */
  async busy(isRepeated = true): Promise<KernelGuard> {
    const [first, busy] = [this.join(), this.join()];
    const isFirst = await first.enter(atOnce);
    const turn = busy.enter(patient(), isRepeated);
    // At the turnstile and at the lock.
    while (busy.attempts < 2) await new Promise((resolve) => setImmediate(resolve));
    first.leave();
    if (!isFirst || !(await turn)) throw new Error('nobody else uses this guard');
    return busy;
  }
}

/** Somebody who waits, at the turnstile. */
function queue(guard: KernelGuard): { isInside: boolean; readonly turn: Promise<boolean> } {
  const turn = guard.enter(patient());
  const waiting = { isInside: false, turn };
  void turn.then((isInside) => (waiting.isInside = isInside));
  return waiting;
}

const aFewSteps = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 5 * LEASE_MS));

test('a writer that had to wait and comes again goes past the one who waits, so many times and no more', async () => {
  const crowd = new Crowd();
  const busy = await crowd.busy();
  const next = queue(crowd.join());
  busy.leave();
  for (let commit = 1; commit <= LEASE_COMMITS; commit += 1) {
    expect(await busy.enter(atOnce, true), `commit ${commit}`).toBe(true);
    expect(next.isInside).toBe(false);
    busy.leave();
  }
  expect(await busy.enter(atOnce, true)).toBe(false);
  expect(await next.turn).toBe(true);
});

test('one that has used it up lets those in who ask at the same moment', async () => {
  const crowd = new Crowd();
  const busy = await crowd.busy();
  busy.leave();
  for (let commit = 1; commit <= LEASE_COMMITS; commit += 1) {
    expect(await busy.enter(atOnce, true)).toBe(true);
    busy.leave();
  }
  const order: string[] = [];
  const inTurn = async (name: string, guard: KernelGuard): Promise<void> => {
    expect(await guard.enter(patient(), true)).toBe(true);
    order.push(name);
    guard.leave();
  };
  await Promise.all([inTurn('busy', busy), inTurn('next', crowd.join())]);
  expect(order).toStrictEqual(['next', 'busy']);
});

test('it is written down while the turnstile is held: the next one there would go for the lock all the same', async () => {
  const crowd = new Crowd();
  const [first, other] = [crowd.join(), openSync(crowd.path, 'r+')];
  onTestFinished(() => closeSync(other));
  const kernel = nodeFileSystem.kernelLock();
  if ('unavailable' in kernel) throw new Error(kernel.unavailable);
  const isTurnstileFree: boolean[] = [];
  const watching: FileSystem = {
    ...nodeFileSystem,
    write: (descriptor, data, position) => {
      if (position === GUARD_RECORD_BYTES) isTurnstileFree.push(kernel.tryLock(other, 2 ** 30 + 1, 1));
      return nodeFileSystem.write(descriptor, data, position);
    },
  };
  const busy = new KernelGuard(watching, kernel, crowd.path, () => crowd.nowMs);
  onTestFinished(() => busy.close());
  await first.enter(atOnce);
  const turn = busy.enter(patient(), true);
  while (busy.attempts < 2) await new Promise((resolve) => setImmediate(resolve));
  first.leave();
  expect(await turn).toBe(true);
  expect(isTurnstileFree).toStrictEqual([false]);
});

test('one that does not come again in time holds up nobody', async () => {
  const crowd = new Crowd();
  const busy = await crowd.busy();
  busy.leave();
  const next = queue(crowd.join());
  await aFewSteps();
  expect(next.isInside).toBe(false);
  crowd.nowMs += LEASE_MS;
  expect(await next.turn).toBe(true);
  expect(await busy.enter(atOnce, true)).toBe(false);
});

test('nor does one whose clock was set back, by an hour or by an instant', async () => {
  for (const backMs of [3_600_000, 1]) {
    const crowd = new Crowd();
    const busy = await crowd.busy();
    busy.leave();
    crowd.nowMs -= backMs;
    expect(await queue(crowd.join()).turn).toBe(true);
    expect(await busy.enter(atOnce, true)).toBe(false);
  }
});

test('one that says it is done lets the others in at once', async () => {
  const crowd = new Crowd();
  const busy = await crowd.busy();
  busy.leave();
  const next = queue(crowd.join());
  busy.endLease();
  expect(await next.turn).toBe(true);
  expect(await busy.enter(atOnce, true)).toBe(false);
  // It has none to end any more: the bytes may be somebody else's by now.
  busy.endLease();
});

test('one that appends now and then, or had nobody before it, is given none', async () => {
  const [now, alone] = [new Crowd(), new Crowd()];
  const rare = await now.busy(false);
  const only = alone.join();
  expect(await only.enter(atOnce, true)).toBe(true);
  for (const [crowd, guard] of [
    [now, rare],
    [alone, only],
  ] as const) {
    const next = queue(crowd.join());
    guard.leave();
    expect(await guard.enter(atOnce, true)).toBe(false);
    expect(await next.turn).toBe(true);
  }
});

test('who has no patience is told so, and who has little asks before it ends', async () => {
  const crowd = new Crowd();
  const busy = await crowd.busy();
  busy.leave();
  // Nobody is inside: the lease is asked for, and not the lock.
  expect(await crowd.join().enter(atOnce)).toBe(true);
  const other = new Crowd();
  const away = await other.busy();
  away.leave();
  expect(await other.join().enter({ deadline: monotonicMs() + 2 * LEASE_MS, retryMs: 1 })).toBe(true);
});

test('whatever lies in its place holds up nobody for long', async () => {
  const crowd = new Crowd();
  const guard = crowd.join();
  const values = [Number.NaN, Infinity, -Infinity, 1e300, -1, 0, Number.MIN_VALUE, crowd.nowMs + LEASE_MS + 1];
  for (const value of values) {
    const bytes = Buffer.alloc(8);
    bytes.writeDoubleLE(value);
    for (const length of [8, 3]) {
      const descriptor = openSync(crowd.path, 'r+');
      writeSync(descriptor, bytes, 0, length, GUARD_RECORD_BYTES);
      closeSync(descriptor);
      expect(await guard.enter(patient()), `${value} in ${length} bytes`).toBe(true);
      guard.leave();
    }
  }
});
