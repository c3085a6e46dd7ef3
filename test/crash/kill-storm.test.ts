/** Several processes do everything at once to one journal; they are killed, stopped and woken at random, their clocks jump. */
import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { openJournal, verify, type Receipt } from '../../src/index.js';
import { expectLinear, newJournal } from '../support/linear-journal.js';
import { tell, times } from '../support/long-form.js';
import { KEY } from '../support/sealed-session.js';
import { seededRandom, testSeed } from '../support/seeded.js';
import { Worker } from '../support/worker.js';

const SEED = testSeed();
const KILLS = times(45, 2_000);
/** A journal grows with every kill; a new one keeps its checking from taking over. */
const KILLS_A_JOURNAL = 100;
const WORKERS = 3;
const MAX_PAUSE_MS = 60;
const HOUR_MS = 3_600_000;
/** Backwards, none, and forwards. */
const SKEWS = [-48 * HOUR_MS, 0, 48 * HOUR_MS] as const;

class Storm {
  readonly receipts: Map<string, Receipt> = new Map();
  kills = 0;
  stops = 0;
  readonly #path: string;
  readonly #random: () => number;
  readonly #alive: Worker[] = [];

  constructor(path: string, random: () => number) {
    this.#path = path;
    this.#random = random;
  }

  async blow(kills: number): Promise<void> {
    for (let count = 0; count < WORKERS; count += 1) this.#start();
    while (this.kills < kills) {
      await sleep(this.#random() * MAX_PAUSE_MS);
      const victim = this.#alive[Math.floor(this.#random() * this.#alive.length)];
      if (victim === undefined) throw new Error('nobody is left to be killed');
      if (this.#random() < 0.25) await this.#stop(victim);
      else await this.#kill(victim);
    }
    for (const worker of this.#alive.splice(0)) {
      await worker.kill();
      this.#take(worker);
    }
  }

  #take(worker: Worker): void {
    expect(worker.stderr).toBe('');
    for (const [ack, receipt] of worker.receipts) this.receipts.set(ack, receipt);
  }

  #start(): void {
    const name = `k${this.kills}-${this.#alive.length}`;
    const skewMs = SKEWS[Math.floor(this.#random() * SKEWS.length)];
    this.#alive.push(new Worker('everything.mjs', { path: this.#path, name: `${name}-${this.#random()}`, skewMs }));
  }

  /** Somebody else may be waiting for what it holds. */
  async #stop(worker: Worker): Promise<void> {
    this.stops += 1;
    worker.child.kill('SIGSTOP');
    await sleep(this.#random() * MAX_PAUSE_MS);
    worker.child.kill('SIGCONT');
  }

  async #kill(worker: Worker): Promise<void> {
    // Now and then before it has done anything: while it opens, locks, catches up.
    if (this.#random() < 0.8) await worker.saying(({ ack }) => ack !== undefined);
    await worker.kill();
    this.kills += 1;
    this.#alive.splice(this.#alive.indexOf(worker), 1);
    this.#take(worker);
    this.#start();
  }
}

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
