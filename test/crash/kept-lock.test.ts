/** What becomes of the lock directory that a writer leaves lying for its next commit, when that never comes. */
import { existsSync, lstatSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { openJournal, type Receipt } from '../../src/index.js';
import { event } from '../support/appending.js';
import { expectLinear, newJournal } from '../support/linear-journal.js';
import { Worker } from '../support/worker.js';

interface Keeper {
  readonly path: string;
  readonly lock: string;
  readonly goFile: string;
  readonly worker: Worker;
}

async function start(next: 'kill' | 'exit' | 'end' | 'flood' | 'block'): Promise<Keeper> {
  const path = await newJournal();
  const goFile = `${path}.go`;
  const worker = new Worker('keep.mjs', { path, options: { lockTimeoutMs: 200 }, next, goFile });
  expect(await worker.saying(({ isKept }) => isKept === true)).toBe(true);
  return { path, lock: `${path}.lock`, goFile, worker };
}

/** Fails when it would have to wait. */
async function appendAtOnce(path: string): Promise<Map<string, Receipt>> {
  const journal = await openJournal(path, { lockTimeoutMs: 0 });
  const receipts = new Map([['at-once', await journal.append(event('at-once'))]]);
  await journal.close();
  return receipts;
}

test.each(['exit', 'end'] as const)('a process that ends without closing leaves no directory (%s)', async (next) => {
  const { path, lock, worker } = await start(next);
  expect(await worker.ended).toEqual({ code: 0, signal: null });
  expect(existsSync(lock)).toBe(false);
  await expectLinear(path, new Map([...worker.receipts, ...(await appendAtOnce(path))]));
});

test.each(['SIGTERM', 'SIGINT'] as const)('a process that %s ends in full traffic leaves none', async (signal) => {
  const { path, lock, worker } = await start('flood');
  await worker.saying(({ ack }) => ack === 'flood-20');
  worker.child.kill(signal);
  expect(await worker.ended).toEqual({ code: null, signal });
  expect(existsSync(lock)).toBe(false);
  await expectLinear(path, worker.receipts);
});

test('what a killed process leaves is used by the next local writer at once', async () => {
  const { path, lock, worker } = await start('kill');
  expect(await worker.ended).toEqual({ code: null, signal: 'SIGKILL' });
  expect(existsSync(lock)).toBe(true);
  const receipts = await appendAtOnce(path);
  expect(existsSync(lock)).toBe(false);
  await expectLinear(path, new Map([...worker.receipts, ...receipts]));
});

describe('a process that is blocked, or stopped, between two commits', () => {
  test.each([false, true])(
    'is in nobody’s way on this host, and goes on afterwards (SIGSTOP: %s)',
    async (isStopped) => {
      const { path, lock, goFile, worker } = await start('block');
      if (isStopped) worker.child.kill('SIGSTOP');
      const receipts = await appendAtOnce(path);
      writeFileSync(goFile, '');
      if (isStopped) worker.child.kill('SIGCONT');
      expect(await worker.ended).toEqual({ code: 0, signal: null });
      expect([...worker.receipts.keys()]).toEqual(['first', 'kept', 'later']);
      expect(existsSync(lock)).toBe(false);
      await expectLinear(path, new Map([...worker.receipts, ...receipts]));
    },
  );

  test('no longer owns what a local writer has used since: the guard names that one', async () => {
    const { path, lock, goFile, worker } = await start('block');
    const other = await openJournal(path, { lockTimeoutMs: 0 });
    for (const id of ['other', 'next']) await other.append(event(id));
    await new Promise<void>((resolve) => process.nextTick(resolve));
    expect(JSON.parse(readFileSync(`${path}.gait/guard`, 'latin1'))).toMatchObject({
      phase: 'kept',
      pid: process.pid,
      ino: lstatSync(lock).ino,
    });
    await other.close();
    expect(existsSync(lock)).toBe(false);
    writeFileSync(goFile, '');
    expect(await worker.ended).toEqual({ code: 0, signal: null });
    await expectLinear(path, worker.receipts);
  });

  test('neither uses nor removes the directory of another host that took over', async () => {
    const { path, lock, goFile, worker } = await start('block');
    rmdirSync(lock);
    mkdirSync(lock);
    const { mtimeMs } = lstatSync(lock);
    writeFileSync(goFile, '');
    expect(await worker.ended).toEqual({ code: 0, signal: null });
    expect(worker.messages.at(-1)).toEqual({ refused: 'LOCK_TIMEOUT' });
    expect(lstatSync(lock).mtimeMs).toBe(mtimeMs);
    rmdirSync(lock);
    await expectLinear(path, new Map([...worker.receipts, ...(await appendAtOnce(path))]));
  });
});
