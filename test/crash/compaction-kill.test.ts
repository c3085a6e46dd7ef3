import { existsSync, readdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { openJournal, type Receipt } from '../../src/index.js';
import { expectLinear, newJournal } from '../support/linear-journal.js';
import { seededRandom, testSeed } from '../support/seeded.js';
import { Worker } from '../support/worker.js';

const SEED = testSeed();
const KILLS = 60;
/** How long a worker lives after its first receipt: a few rounds of appending, sealing and compacting. */
const MAX_LIFE_MS = 40;

test(`a journal whose compactions die by SIGKILL, ${KILLS} times (seed ${SEED}), keeps what was acknowledged`, async () => {
  const random = seededRandom(SEED);
  const path = await newJournal();
  const receipts = new Map<string, Receipt>();
  for (let round = 0; round < KILLS; round += 1) {
    const worker = new Worker('compact.mjs', { path, name: `k${round}` });
    const hasAppended = await worker.saying(({ ack }) => ack !== undefined);
    expect({ hasAppended, stderr: worker.stderr }).toEqual({ hasAppended: true, stderr: '' });
    await sleep(random() * MAX_LIFE_MS);
    await worker.kill();
    expect(worker.stderr).toBe('');
    for (const [id, receipt] of worker.receipts) receipts.set(id, receipt);
  }
  const journal = await openJournal(path, { lockTimeoutMs: 100 });
  receipts.set('last', await journal.append({ tool_name: 'tool.work', verdict: 'allow', correlation_id: 'last' }));
  await journal.checkpoint();
  expect(await journal.compact()).toMatchObject({ compacted: true });
  await journal.close();
  await expectLinear(path, receipts);
  expect(existsSync(`${path}.lock`)).toBe(false);
  // Whatever the dead left: segments in force have three files each, and no other is in the way of their names.
  const names = readdirSync(`${path}.gait/segments`).filter((name) => !name.startsWith('.'));
  expect(names.length % 3).toBe(0);
}, 300_000);
