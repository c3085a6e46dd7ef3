/** Several processes do everything at once to one journal; they are killed, stopped and woken at random, their clocks jump. */
import { existsSync } from 'node:fs';
import { expect, test } from 'vitest';
import { openJournal, verify } from '../../src/index.js';
import { expectLinear, newJournal } from '../support/linear-journal.js';
import { tell, times } from '../support/long-form.js';
import { KEY } from '../support/sealed-session.js';
import { seededRandom, testSeed } from '../support/seeded.js';
import { Storm, WORKERS } from '../support/storm.js';

const SEED = testSeed();
const KILLS = times(45, 2_000);
/** A journal grows with every kill; a new one keeps its checking from taking over. */
const KILLS_A_JOURNAL = 100;

test(`${KILLS} kills among ${WORKERS} processes that do everything keep what was acknowledged (seed ${SEED})`, async () => {
  const random = seededRandom(SEED);
  const total = { kills: 0, stops: 0, receipts: 0 };
  while (total.kills < KILLS) {
    const path = await newJournal();
    const storm = new Storm(path, random);
    await storm.blow(Math.min(KILLS_A_JOURNAL, KILLS - total.kills));
    const journal = await openJournal(path, { lockTimeoutMs: 10_000 });
    const last = { tool_name: 'tool.work', verdict: 'allow', correlation_id: 'last' } as const;
    storm.receipts.set('last', await journal.append(last));
    // Clears away what compactions that died had begun, which the naive reader below would take for lines.
    await journal.checkpoint({ key: KEY });
    await journal.compact();
    await journal.close();
    await expectLinear(path, storm.receipts);
    const report = await verify(path, { publicKeys: [KEY.publicKey] });
    expect(report.problems).toEqual([]);
    expect(existsSync(`${path}.gait/companion`)).toBe(false);
    total.kills += storm.kills;
    total.stops += storm.stops;
    total.receipts += storm.receipts.size;
  }
  tell('kill storm', total);
}, 3_600_000);
