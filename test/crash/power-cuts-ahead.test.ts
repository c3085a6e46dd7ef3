/** The power goes at every step of commits that are made ready during the sync of the one before. */
import { describe, expect, it } from 'vitest';
import { startSession } from '../../src/index.js';
import { IDS, toolCall } from '../support/journal-fixtures.js';
import { openAhead } from '../support/open-ahead.js';
import { cutEverywhere, expectKept, optionsOf, PATH, type Work } from '../support/power-cuts.js';
import { testSeed } from '../support/seeded.js';

const CALLERS = 6;
const EVENTS_EACH = 3;

const AHEAD: Work = {
  name: 'append by several callers, made ready ahead',
  prepare: async (disk) => {
    await startSession(PATH, IDS, optionsOf(disk));
  },
  run: async (disk, told) => {
    const journal = await openAhead(PATH, optionsOf(disk));
    const caller = async (at: number): Promise<void> => {
      for (let sent = 0; sent < EVENTS_EACH; sent += 1) {
        told.receipts.push(await journal.append(toolCall(at * EVENTS_EACH + sent)));
      }
    };
    const callers = await Promise.allSettled(Array.from({ length: CALLERS }, (_, at) => caller(at)));
    const failed = callers.find((each) => each.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
    await journal.close();
  },
  check: expectKept,
};

describe('whatever the power leaves behind', () => {
  it(`of ${AHEAD.name}, everything acknowledged is there, once, in order`, async () => {
    expect(await cutEverywhere(AHEAD, { seed: testSeed(), every: 2 })).toBeGreaterThan(30);
  });
});
