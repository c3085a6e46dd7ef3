/** What happens to a swarm, and when: made from the seed alone, so that it can be run again. */
import { derivedSeed, Random } from './random.js';

export type Role = 'writer' | 'reader' | 'checkpointer' | 'compactor' | 'pruner' | 'verifier';

/** What is done to the process in a slot. */
export type Fault =
  | { readonly atMs: number; readonly slot: number; readonly kind: 'kill'; readonly restartAfterMs: number }
  | { readonly atMs: number; readonly slot: number; readonly kind: 'stop'; readonly forMs: number };

export interface Schedule {
  readonly seed: number;
  readonly durationMs: number;
  /** Sessions that are written to at the same time. */
  readonly lanes: number;
  /** The role of the process in each slot. */
  readonly roles: readonly Role[];
  /** In the order of their times. */
  readonly faults: readonly Fault[];
}

export interface ScheduleOptions {
  readonly seed: number;
  readonly durationMs: number;
  /** Writers and readers; the keepers come on top. */
  readonly processes: number;
}

/** One of each, beside the writers and readers. */
const KEEPERS: readonly Role[] = ['checkpointer', 'compactor', 'pruner', 'verifier'];

/** One process in so many reads. */
const READER_EVERY = 4;
const WRITERS_A_LANE = 3;
/** Something happens to somebody this often, in the mean. */
const MEAN_PAUSE_MS = 700;
const KILL_SHARE = 0.6;
const MAX_RESTART_MS = 400;
/** Shorter than a lock directory takes to become stale: a stopped writer is waited for. */
const MAX_STOP_MS = 3_000;

/** @throws RangeError when there is no process, or no time */
export function makeSchedule({ seed, durationMs, processes }: ScheduleOptions): Schedule {
  if (!Number.isSafeInteger(processes) || processes < 1) throw new RangeError(`processes: ${processes}`);
  if (!(durationMs > 0)) throw new RangeError(`duration: ${durationMs} ms`);
  const swarm = Array.from({ length: processes }, (_, slot): Role => {
    return slot % READER_EVERY === READER_EVERY - 1 ? 'reader' : 'writer';
  });
  const writers = swarm.filter((role) => role === 'writer').length;
  const roles = [...swarm, ...KEEPERS];
  const random = new Random(derivedSeed(seed, 1));
  const faults: Fault[] = [];
  for (let atMs = pause(random); atMs < durationMs; atMs += pause(random)) {
    const slot = random.between(0, roles.length);
    faults.push(
      random.chance(KILL_SHARE)
        ? { atMs, slot, kind: 'kill', restartAfterMs: random.between(0, MAX_RESTART_MS) }
        : { atMs, slot, kind: 'stop', forMs: random.between(10, MAX_STOP_MS) },
    );
  }
  return { seed, durationMs, lanes: Math.ceil(writers / WRITERS_A_LANE), roles, faults };
}

/** The seed that is given, or one that nobody chose. @throws RangeError when it is no whole number */
export function newSeed(given: string | undefined): number {
  const seed = given === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(given);
  if (Number.isSafeInteger(seed)) return seed;
  throw new RangeError(`a seed is a whole number, not ${given}`);
}

/** Exponential: bursts and lulls, as faults come. */
function pause(random: Random): number {
  return Math.ceil(-Math.log(1 - random.next()) * MEAN_PAUSE_MS);
}

/** `12.3 s: kill 4 (compactor)`, a line each. */
export function describeFaults({ faults, roles }: Schedule): string {
  return faults
    .map((fault) => {
      const what = fault.kind === 'kill' ? 'kill' : `stop for ${fault.forMs} ms`;
      return `${(fault.atMs / 1000).toFixed(2)} s: ${what} slot ${fault.slot} (${roles[fault.slot]})`;
    })
    .join('\n');
}
