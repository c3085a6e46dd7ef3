/** The power goes while the damage of an earlier power cut is being repaired, at every step of that. */
import { expect, it } from 'vitest';
import { openJournal, startSession } from '../../src/index.js';
import { IDS, toolCall } from '../support/journal-fixtures.js';
import { sampler, tell } from '../support/long-form.js';
import type { CrashState } from '../support/model-disk.js';
import {
  expectKept,
  naming,
  optionsOf,
  PATH,
  prepared,
  runUntil,
  type Told,
  type Work,
} from '../support/power-cuts.js';
import { KEY } from '../support/sealed-session.js';
import { testSeed } from '../support/seeded.js';

const SEED = testSeed();

/** Something of everything that can be left half done. */
const WORK: Work = {
  name: 'append, seal, compact',
  prepare: async (disk, told) => {
    await startSession(PATH, IDS, optionsOf(disk));
    const journal = await openJournal(PATH, optionsOf(disk));
    told.receipts.push(await journal.append(toolCall(1)));
    await journal.close();
  },
  run: async (disk, told) => {
    const journal = await openJournal(PATH, optionsOf(disk));
    told.receipts.push(await journal.append(toolCall(2)));
    await journal.checkpoint({ key: KEY });
    told.receipts.push(...(await journal.appendAll([toolCall(3), toolCall(4)])));
    await journal.compact();
    told.receipts.push(await journal.append(toolCall(5)));
    await journal.close();
  },
  check: expectKept,
};

/** What an operator's tools do first after a crash. It may be cut itself. */
async function comeBack({ disk }: CrashState): Promise<void> {
  await startSession(PATH, IDS, optionsOf(disk));
  const journal = await openJournal(PATH, { ...optionsOf(disk), lock: 'exclusive' });
  await journal.compact();
  await journal.close();
}

/** @returns states looked at */
async function cutRecovery(first: CrashState, told: Told, when: string, isLookedAt: () => boolean): Promise<number> {
  let looked = 0;
  for (let cutAt = 1, isCut = true; isCut; cutAt += 1) {
    const disk = first.disk.copy();
    isCut = await runUntil(cutAt, disk, () => comeBack({ name: first.name, disk }));
    for (const second of disk.crashStates(true)) {
      if (!isLookedAt()) continue;
      looked += 1;
      const then = `${when}; recovery cut at step ${cutAt}: ${second.name}`;
      await naming(then, () => expectKept(second.disk, told, then));
    }
  }
  return looked;
}

it(`a crash during the recovery of a crash loses nothing either (seed ${SEED})`, async () => {
  // All of them would be more than 100,000. Every cut of the work and of each recovery has its turn; states of one are alike.
  const isFirst = sampler(SEED, 40, 2);
  const isSecond = sampler(SEED + 1, 30, 10);
  let firsts = 0;
  let looked = 0;
  for (let cutAt = 1, isCut = true; isCut; cutAt += 1) {
    const { disk, told } = await prepared(WORK);
    isCut = await runUntil(cutAt, disk, () => WORK.run(disk, told));
    // A torn journal has the most to repair, so none of those is left out.
    const states = disk.crashStates().filter(({ name }) => name.startsWith(`${PATH} torn`) || isFirst());
    for (const state of states) {
      firsts += 1;
      const when = `cut at step ${cutAt}: ${state.name}`;
      looked += await naming(when, () => cutRecovery(state, told, when, isSecond));
    }
  }
  tell('power cuts, a crash during the recovery of a crash', { 'first crashes': firsts, 'states looked at': looked });
  expect(looked).toBeGreaterThan(40);
}, 3_600_000);
