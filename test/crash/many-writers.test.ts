import { describe, expect, test } from 'vitest';
import type { LockLayers, Receipt } from '../../src/index.js';
import { expectLinear, newJournal, readEvents } from '../support/linear-journal.js';
import { Worker } from '../support/worker.js';

const PROCESSES = 16;
/** Long enough for a machine that does other things too. How long a writer waits is no promise of these tests. */
const PATIENT = { lockTimeoutMs: 100_000, lockRetryMs: 5 };

interface Flood {
  readonly each: number;
  readonly layers: LockLayers;
  readonly callers?: number;
}

/** Lets 16 processes append at once and expects that everything they were told is true. */
async function expectFloodKept({ each, layers, callers = 1 }: Flood): Promise<string> {
  const path = await newJournal();
  const options = { ...PATIENT, lockLayers: layers };
  const workers = Array.from(
    { length: PROCESSES },
    (_, index) => new Worker('append.mjs', { path, options, name: `w${index}`, count: each, callers }),
  );
  const ends = await Promise.all(workers.map(({ ended }) => ended));
  expect(workers.map(({ stderr }) => stderr).join('')).toBe('');
  expect(ends).toEqual(ends.map(() => ({ code: 0, signal: null })));
  const receipts = new Map<string, Receipt>(workers.flatMap((worker) => [...worker.receipts]));
  expect(receipts.size).toBe(PROCESSES * each);
  await expectLinear(path, receipts);
  expect(readEvents(path)).toHaveLength(PROCESSES * each);
  return path;
}

describe('16 processes that append durably to one session lose, repeat and tear nothing', () => {
  test('8,000 events under both lock layers', async () => {
    await expectFloodKept({ each: 500, layers: 'both' });
  });

  test('8,000 events under the kernel lock alone', async () => {
    await expectFloodKept({ each: 500, layers: 'kernel' });
  });

  // Fewer, as waiters poll here: without the kernel's help nobody wakes the next in line.
  test('1,600 events under the lock directory alone', async () => {
    await expectFloodKept({ each: 100, layers: 'directory' });
  });

  test('8,000 events in groups, from 8 callers in each process', async () => {
    await expectFloodKept({ each: 500, layers: 'both', callers: 8 });
  });
});
