/** What every process of the swarm has: its place, its draws, a way to say what it did, and when to stop. */
import { isGaitError, type ErrorCode } from '../../src/index.js';
import { Histogram, type Buckets } from './histogram.js';
import { derivedSeed, Random } from './random.js';
import type { Role } from './schedule.js';
import { World } from './world.js';

/** What a process is told when it starts, as JSON in its arguments. */
export interface WorkerOrder {
  readonly dir: string;
  readonly role: Role;
  readonly slot: number;
  readonly lanes: number;
  readonly seed: number;
}

/** From a process to the swarm, every half second: what it did since the last one. */
export interface WorkerWindow {
  readonly latencies: Buckets;
  readonly tally: Readonly<Record<string, number>>;
}

export class RoleContext {
  readonly world: World;
  readonly slot: number;
  readonly lanes: number;
  readonly random: Random;
  readonly latencies: Histogram = new Histogram();
  isStopping = false;
  #tally: Record<string, number> = {};

  constructor({ dir, slot, lanes, seed }: WorkerOrder) {
    this.world = new World(dir);
    this.slot = slot;
    this.lanes = lanes;
    this.random = new Random(derivedSeed(seed, slot));
  }

  count(what: string, times = 1): void {
    this.#tally[what] = (this.#tally[what] ?? 0) + times;
  }

  takeWindow(): WorkerWindow {
    const window = { latencies: this.latencies.take(), tally: this.#tally };
    this.#tally = {};
    return window;
  }

  /**
   * Does something that may fail for a reason that is no defect: in a crowd a lock can take too long, and a session can be
   * closed or pruned while somebody looks at it. The code is counted.
   *
   * @returns undefined when it failed with one of `codes`; any other error is thrown on
   */
  async tolerate<T>(codes: readonly ErrorCode[], work: () => Promise<T>): Promise<T | undefined> {
    try {
      return await work();
    } catch (error) {
      if (!isGaitError(error) || !codes.includes(error.code)) throw error;
      this.count(error.code);
      return undefined;
    }
  }
}

/** Does one round of a role; the worker calls it until it is told to stop. */
export type PlayRole = (context: RoleContext) => Promise<void>;

/** Waits longer than anybody is stopped for: only a crowd can make it fail. */
export const LOCK_TIMEOUT_MS = 20_000;
