import { spawnSync } from 'node:child_process';
import { lstatSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { openJournal, type FileSystem, type Journal, type KernelLock, type Receipt } from '../../src/index.js';
import { nodeFileSystem } from '../../src/journal/store/index.js';
import { appendTogether, codeOf, event, names } from '../support/appending.js';
import { gaitBin } from '../support/cli.js';
import { expectLinear, newJournal } from '../support/linear-journal.js';

class Gate {
  readonly opened: Promise<void>;
  open: () => void = () => undefined;

  constructor() {
    this.opened = new Promise((resolve) => (this.open = resolve));
  }
}

/** The real file system, but for how a blocking wait for the kernel lock goes. */
function withWait(wait: (real: () => Promise<void>) => Promise<void>): FileSystem {
  const real = nodeFileSystem.kernelLock();
  if ('unavailable' in real) throw new Error(`these tests need the kernel lock: ${real.unavailable}`);
  const kernel: KernelLock = { ...real, waitForLock: (...range) => wait(() => real.waitForLock(...range)) };
  return { ...nodeFileSystem, kernelLock: () => kernel };
}

describe('two handles of one process on one journal', () => {
  test.each(['both', 'kernel', 'directory'] as const)('interleave and starve nobody (%s)', async (lockLayers) => {
    const path = await newJournal();
    const options = { lockLayers, lockTimeoutMs: 60_000, lockRetryMs: 2 };
    const handles = [await openJournal(path, options), await openJournal(path, options)];
    const receipts = new Map<string, Receipt>();
    const loop = async (journal: Journal, name: string): Promise<void> => {
      for (const id of names(100, name)) receipts.set(id, await journal.append(event(id)));
    };
    await Promise.all(handles.map((journal, index) => loop(journal, `h${index}-`)));
    await Promise.all(handles.map((journal) => journal.close()));
    expect(receipts.size).toBe(200);
    await expectLinear(path, receipts);
  });

  test('keep a process to one blocking wait in the kernel, whatever the number of handles', async () => {
    const path = await newJournal();
    const started = new Gate();
    let waiting = 0;
    let mostWaiting = 0;
    const fileSystem = withWait(async (real) => {
      waiting += 1;
      mostWaiting = Math.max(mostWaiting, waiting);
      started.open();
      await real().finally(() => (waiting -= 1));
    });
    // The first keeps the second waiting for the directory, and the second, with the kernel lock, all others.
    const holder = await openJournal(path, { lock: 'exclusive', lockLayers: 'directory' });
    const options = { lockTimeoutMs: 60_000, lockRetryMs: 2 };
    const blocker = await openJournal(path, options);
    const blocked = blocker.append(event('blocked'));
    const handles = await Promise.all(names(6).map(() => openJournal(path, { ...options, fileSystem })));
    const waiters = handles.map(
      async (journal, index) => [`e${index}`, await journal.append(event(`e${index}`))] as const,
    );
    await started.opened;
    // Time for the others to make the same mistake.
    await sleep(20);
    await holder.close();
    const receipts = new Map<string, Receipt>(await Promise.all(waiters)).set('blocked', await blocked);
    await Promise.all([blocker, ...handles].map((journal) => journal.close()));
    expect(mostWaiting).toBe(1);
    await expectLinear(path, receipts);
  });

  test('do not take a lock from each other when a wait ends after its caller has given up', async () => {
    const path = await newJournal();
    const news = new Gate();
    const granted = new Gate();
    const fileSystem = withWait(async (real) => {
      await real();
      // The kernel has granted the lock, but the event loop is late to hear of it.
      granted.open();
      await news.opened;
    });
    const holder = await openJournal(path, { lock: 'exclusive', lockLayers: 'directory' });
    const blocker = await openJournal(path, { lockLayers: 'both', lockTimeoutMs: 60_000, lockRetryMs: 2 });
    // Takes the kernel lock and then waits for the directory.
    const blocked = blocker.append(event('blocked'));
    const handle = await openJournal(path, { fileSystem, lockTimeoutMs: 500 });
    expect(await codeOf(handle.append(event('impatient')))).toBe('LOCK_TIMEOUT');
    await holder.close();
    await blocked;
    await granted.opened;

    // Its second append holds the kernel lock, by the descriptor of the late wait, while the news arrives.
    const foreign = await openJournal(path, { lock: 'exclusive', lockLayers: 'directory' });
    const patient = await openJournal(path, { lockLayers: 'kernel', lockTimeoutMs: 0 });
    const second = codeOf(handle.append(event('second')));
    await sleep(20);
    news.open();
    await sleep(10);
    expect(await codeOf(patient.append(event('intruder')))).toBe('LOCK_TIMEOUT');
    expect(await second).toBe('LOCK_TIMEOUT');
    await foreign.close();
    await Promise.all([handle, patient, blocker].map((journal) => journal.close()));
  });
});

describe('exclusive mode', () => {
  afterEach(() => {
    vi.useRealTimers();
  });

  test.each(['both', 'kernel', 'directory'] as const)('keeps others out until close (%s)', async (lockLayers) => {
    const path = await newJournal();
    const before = await openJournal(path, { lockLayers, lockTimeoutMs: 50 });
    const owner = await openJournal(path, { lockLayers, lock: 'exclusive' });
    const bytes = readFileSync(path);
    expect(await codeOf(before.append(event('shared')))).toBe('LOCK_TIMEOUT');
    expect(await codeOf(openJournal(path, { lockLayers, lock: 'exclusive', lockTimeoutMs: 50 }))).toBe('LOCK_TIMEOUT');
    expect(readFileSync(path)).toEqual(bytes);
    const receipts = await appendTogether(owner, names(3));
    await owner.close();
    receipts.set('shared', await before.append(event('shared')));
    await before.close();
    await expectLinear(path, receipts);
  });

  test('never waits in the kernel behind an exclusive owner, which would pin a thread', async () => {
    const path = await newJournal();
    const owner = await openJournal(path, { lockLayers: 'kernel', lock: 'exclusive' });
    let waits = 0;
    const fileSystem = withWait(async (real) => {
      waits += 1;
      await real();
    });
    const other = await openJournal(path, { fileSystem, lockLayers: 'kernel', lockTimeoutMs: 50 });
    expect(await codeOf(other.append(event('a')))).toBe('LOCK_TIMEOUT');
    expect(waits).toBe(0);
    await owner.close();
    await other.close();
  });

  test('keeps its lock directory fresh, and its own, for as long as it is open', async () => {
    const path = await newJournal();
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] });
    const receipts = new Map<string, Receipt>();
    // Refreshed at different milliseconds: each must be known again after a round trip through the file system.
    for (const id of names(20)) {
      vi.setSystemTime(Date.now() + 1);
      const owner = await openJournal(path, { lock: 'exclusive', lockLayers: 'directory' });
      for (let refresh = 0; refresh < 4; refresh += 1) {
        vi.advanceTimersByTime(5_000);
        expect(Date.now() - lstatSync(`${path}.lock`).mtimeMs).toBeLessThan(10_000);
      }
      receipts.set(id, await owner.append(event(id)));
      await owner.close();
    }
    vi.useRealTimers();
    await expectLinear(path, receipts);
  });
});

describe('a lock', () => {
  test('is given back before the answer, so that whoever is answered may wait for another writer at once', async () => {
    const path = await newJournal();
    const journal = await openJournal(path);
    await journal.append(event('ours'));
    const append = ['run', 'session', 'append', '--journal', path, '--tool', 'theirs', '--verdict', 'allow'];
    // No turn of our event loop from here to its end.
    const { status, stderr } = spawnSync(process.execPath, [gaitBin, ...append], {
      env: { ...process.env, GAIT_SESSION_LOCK_TIMEOUT: '1s' },
      encoding: 'utf8',
    });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect((await journal.append(event('ours again'))).sequence).toBe(3);
    await journal.close();
  });

  test('stays its holder’s when somebody else is refused, also in what the guard says of it', async () => {
    const path = await newJournal();
    const holder = await openJournal(path, { lock: 'exclusive' });
    const guard = readFileSync(`${path}.gait/guard`);
    const refused = openJournal(path, { lock: 'exclusive', lockTimeoutMs: 1 });
    expect(await codeOf(refused)).toBe('LOCK_TIMEOUT');
    expect(readFileSync(`${path}.gait/guard`)).toEqual(guard);
    await holder.append(event('goes on'));
    await holder.close();
  });
});
