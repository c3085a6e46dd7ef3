import { describe, expect, test } from 'vitest';
import { openJournal, type Journal, type OpenOptions, type Receipt } from '../../src/index.js';
import { appendTogether, codeOf, event, names } from '../support/appending.js';
import { FaultFileSystem } from '../support/fault-file-system.js';
import { expectLinear, newJournal, readEvents } from '../support/linear-journal.js';

async function openCounted(
  options: OpenOptions = {},
): Promise<{ path: string; faults: FaultFileSystem; journal: Journal }> {
  const path = await newJournal();
  const faults = new FaultFileSystem();
  const journal = await openJournal(path, { ...options, fileSystem: faults.fs });
  faults.calls.length = 0;
  return { path, faults, journal };
}

describe('a commit', () => {
  test('takes in all appends that came while the one before it was under way', async () => {
    const { path, faults, journal } = await openCounted();
    const first = journal.append(event('first'));
    // Sent from inside the first commit, between its write and its sync.
    const arrived: Promise<Map<string, Receipt>>[] = [];
    faults.intercept = (call, proceed) => {
      if (call.operation === 'syncData' && arrived.length === 0) arrived.push(appendTogether(journal, names(100)));
      return proceed();
    };
    const receipts = new Map([['first', await first], ...(await Promise.all(arrived)).flatMap((map) => [...map])]);
    expect(receipts.size).toBe(101);
    expect(faults.count('write', path)).toBe(2);
    expect(faults.count('syncData', path)).toBe(2);
    await journal.close();
    await expectLinear(path, receipts);
  });

  test('is not acknowledged before its sync has returned', async () => {
    const { path, faults, journal } = await openCounted();
    let isAcknowledged = false;
    let wasAcknowledgedAtSync: boolean | undefined;
    faults.intercept = (call, proceed) => {
      const result = proceed();
      if (call.operation === 'syncData' && call.path === path) wasAcknowledgedAtSync = isAcknowledged;
      return result;
    };
    await journal.append(event('a')).then(() => (isAcknowledged = true));
    expect(wasAcknowledgedAtSync).toBe(false);
    await journal.close();
  });

  test('of appendAll is one write and one sync, its receipts in order', async () => {
    const { path, faults, journal } = await openCounted();
    const ids = names(1_000);
    const receipts = await journal.appendAll(ids.map(event));
    expect(receipts.map(({ sequence }) => sequence)).toEqual(ids.map((_, index) => index + 1));
    expect([faults.count('write', path), faults.count('syncData', path)]).toEqual([1, 1]);
    await journal.close();
    await expectLinear(path, new Map(receipts.map((receipt, index) => [`e${index}`, receipt])));
  });

  test('is cut at 4,096 events, so that a flood does not hold the lock for long', async () => {
    const { path, faults, journal } = await openCounted();
    const receipts = await appendTogether(journal, names(10_000));
    const linesPerWrite = faults.calls
      .filter(({ operation, path: written }) => operation === 'write' && written === path)
      .map(
        ({ args }) =>
          Buffer.from(args[1] as Uint8Array)
            .toString('latin1')
            .split('\n').length - 1,
      );
    expect(linesPerWrite).toEqual([4_096, 4_096, 1_808]);
    await journal.close();
    await expectLinear(path, receipts);
  });

  test('is synced by close and not before, when the journal is buffered', async () => {
    const { path, faults, journal } = await openCounted({ durability: 'buffered' });
    const receipt = await journal.append(event('a'));
    expect(receipt.durability).toBe('buffered');
    expect(faults.count('syncData', path)).toBe(0);
    await journal.close();
    expect(faults.count('syncData', path)).toBe(1);
  });
});

describe('close', () => {
  test('waits for what is queued, acknowledges it, and refuses what comes later', async () => {
    const { path, journal } = await openCounted();
    const sent = appendTogether(journal, names(50));
    const closing = journal.close();
    expect(await codeOf(journal.append(event('late')))).toBe('HANDLE_CLOSED');
    expect(await codeOf(journal.appendAll([event('late')]))).toBe('HANDLE_CLOSED');
    await closing;
    const receipts = await sent;
    expect(receipts.size).toBe(50);
    await expectLinear(path, receipts);
    expect(readEvents(path)).toHaveLength(50);
  });

  test('does nothing the second time and closes every descriptor', async () => {
    const { faults, journal } = await openCounted();
    const opened = faults.calls.filter(({ operation }) => operation === 'open').length;
    await journal.append(event('a'));
    await Promise.all([journal.close(), journal.close()]);
    await journal.close();
    // Opened before the counting began: the journal and the guard.
    const openedLater = faults.calls.filter(({ operation }) => operation === 'open').length - opened;
    expect(faults.calls.filter(({ operation }) => operation === 'close')).toHaveLength(openedLater + 2);
  });
});
