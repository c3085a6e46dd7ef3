/** One soak: a world, a swarm, a schedule, and the check at the end. */
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { checkFinally, type FinalCheck } from './final-check.js';
import type { Schedule } from './schedule.js';
import { shrink } from './shrink.js';
import { Swarm, type SwarmResult } from './swarm.js';
import { World } from './world.js';

export interface SoakOutcome {
  readonly swarm: SwarmResult;
  readonly check: FinalCheck;
  /** Everything that is wrong, in words; empty when the soak passed. */
  readonly failures: readonly string[];
  /** Where the evidence of a failure lies. */
  readonly dir: string;
}

/** @param parent where the world is made; it is removed when the soak passes, and left for looking at when it fails */
export async function runSoak(schedule: Schedule, parent: string): Promise<SoakOutcome> {
  const dir = mkdtempSync(join(parent, 'gait-soak-'));
  const world = await World.create(dir, schedule.lanes);
  const swarm = await new Swarm(dir, world, schedule).run();
  const check = await checkFinally(world, schedule.lanes);
  const failures = [
    ...swarm.failures,
    ...check.failures,
    ...check.violations.map(({ session, kind, id, detail }) => `${session}: ${id} ${kind}: ${detail}`),
  ];
  if (failures.length === 0) rmSync(dir, { recursive: true, force: true });
  return { swarm, check, failures, dir };
}

/** Time that a shortened schedule goes on after its last fault, so that what broke is met by somebody. */
const AFTERMATH_MS = 2_000;

/**
 * Looks for fewer faults that still make it fail, for at most `budgetMs`. Processes race, so a schedule that fails once may
 * pass the next time: what comes back did fail, but is not always the smallest.
 */
export async function shrinkSchedule(
  schedule: Schedule,
  parent: string,
  budgetMs: number,
  onTrial: (faults: number, failed: boolean) => void,
): Promise<Schedule> {
  const endsAt = performance.now() + budgetMs;
  const shortened = (faults: Schedule['faults']): Schedule => {
    const last = faults.at(-1)?.atMs ?? 0;
    return { ...schedule, faults, durationMs: Math.min(schedule.durationMs, last + AFTERMATH_MS) };
  };
  const stillFails = async (faults: Schedule['faults']): Promise<boolean> => {
    const { failures, dir } = await runSoak(shortened(faults), parent);
    // Only the first failure is kept to be looked at.
    rmSync(dir, { recursive: true, force: true });
    onTrial(faults.length, failures.length > 0);
    return failures.length > 0;
  };
  const smallest = await shrink(schedule.faults, stillFails, () => performance.now() < endsAt);
  return smallest === schedule.faults ? schedule : shortened(smallest);
}
