import { spawnSync } from 'node:child_process';
import { appendFileSync, readFileSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { openJournal, type Journal } from '../../src/index.js';
import { codeOf, event } from '../support/appending.js';
import { errnoError, FaultFileSystem, type FileCall } from '../support/fault-file-system.js';
import { expectLinear, newJournal, readEvents } from '../support/linear-journal.js';
import { repositoryRoot } from '../support/paths.js';

/** Bytes of the line that the loser of a race left, as another loser would: no line of this journal. */
const STRAY = '{"another":"loser"}\n';

/** Appends one event in a process of its own that does not ask for the lock directory, as after taking it over. */
function overtake(path: string): void {
  const settings = { path, options: { lockLayers: 'kernel' }, name: 'winner', count: 1 };
  const worker = join(repositoryRoot, 'test', 'crash', 'workers', 'append.mjs');
  const { status } = spawnSync(process.execPath, [worker, JSON.stringify(settings)]);
  expect(status).toBe(0);
}

/** A handle that only the lock directory protects, with one acknowledged event. */
async function setUp(): Promise<{ path: string; faults: FaultFileSystem; journal: Journal }> {
  const path = await newJournal();
  const faults = new FaultFileSystem();
  const journal = await openJournal(path, { lockLayers: 'directory', fileSystem: faults.fs });
  await journal.append(event('first'));
  return { path, faults, journal };
}

/** Whether a call is the write of lines to the journal. */
function isCommit(call: FileCall, path: string): boolean {
  return call.operation === 'write' && call.path === path;
}

async function expectWinnerThen(path: string, journal: Journal): Promise<void> {
  const receipt = await journal.append(event('next'));
  await journal.close();
  await expectLinear(path, new Map([['next', receipt]]));
  expect(readEvents(path).map(({ correlation_id: id }) => id)).toEqual(['first', 'winner-0', 'next']);
}

test.each([
  ['is written whole', undefined],
  ['is written in part', 100],
  ['fails', 0],
])('a write that comes too late and %s leaves the winner his line, and none of its own', async (_, sizeBytes) => {
  const { path, faults, journal } = await setUp();
  faults.intercept = (call, proceed) => {
    if (!isCommit(call, path)) return proceed();
    overtake(path);
    if (sizeBytes === 0) throw errnoError('EIO');
    const [descriptor, data, position] = call.args as [number, Uint8Array, null];
    return proceed(descriptor, data.subarray(0, sizeBytes), position);
  };
  expect(await codeOf(journal.append(event('late')))).toBe('FENCED');
  faults.intercept = undefined;
  await expectWinnerThen(path, journal);
});

test('a lock seen to be lost before the write means no write at all', async () => {
  const { path, faults, journal } = await setUp();
  faults.calls.length = 0;
  faults.intercept = (call, proceed) => {
    // The journal has been looked at, so this is the last look at the lock.
    const isLastLook = call.path.endsWith('.lock') && faults.count('stat', path) > 0;
    return call.operation === 'lstat' && isLastLook ? undefined : proceed();
  };
  expect(await codeOf(journal.append(event('late')))).toBe('FENCED');
  expect(faults.count('write', path)).toBe(0);
  await journal.close();
});

test('a sync that fails cuts off nobody who has built on the line since', async () => {
  const { path, faults, journal } = await setUp();
  faults.intercept = (call, proceed) => {
    if (call.operation !== 'syncData' || call.path !== path) return proceed();
    overtake(path);
    throw errnoError('EIO');
  };
  expect(await codeOf(journal.append(event('doubtful')))).toBe('SYNC_FAILED');
  await journal.close();
  await expectLinear(path, new Map());
  expect(readEvents(path).map(({ correlation_id: id }) => id)).toEqual(['first', 'doubtful', 'winner-0']);
});

test('of two losers, the one whose bytes lie behind goes first', async () => {
  const { path, faults, journal } = await setUp();
  let other: Promise<void> | undefined;
  faults.intercept = (call, proceed) => {
    if (!isCommit(call, path)) return proceed();
    overtake(path);
    const count = proceed();
    appendFileSync(path, STRAY);
    // The other loser takes its own back a little later, as it may: nobody can have built on it.
    other = sleep(20).then(() => truncateSync(path, readFileSync(path).length - STRAY.length));
    return count;
  };
  expect(await codeOf(journal.append(event('late')))).toBe('FENCED');
  await other;
  faults.intercept = undefined;
  await expectWinnerThen(path, journal);
});

test('a loser that cannot get at its bytes cuts off nothing and gives up its handle', async () => {
  const { path, faults, journal } = await setUp();
  let bytes = Buffer.alloc(0);
  faults.intercept = (call, proceed) => {
    if (!isCommit(call, path)) return proceed();
    overtake(path);
    const count = proceed();
    appendFileSync(path, STRAY);
    bytes = readFileSync(path);
    return count;
  };
  expect(await codeOf(journal.append(event('late')))).toBe('HANDLE_POISONED');
  expect(readFileSync(path)).toEqual(bytes);
  expect(await codeOf(journal.append(event('later')))).toBe('HANDLE_POISONED');
  await journal.close();
});
