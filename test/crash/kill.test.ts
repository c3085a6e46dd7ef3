import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { openJournal, type OpenOptions, type Receipt } from '../../src/index.js';
import { expectLinear, newJournal } from '../support/linear-journal.js';
import { seededRandom, testSeed } from '../support/seeded.js';
import { Worker } from '../support/worker.js';

const SEED = testSeed();
const KILLS_EACH = 60;
/** How long a worker lives after its first receipt. */
const MAX_LIFE_MS = 30;
/** One kill in so many hits the worker before it has its first receipt: while it opens, locks, catches up. */
const EARLY_EVERY = 3;
/** Starting Node takes about this long, so that an early kill mostly hits gait and not Node. */
const MAX_EARLY_MS = 150;

/** Waiting longer than this for a lock fails, so that no clock is needed to see that a dead writer is not waited for. */
const NEXT_APPEND: OpenOptions = { lockTimeoutMs: 100 };

interface Case {
  readonly name: string;
  readonly options: OpenOptions;
  readonly callers: number;
}

const CASES: readonly Case[] = [
  { name: 'shared and durable', options: {}, callers: 1 },
  { name: 'shared and durable, from 16 callers', options: {}, callers: 16 },
  { name: 'exclusive and durable', options: { lock: 'exclusive' }, callers: 1 },
  { name: 'shared and buffered', options: { durability: 'buffered' }, callers: 4 },
  { name: 'under the kernel lock alone', options: { lockLayers: 'kernel' }, callers: 2 },
];

/** Kills writers of one journal, one after the other, and appends after each. Returns the journal and every receipt. */
async function killRepeatedly({ options, callers }: Case, seed: number): Promise<[string, Map<string, Receipt>]> {
  const random = seededRandom(seed);
  const path = await newJournal();
  const receipts = new Map<string, Receipt>();
  const { lockLayers } = options;
  const nextOptions = { ...NEXT_APPEND, ...(lockLayers === undefined ? {} : { lockLayers }) };
  for (let round = 0; round < KILLS_EACH; round += 1) {
    const worker = new Worker('append.mjs', { path, options, name: `k${round}`, callers });
    if (round % EARLY_EVERY === 0) await sleep(random() * MAX_EARLY_MS);
    else {
      const hasAppended = await worker.saying(({ ack }) => ack !== undefined);
      expect({ hasAppended, stderr: worker.stderr }).toEqual({ hasAppended: true, stderr: '' });
      await sleep(random() * MAX_LIFE_MS);
    }
    await worker.kill();
    expect(worker.stderr).toBe('');
    for (const [id, receipt] of worker.receipts) receipts.set(id, receipt);

    const journal = await openJournal(path, nextOptions);
    const id = `after-${round}`;
    receipts.set(id, await journal.append({ tool_name: 'tool.work', verdict: 'allow', correlation_id: id }));
    await journal.close();
  }
  return [path, receipts];
}

describe(`a journal whose writers die by SIGKILL at random moments, ${CASES.length * KILLS_EACH} times in all`, () => {
  test.each(CASES.map((each, index) => ({ ...each, seed: SEED + index })))(
    'takes the next append at once and keeps what was acknowledged ($name, seed $seed)',
    async (each) => {
      const [path, receipts] = await killRepeatedly(each, each.seed);
      await expectLinear(path, receipts);
      expect(existsSync(`${path}.lock`)).toBe(false);
    },
    300_000,
  );
});
