/** A handle that seals by itself: after so many events, after so much time, at its end; and what a seal that fails costs. */
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { openJournal, verifyJournal, type Journal, type SealPolicy, type SessionCheckpoint } from '../../src/index.js';
import { errnoError, FaultFileSystem } from '../support/fault-file-system.js';
import { caught, linesOf, newJournal, QUICK, toolCall, withJournal } from '../support/journal-fixtures.js';
import { KEY, STRICT } from '../support/sealed-session.js';

const PATIENCE_MS = 30_000;

/** First and last event of every checkpoint. */
const rangesIn = (path: string): [number, number][] =>
  linesOf(path)
    .flatMap((line) => (JSON.parse(line) as { checkpoint?: SessionCheckpoint }).checkpoint ?? [])
    .map(({ sequence_start: start, sequence_end: end }) => [start, end]);

/** Waits, up to a bound that only a hanging test meets, until so many checkpoints are in the file. */
async function untilSealed(path: string, checkpoints: number): Promise<void> {
  const deadline = performance.now() + PATIENCE_MS;
  while (rangesIn(path).length < checkpoints && performance.now() < deadline) await sleep(5);
}

async function appendOneByOne(journal: Journal, count: number): Promise<void> {
  for (let i = 0; i < count; i += 1) await journal.append(toolCall(i));
}

async function withSeal(seal: SealPolicy, work: (journal: Journal, path: string) => Promise<void>): Promise<string> {
  const path = await newJournal();
  await withJournal(path, (journal) => work(journal, path), { ...QUICK, seal });
  return path;
}

describe('sealing by itself', () => {
  it('after so many events seals whenever that many are not sealed, with the key that was given', async () => {
    const path = await withSeal({ everyEvents: 4, key: KEY }, (journal) => appendOneByOne(journal, 10));
    expect(rangesIn(path)).toEqual([
      [1, 4],
      [5, 8],
    ]);
    expect(await verifyJournal(path, { publicKeys: [KEY.publicKey] })).toMatchObject({
      ok: true,
      coverage: { signed_to_sequence: 8, unsigned_events: 2 },
    });
  });

  it('after so many events seals a larger commit as one', async () => {
    const path = await withSeal({ everyEvents: 4 }, async (journal) => {
      await journal.appendAll(Array.from({ length: 11 }, (_, i) => toolCall(i)));
      await appendOneByOne(journal, 3);
    });
    expect(rangesIn(path)).toEqual([[1, 11]]);
  });

  it('counts the events of other writers too', async () => {
    const path = await withSeal({ everyEvents: 4 }, async (journal, at) => {
      await withJournal(at, (other) => appendOneByOne(other, 3));
      await journal.append(toolCall(4));
    });
    expect(rangesIn(path)).toEqual([[1, 4]]);
  });

  it('after so much time seals what was appended, once, and again what comes later', async () => {
    const path = await withSeal({ everyMs: 5, key: KEY }, async (journal, at) => {
      await journal.append(toolCall(1));
      await untilSealed(at, 1);
      await journal.append(toolCall(2));
      await untilSealed(at, 2);
    });
    expect(rangesIn(path)).toEqual([
      [1, 1],
      [2, 2],
    ]);
    expect(await verifyJournal(path, STRICT)).toMatchObject({ ok: true });
  });

  it('after so much time has nothing left to do when somebody sealed in between', async () => {
    const path = await withSeal({ everyMs: 40 }, async (journal) => {
      await journal.append(toolCall(1));
      await journal.checkpoint();
      await sleep(120);
    });
    expect(rangesIn(path)).toEqual([[1, 1]]);
  });

  it('at the end seals what is left, and nothing when nothing is', async () => {
    const seal = { onClose: true, key: KEY };
    const path = await withSeal(seal, (journal) => appendOneByOne(journal, 3));
    expect(rangesIn(path)).toEqual([[1, 3]]);
    await withJournal(path, () => Promise.resolve(), { ...QUICK, seal });
    expect(rangesIn(path)).toEqual([[1, 3]]);
    expect(await verifyJournal(path, STRICT)).toMatchObject({ ok: true });
  });

  it('does not happen unless it is asked for', async () => {
    expect(rangesIn(await withSeal({}, (journal) => appendOneByOne(journal, 50)))).toEqual([]);
  });

  it.each([{ everyEvents: 0 }, { everyEvents: 1.5 }, { everyMs: 0 }, { everyMs: Number.NaN }])(
    'refuses %o',
    async (seal) => {
      expect((await caught(openJournal(await newJournal(), { ...QUICK, seal }))).code).toBe('INVALID_ARGUMENT');
    },
  );
});

/** A handle whose seals cannot be written while `isBroken`. */
async function withBrokenSeals(seal: SealPolicy): Promise<{ path: string; journal: Journal; broken: { is: boolean } }> {
  const path = await newJournal();
  const faults = new FaultFileSystem();
  const broken = { is: true };
  faults.intercept = ({ operation, args }, proceed) => {
    const isSeal = operation === 'write' && Buffer.from(args[1] as Uint8Array).includes('"checkpoint":{');
    if (broken.is && isSeal) throw errnoError('ENOSPC');
    return proceed();
  };
  return { path, broken, journal: await openJournal(path, { ...QUICK, fileSystem: faults.fs, seal }) };
}

describe('an automatic seal that fails', () => {
  it('does not fail the append it followed, and is thrown when the handle is closed', async () => {
    const { path, journal } = await withBrokenSeals({ everyEvents: 2 });
    await appendOneByOne(journal, 5);
    expect((await caught(journal.close())).code).toBe('DISK_FULL');
    expect(await verifyJournal(path)).toMatchObject({ ok: true, coverage: { events: 5, checkpoints: 0 } });
    await withJournal(path, (again) => appendOneByOne(again, 1));
  });

  it('on its timer is thrown at the close too, not into the process', async () => {
    const { path, journal } = await withBrokenSeals({ everyMs: 1 });
    await journal.append(toolCall(1));
    await sleep(50);
    expect((await caught(journal.close())).code).toBe('DISK_FULL');
    expect(rangesIn(path)).toEqual([]);
  });

  it('is made up for by the next one, and then forgotten', async () => {
    const { path, journal, broken } = await withBrokenSeals({ everyEvents: 2 });
    await appendOneByOne(journal, 3);
    broken.is = false;
    await appendOneByOne(journal, 1);
    await journal.close();
    expect(rangesIn(path)).toEqual([[1, 4]]);
  });

  it('at the close is thrown, after everything else was put in order', async () => {
    const { path, journal } = await withBrokenSeals({ onClose: true });
    await appendOneByOne(journal, 2);
    expect((await caught(journal.close())).code).toBe('DISK_FULL');
    await withJournal(path, (again) => appendOneByOne(again, 1), { ...QUICK, lockTimeoutMs: 0 });
    expect(await verifyJournal(path)).toMatchObject({ ok: true, coverage: { events: 3 } });
  });

  it('because the disk did not confirm it poisons the handle: nothing may be built on such a disk', async () => {
    const path = await newJournal();
    const faults = new FaultFileSystem();
    let isSealing = false;
    faults.intercept = ({ operation, args, path: at }, proceed) => {
      if (operation === 'write' && at === path)
        isSealing = Buffer.from(args[1] as Uint8Array).includes('"checkpoint":{');
      if (operation === 'syncData' && at === path && isSealing) throw errnoError('EIO');
      return proceed();
    };
    const journal = await openJournal(path, { ...QUICK, fileSystem: faults.fs, seal: { everyEvents: 2 } });
    await appendOneByOne(journal, 2);
    expect((await caught(journal.append(toolCall(3)))).code).toBe('HANDLE_POISONED');
    expect((await caught(journal.close())).code).toBe('SYNC_FAILED');
    expect(linesOf(path)).toHaveLength(3);
    await withJournal(path, (again) => appendOneByOne(again, 1));
    expect(await verifyJournal(path)).toMatchObject({ ok: true, coverage: { events: 3 } });
  });
});
