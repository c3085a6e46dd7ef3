/** The lock directory that a writer in shared mode leaves lying for the next commit. */
import { existsSync, lstatSync, mkdirSync, readFileSync, rmdirSync, utimesSync, writeFileSync } from 'node:fs';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { openJournal, type FileSystem, type Journal, type OpenOptions } from '../../src/index.js';
import { inspectLock, nodeFileSystem, WriterLock, type WriterLockSettings } from '../../src/journal/store/index.js';
import { encodeGuardRecord, type GuardRecord } from '../../src/journal/store/guard-record.js';
import { appendTogether, codeOf, event, names } from '../support/appending.js';
import { FaultFileSystem } from '../support/fault-file-system.js';
import { expectLinear, newJournal, readEvents } from '../support/linear-journal.js';

interface Fixture {
  readonly path: string;
  readonly lock: string;
  readonly faults: FaultFileSystem;
  readonly journal: Journal;
}

/** A handle that has just appended two events, one after the other: the directory of the second is kept. */
async function setUp(options: OpenOptions = {}): Promise<Fixture> {
  const path = await newJournal();
  const faults = new FaultFileSystem();
  const journal = await openJournal(path, { lockTimeoutMs: 60, lockRetryMs: 5, ...options, fileSystem: faults.fs });
  await journal.append(event('first'));
  await journal.append(event('second'));
  await endOfCommit();
  faults.calls.length = 0;
  return { path, lock: `${path}.lock`, faults, journal };
}

/** After all promise callbacks, before the event loop turns. */
function endOfCommit(): Promise<void> {
  return new Promise((resolve) => process.nextTick(resolve));
}

async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) await new Promise<void>((resolve) => setImmediate(resolve));
}

function guardOf(path: string): GuardRecord {
  return JSON.parse(readFileSync(`${path}.gait/guard`, 'latin1')) as GuardRecord;
}

/** What another host does when nobody has refreshed the directory for long. */
function takeOver(lock: string): number {
  rmdirSync(lock);
  mkdirSync(lock);
  const seconds = Date.now() / 1000 - 1.5;
  utimesSync(lock, seconds, seconds);
  return lstatSync(lock).mtimeMs;
}

/** As if the writer that keeps the directory had been blocked for so long. */
function age(path: string, ms: number): void {
  const record = guardOf(path);
  const mtime = Math.round(record.mtime - ms);
  utimesSync(`${path}.lock`, mtime / 1000, mtime / 1000);
  writeFileSync(`${path}.gait/guard`, encodeGuardRecord({ ...record, at: record.at - ms, mtime }));
}

afterEach(() => {
  vi.useRealTimers();
});

describe('the lock directory of shared mode', () => {
  test('is not kept for a single commit: what its caller does next may need it gone', async () => {
    const path = await newJournal();
    const journal = await openJournal(path);
    for (const id of ['a', 'b']) {
      await journal.append(event(id));
      expect(existsSync(`${path}.lock`)).toBe(false);
      await turns(3);
    }
    await journal.close();
    await expectLinear(path, new Map());
  });

  test('is made once for the commits of one turn', async () => {
    const { path, faults, journal } = await setUp();
    const receipts = new Map([['a', await journal.append(event('a'))]]);
    receipts.set('b', await journal.append(event('b')));
    expect(faults.count('mkdir', '.lock')).toBe(0);
    await journal.close();
    await expectLinear(path, receipts);
  });

  test('is gone when the event loop has turned, and the guard says so', async () => {
    const { path, lock, journal } = await setUp();
    expect(existsSync(lock)).toBe(true);
    expect(guardOf(path)).toMatchObject({ phase: 'kept', ino: lstatSync(lock).ino, pid: process.pid });
    await turns(3);
    expect(existsSync(lock)).toBe(false);
    expect(guardOf(path).phase).toBe('idle');
    await journal.close();
  });

  test('is gone when the handle is closed', async () => {
    const { lock, journal } = await setUp();
    await journal.close();
    expect(existsSync(lock)).toBe(false);
  });

  test.each(['kernel', 'directory'] as const)('is not kept with one layer (%s)', async (lockLayers) => {
    const { lock, journal } = await setUp({ lockLayers });
    expect(existsSync(lock)).toBe(false);
    await journal.close();
  });

  test('is not kept without the addon', async () => {
    const path = await newJournal();
    const fileSystem: FileSystem = { ...nodeFileSystem, kernelLock: () => ({ unavailable: 'for this test' }) };
    const journal = await openJournal(path, { fileSystem });
    await journal.append(event('a'));
    await endOfCommit();
    expect(existsSync(`${path}.lock`)).toBe(false);
    await journal.close();
  });

  test('goes to another handle, whose it is from then on', async () => {
    const { path, lock, journal, faults } = await setUp();
    const { ino } = lstatSync(lock);
    const other = await openJournal(path, { lock: 'exclusive', fileSystem: faults.fs });
    await turns(3);
    expect(lstatSync(lock).ino).toBe(ino);
    expect(faults.count('mkdir', '.lock')).toBe(0);
    await journal.close();
    expect(existsSync(lock)).toBe(true);
    const receipts = await appendTogether(other, names(3));
    await other.close();
    expect(existsSync(lock)).toBe(false);
    await expectLinear(path, receipts);
  });

  test('goes back and forth between handles, and nobody is locked out', async () => {
    const { path, lock, journal } = await setUp();
    const other = await openJournal(path, { lockTimeoutMs: 0 });
    for (const id of names(20)) await (id.endsWith('3') ? journal : other).append(event(id));
    await journal.close();
    await other.append(event('last'));
    await other.close();
    expect(existsSync(lock)).toBe(false);
    await expectLinear(path, new Map());
    expect(readEvents(path)).toHaveLength(23);
  });

  test('is left in peace by proper-lockfile: no refresh while nobody holds it', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const { path, lock, journal, faults } = await setUp();
    vi.advanceTimersByTime(5_000);
    expect(faults.count('setTimes', '.lock')).toBe(0);
    vi.useRealTimers();
    await journal.append(event('next'));
    expect(faults.count('mkdir', '.lock')).toBe(0);
    await journal.close();
    expect(existsSync(lock)).toBe(false);
    await expectLinear(path, new Map());
  });

  test('cannot be removed: nothing acknowledged is lost, and the next writer goes on at once', async () => {
    const { path, lock, journal, faults } = await setUp();
    faults.fail('rmdir', '.lock', 'EACCES');
    await turns(3);
    await journal.close();
    expect(existsSync(lock)).toBe(true);
    const next = await openJournal(path, { lockTimeoutMs: 0 });
    const receipts = new Map([['next', await next.append(event('next'))]]);
    await next.close();
    expect(existsSync(lock)).toBe(false);
    await expectLinear(path, receipts);
  });
});

describe('a kept directory that another host has taken over', () => {
  test.each(['between two commits', 'after the lock was taken'])(
    '%s: nothing is written, and it stays',
    async (when) => {
      const { path, lock, journal, faults } = await setUp();
      const before = readFileSync(path);
      let theirs = when === 'between two commits' ? takeOver(lock) : 0;
      faults.intercept = (call, proceed) => {
        // The journal is looked at when the lock is held.
        if (theirs === 0 && call.operation === 'stat' && call.path === path) theirs = takeOver(lock);
        return proceed();
      };
      expect(await codeOf(journal.append(event('late')))).toBe(
        when === 'between two commits' ? 'LOCK_TIMEOUT' : 'FENCED',
      );
      faults.intercept = undefined;
      expect(readFileSync(path)).toEqual(before);
      await turns(3);
      await journal.close();
      expect(lstatSync(lock).mtimeMs).toBe(theirs);
    },
  );

  test('and that a handle of another process finds is waited for', async () => {
    const { path, lock, journal } = await setUp();
    takeOver(lock);
    const other = await openJournal(path, { lockTimeoutMs: 30, lockRetryMs: 5 });
    expect(await codeOf(other.append(event('a')))).toBe('LOCK_TIMEOUT');
    rmdirSync(lock);
    const receipts = new Map([['a', await other.append(event('a'))]]);
    await other.close();
    await journal.close();
    await expectLinear(path, receipts);
  });

  test('or keeps for itself, by a guard that both can see, is waited for', async () => {
    const { path, lock, journal } = await setUp();
    const { mtimeMs } = lstatSync(lock);
    writeFileSync(`${path}.gait/guard`, encodeGuardRecord({ ...guardOf(path), boot: 'another', host: 'another' }));
    const other = await openJournal(path, { lockTimeoutMs: 30, lockRetryMs: 5 });
    expect(await codeOf(other.append(event('a')))).toBe('LOCK_TIMEOUT');
    await other.close();
    await journal.close();
    expect(lstatSync(lock).mtimeMs).toBe(mtimeMs);
  });

  test('by the Go tool keeps us out, as all of its locks do', async () => {
    const { lock, journal } = await setUp();
    rmdirSync(lock);
    const content = JSON.stringify({ created_at: new Date().toISOString(), pid: 1 });
    writeFileSync(lock, content);
    expect(await codeOf(journal.append(event('a')))).toBe('LOCK_TIMEOUT');
    await journal.close();
    expect(readFileSync(lock, 'utf8')).toBe(content);
  });
});

describe('a kept directory that is old, as its writer was blocked', () => {
  test('is not used, but made anew', async () => {
    const { path, lock, journal, faults } = await setUp();
    age(path, 60_000);
    const receipts = new Map([['a', await journal.append(event('a'))]]);
    await endOfCommit();
    expect(faults.count('mkdir', '.lock')).toBe(1);
    expect(Date.now() - lstatSync(lock).mtimeMs).toBeLessThan(10_000);
    await journal.close();
    await expectLinear(path, receipts);
  });

  test('is removed by the one who kept it when he wakes up', async () => {
    const { path, lock, journal } = await setUp();
    const record = guardOf(path);
    age(path, 60_000);
    await turns(3);
    // Of another time than the one he left: only a local writer, under the kernel lock, may say that it is the same.
    expect(existsSync(lock)).toBe(true);
    expect(record.phase).toBe('kept');
    const other = await openJournal(path, { lockTimeoutMs: 0 });
    await other.append(event('a'));
    await other.close();
    expect(existsSync(lock)).toBe(false);
    await journal.close();
  });
});

test('a writer that uses the kernel lock alone leaves no kept directory behind', async () => {
  const { path, lock, journal } = await setUp();
  const other = await openJournal(path, { lockLayers: 'kernel' });
  const receipts = new Map([['a', await other.append(event('a'))]]);
  expect(existsSync(lock)).toBe(false);
  receipts.set('b', await journal.append(event('b')));
  await other.close();
  await journal.close();
  await expectLinear(path, receipts);
});

test('an inspection tells the kept directory of the living from that of the dead', async () => {
  const { path, journal } = await setUp();
  const paths = { lock: `${path}.lock`, guard: `${path}.gait/guard` };
  const look = (): ReturnType<typeof inspectLock> => inspectLock(nodeFileSystem, paths, Date.now(), 300_000);
  expect(await look()).toMatchObject({ state: 'held', owner: { kind: 'local writer', pid: process.pid } });
  // No process has so high a number.
  writeFileSync(paths.guard, encodeGuardRecord({ ...guardOf(path), pid: 2 ** 30 }));
  expect(await look()).toMatchObject({ state: 'abandoned' });
  await journal.close();
});

describe('whoever polls for the directory from outside', () => {
  let nowMs = 0;
  let madeAtMs = 0;

  /** Directories are as old as the clock of the test says, however fast or slow the machine is. */
  const fileSystem: FileSystem = {
    ...nodeFileSystem,
    mkdir: (path, permissions) => {
      nodeFileSystem.mkdir(path, permissions);
      madeAtMs = nowMs;
    },
    stat: (path) => ({ ...nodeFileSystem.stat(path), mtimeMs: madeAtMs }),
    lstat: (path) => {
      const found = nodeFileSystem.lstat(path);
      return found === undefined ? undefined : { ...found, mtimeMs: madeAtMs };
    },
  };

  const settings: WriterLockSettings = {
    mode: 'shared',
    layers: 'both',
    timeoutMs: 10_000,
    retryMs: 5,
    staleAfterMs: 300_000,
    clock: () => nowMs,
    nonce: () => '0',
  };

  /**
   * Looks again and again, as the Go tool does, while commits of 10 ms follow each other and every writer already waits for its
   * next one. Returns during which commits it was lucky.
   */
  async function pollDuring(commits: number, locks: readonly WriterLock[], path: string): Promise<number[]> {
    const lucky: number[] = [];
    const waiting = new Map<WriterLock, Promise<WriterLock>>();
    const wait = (lock: WriterLock): unknown =>
      waiting.set(
        lock,
        lock.acquire().then(() => lock),
      );
    for (const lock of locks) wait(lock);
    await Promise.race(waiting.values());
    for (let commit = 0; commit < commits; commit += 1) {
      nowMs += 10;
      await turns(2);
      try {
        mkdirSync(path);
        rmdirSync(path);
        lucky.push(commit);
      } catch {
        // Bad luck: somebody holds it.
      }
      const holder = await Promise.race(waiting.values());
      await holder.release();
      wait(holder);
    }
    await Promise.all(Array.from(waiting.values(), async (taken) => (await taken).release()));
    return lucky;
  }

  /** A new journal, at a time when nobody has used it for long. */
  async function idleJournal(): Promise<string> {
    const path = await newJournal();
    nowMs = Date.now() + 60_000;
    return path;
  }

  const open = (path: string, timeoutMs = settings.timeoutMs): WriterLock =>
    new WriterLock(fileSystem, `${path}.lock`, `${path}.gait/guard`, { ...settings, timeoutMs });

  test.each([1, 3])('gets its turn once a second, however busy the writers of this host (%i)', async (handles) => {
    const path = await idleJournal();
    const locks = Array.from({ length: handles }, () => open(path));
    // The first commit of each is not one of many yet, and keeps nothing.
    const lucky = (await pollDuring(600, locks, `${path}.lock`)).filter((commit) => commit > handles);
    expect(lucky[0]).toBeGreaterThan(90);
    expect(lucky[0]).toBeLessThan(110);
    expect(lucky.length).toBeGreaterThanOrEqual(4);
    for (const lock of locks) lock.close();
    expect(existsSync(`${path}.lock`)).toBe(false);
  });

  test('never makes a writer fail that has no patience to rest', async () => {
    const path = await idleJournal();
    const lock = open(path, 0);
    let held = 0;
    for (let commit = 0; commit < 130; commit += 1) {
      nowMs += 10;
      await lock.acquire();
      held += lock.isHeld() ? 1 : 0;
      await lock.release();
    }
    lock.close();
    expect(held).toBe(130);
  });

  test('waits no longer when the clock is set back', async () => {
    const path = await idleJournal();
    const lock = open(path);
    await lock.acquire();
    await lock.release();
    nowMs -= 3_600_000;
    for (let commit = 0; commit < 3; commit += 1) {
      await lock.acquire();
      await lock.release();
    }
    lock.close();
    expect(existsSync(`${path}.lock`)).toBe(false);
  });
});
