import { copyFileSync, readFileSync, renameSync } from 'node:fs';
import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { openJournal, type Journal, type OpenOptions, type Receipt } from '../../src/index.js';
import { appendTogether, codeOf, event, names } from '../support/appending.js';
import { FaultFileSystem, errnoError } from '../support/fault-file-system.js';
import { expectLinear, newJournal, readEvents } from '../support/linear-journal.js';
import { openAhead } from '../support/open-ahead.js';

interface Fixture {
  readonly path: string;
  readonly faults: FaultFileSystem;
  readonly journal: Journal;
}

async function open(options: OpenOptions = {}): Promise<Fixture> {
  const path = await newJournal();
  const faults = new FaultFileSystem();
  const journal = await openAhead(path, { ...options, fileSystem: faults.fs });
  faults.calls.length = 0;
  return { path, faults, journal };
}

/** Runs `step` once, during the first sync, after all that was sent with its events has been made ready. */
function duringFirstSync({ faults }: Fixture, step: () => unknown): void {
  let isFirst = true;
  faults.intercept = (call, proceed) => {
    if (call.operation !== 'syncDataLater' || !isFirst) return proceed();
    isFirst = false;
    return turn().then(async () => {
      await step();
      return proceed();
    });
  };
}

const linesOf = (call: { readonly args: readonly unknown[] }): number =>
  Buffer.from(call.args[1] as Uint8Array)
    .toString('latin1')
    .split('\n').length - 1;

const writesTo = ({ faults, path }: Fixture): number[] =>
  faults.calls.filter((call) => call.operation === 'write' && call.path === path).map(linesOf);

describe('commits that are made ready ahead', () => {
  test('are written only when the sync below has returned, and answered only after their own', async () => {
    const fixture = await open();
    const { path, faults, journal } = fixture;
    let written = 1;
    let synced = 1;
    let isSyncing = false;
    const early: string[] = [];
    faults.intercept = (call, proceed) => {
      if (call.path !== path) return proceed();
      if (call.operation === 'write') {
        if (isSyncing) early.push('write');
        written += linesOf(call);
      }
      if (call.operation !== 'syncDataLater') return proceed();
      isSyncing = true;
      const covered = written;
      return turn().then(async () => {
        await proceed();
        isSyncing = false;
        synced = covered;
      });
    };
    const receipts = new Map<string, Receipt>();
    const caller = async (name: string): Promise<void> => {
      for (const id of names(20, `${name}-`)) {
        const receipt = await journal.append(event(id));
        if (receipt.leaf_index >= synced) early.push(id);
        receipts.set(id, receipt);
      }
    };
    await Promise.all(names(16, 'c').map(caller));
    await journal.close();
    expect(early).toEqual([]);
    await expectLinear(path, receipts);
    expect(receipts.size).toBe(320);
    // Balanced: half wait for the one, half are made ready.
    expect(
      writesTo(fixture)
        .slice(0, -2)
        .every((lines) => lines === 8),
    ).toBe(true);
  });

  test('take in those who come during the sync', async () => {
    const fixture = await open();
    const { path, journal } = fixture;
    const late: Promise<Map<string, Receipt>>[] = [];
    duringFirstSync(fixture, () => void late.push(appendTogether(journal, names(3, 'late'))));
    const receipts = await appendTogether(journal, names(4));
    for (const [id, receipt] of (await Promise.all(late)).flatMap((map) => [...map])) receipts.set(id, receipt);
    await journal.close();
    expect(receipts.size).toBe(7);
    expect(writesTo(fixture)[0]).toBe(2);
    await expectLinear(path, receipts);
  });

  test('are never written when the sync below fails: the handle is poisoned, everybody is told, nothing is left', async () => {
    const fixture = await open();
    const { path, faults, journal } = fixture;
    const before = readFileSync(path);
    duringFirstSync(fixture, () => {
      throw errnoError('EIO');
    });
    const codes = await Promise.all(names(8).map((id) => codeOf(journal.append(event(id)))));
    expect(codes).toEqual([...Array<string>(4).fill('SYNC_FAILED'), ...Array<string>(4).fill('HANDLE_POISONED')]);
    expect(await codeOf(journal.append(event('later')))).toBe('HANDLE_POISONED');
    expect(faults.count('write', path)).toBe(1);
    await journal.close();
    expect(readFileSync(path)).toEqual(before);
    const next = await openJournal(path);
    await expectLinear(path, await appendTogether(next, names(3, 'next')));
    await next.close();
  });

  test('that cannot be written fail alone: what lies below is kept, and the next append works', async () => {
    const fixture = await open();
    const { path, faults, journal } = fixture;
    duringFirstSync(fixture, () => {
      const { intercept } = faults;
      faults.intercept = (call, proceed) => {
        if (call.operation !== 'write' || call.path !== path) return proceed();
        faults.intercept = intercept;
        throw errnoError('ENOSPC');
      };
    });
    const results = await Promise.allSettled(names(8).map((id) => journal.append(event(id))));
    const receipts = new Map<string, Receipt>(
      results.flatMap((result, at) => (result.status === 'fulfilled' ? [[`e${at}`, result.value] as const] : [])),
    );
    expect([...receipts.keys()]).toEqual(names(4));
    expect(results.slice(4).every(({ status }) => status === 'rejected')).toBe(true);
    receipts.set('after', await journal.append(event('after')));
    await journal.close();
    await expectLinear(path, receipts);
    expect(readEvents(path)).toHaveLength(5);
  });

  test('are planned anew when another file has taken the place of the journal', async () => {
    const fixture = await open();
    const { path, journal } = fixture;
    const lines: number[] = [];
    duringFirstSync(fixture, async () => {
      const other = await openJournal(`${path}.copy`).catch(() => undefined);
      expect(other).toBeUndefined();
      copyFileSync(path, `${path}.new`);
      renameSync(`${path}.new`, path);
      lines.push(readEvents(path).length);
    });
    const receipts = await appendTogether(journal, names(8));
    await journal.close();
    expect(lines).toEqual([4]);
    expect(receipts.size).toBe(8);
    await expectLinear(path, receipts);
  });

  test('leave a checkpoint its place between those sent before it and after it', async () => {
    const { path, journal } = await open();
    const before = appendTogether(journal, names(5, 'before'));
    const sealing = journal.checkpoint();
    const after = appendTogether(journal, names(5, 'after'));
    const receipts = new Map([...(await before), ...(await after)]);
    expect((await sealing).checkpoint).toMatchObject({ sequence_start: 1, sequence_end: 5 });
    await journal.close();
    await expectLinear(path, receipts);
  });

  test('stop for a seal that is due, and seal every so many events', async () => {
    const { path, journal } = await open({ seal: { everyEvents: 4 } });
    await expectLinear(path, await appendTogether(journal, names(16)));
    await journal.close();
    const kinds = readFileSync(path, 'utf8').trimEnd().split('\n').slice(1);
    const runs = kinds.map((line) => (line.includes('"record_type":"checkpoint"') ? 'c' : 'e')).join('');
    expect(runs).not.toContain('e'.repeat(9));
    expect(runs.replaceAll('c', '')).toBe('e'.repeat(16));
  });

  test('know the idempotency keys of the commit below, whose sync still runs', async () => {
    const { path, journal } = await open();
    const keyed = { ...event('once'), idempotency_key: 'k' };
    const [first, , again, conflict, other] = await Promise.allSettled([
      journal.append(keyed),
      journal.append(event('a')),
      journal.append(keyed),
      journal.append({ ...keyed, verdict: 'block' }),
      journal.append(event('b')),
    ]);
    expect(first.status).toBe('fulfilled');
    expect(again).toEqual(first);
    expect(conflict).toMatchObject({ status: 'rejected', reason: { code: 'IDEMPOTENCY_CONFLICT' } });
    expect(other?.status).toBe('fulfilled');
    await journal.close();
    expect(readEvents(path).map(({ correlation_id: id }) => id)).toEqual(['once', 'a', 'b']);
  });

  test('leave out what is refused, and link the rest', async () => {
    const { path, journal } = await open();
    const tooLong = { ...event('long'), reason_codes: names(3_000, 'reason-of-many-that-fill-the-line-') };
    const sent = [...names(3).map(event), tooLong, ...names(3, 'f').map(event)];
    const results = await Promise.allSettled(sent.map((each) => journal.append(each)));
    expect(results.map(({ status }) => status).indexOf('rejected')).toBe(3);
    await journal.close();
    const receipts = results.flatMap((result, at) =>
      result.status === 'fulfilled' ? [[String(sent[at]?.correlation_id), result.value] as const] : [],
    );
    expect(receipts).toHaveLength(6);
    await expectLinear(path, new Map(receipts));
  });

  test('are all answered before close returns', async () => {
    const { path, journal } = await open();
    const sent = appendTogether(journal, names(50));
    await journal.close();
    expect(readEvents(path)).toHaveLength(50);
    await expectLinear(path, await sent);
  });
});

test('a file system that knows no sync on another thread is used as ever', async () => {
  const path = await newJournal();
  const faults = new FaultFileSystem();
  const fileSystem = { ...faults.fs };
  delete fileSystem.syncDataLater;
  const journal = await openAhead(path, { fileSystem });
  faults.calls.length = 0;
  await expectLinear(path, await appendTogether(journal, names(10)));
  await journal.close();
  expect([faults.count('syncData', path), faults.count('syncDataLater', path)]).toEqual([1, 0]);
});
