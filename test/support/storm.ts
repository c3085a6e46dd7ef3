/** Processes of one journal that are killed, stopped and woken at random, and replaced. */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import type { Receipt } from '../../src/index.js';
import { Worker } from './worker.js';

/** Alive at the same time. */
export const WORKERS = 3;
const MAX_PAUSE_MS = 60;
const HOUR_MS = 3_600_000;
/** Of their clocks: backwards, none, and forwards. */
const SKEWS = [-48 * HOUR_MS, 0, 48 * HOUR_MS] as const;

export class Storm {
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
    expectSilent(worker);
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

function expectSilent({ stderr }: Worker): void {
  expect(stderr).toBe('');
}
