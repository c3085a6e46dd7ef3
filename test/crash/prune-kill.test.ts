import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { executePrune, planPrune, readStatus, verify, type RootReport } from '../../src/index.js';
import { addSession, at, event, KEY, newRoot, NOW, type Root } from '../retention/roots.js';
import { seededRandom, testSeed } from '../support/seeded.js';
import { Worker } from '../support/worker.js';

const SEED = testSeed();
const ROUNDS = 6;
const KILLS = 5;
/** About as long as a whole prune of these sessions takes. */
const MAX_LIFE_MS = 120;
const OLD = ['old1', 'old2', 'old3', 'old4'];

/** Four sessions to remove, one more with a segment, which was idle for as long, and one to keep. */
async function fill(): Promise<Root> {
  const root = newRoot();
  for (const id of OLD) await addSession(root, id, { ageDays: 40 });
  await addSession(root, 'young', { ageDays: 0 });
  await addSession(root, 'long', {
    ageDays: 30,
    end: 'sealed',
    work: async (journal) => {
      await journal.checkpoint({ key: KEY });
      await journal.compact();
      await journal.append(event(9));
    },
  });
  return root;
}

test(`a prune that dies by SIGKILL, ${ROUNDS * KILLS} times (seed ${SEED}), leaves a root that verifies, and is finished by the next`, async () => {
  const random = seededRandom(SEED);
  for (let round = 0; round < ROUNDS; round += 1) {
    const root = await fill();
    for (let kill = 0; kill < KILLS; kill += 1) {
      const worker = new Worker('prune.mjs', { root: root.root, now: NOW, seed: Buffer.alloc(32, 7).toString('hex') });
      // False when there was nothing left to plan, or the ledger was not to be read: then stderr says why.
      await worker.saying(({ state }) => state === 'open');
      await sleep(random() * MAX_LIFE_MS);
      await worker.kill();
      expect(worker.stderr).toBe('');
      const report = (await verify(root.root, { publicKeys: [KEY.publicKey] })) as RootReport;
      expect({ kill, problems: report.problems, ok: report.ok }).toEqual({ kill, problems: [], ok: true });
      expect((await readStatus(root.path('young'))).closed).toBe(true);
    }
    const options = { ...at(NOW), profile: 'short' };
    const { plan_digest: digest } = await planPrune(root.root, options);
    await executePrune(digest, { ...options, root: root.root, key: KEY });
    const report = (await verify(root.root, { publicKeys: [KEY.publicKey] })) as RootReport;
    expect(report.ok).toBe(true);
    for (const id of OLD) expect(existsSync(root.path(id))).toBe(false);
    expect(report.removed_sessions).toBe(OLD.length + 1);
    const trash = join(root.root, '.gait-trash');
    expect(existsSync(trash) ? readdirSync(trash) : []).toEqual([]);
    // Planned again, there is nothing to do.
    expect(await planPrune(root.root, options)).toMatchObject({ delete_count: 0 });
  }
}, 300_000);
