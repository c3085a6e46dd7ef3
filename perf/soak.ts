/**
 * `npm run soak`: a swarm of processes on one root, killed and stopped at random, and a check that nothing was lost.
 *
 *     npm run soak -- [--minutes N] [--processes K] [--seed S] [--dir FOLDER] [--quick]
 *     npm run soak -- --schedule FILE [--dir FOLDER]
 *
 * K counts writers and readers (3 to 1); a checkpointer, a compactor, a pruner and a verifier come on top. The seed decides
 * who is killed or stopped and when; it is printed, and what the operating system makes of it is not in its hands. A failure
 * prints the seed, shrinks the schedule for as long again, and leaves it in perf/results for `--schedule`. `--quick` is 20
 * seconds. Writes perf/results/soak.json and soak.svg; exits 1 when anything is wrong.
 */
import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { parseArgs } from 'node:util';
import { resultsDir } from './paths.js';
import { makeSchedule, newSeed, type Schedule } from './soak/schedule.js';
import { soakAndReport } from './soak/soak-and-report.js';

const MINUTE_MS = 60_000;
const QUICK_MINUTES = 1 / 3;

const { values: flags } = parseArgs({
  options: {
    minutes: { type: 'string' },
    processes: { type: 'string' },
    seed: { type: 'string' },
    schedule: { type: 'string' },
    dir: { type: 'string', default: tmpdir() },
    quick: { type: 'boolean', default: false },
  },
});

const schedule = flags.schedule === undefined ? draw() : readSchedule(flags.schedule);
const report = await soakAndReport(schedule, {
  dir: flags.dir,
  out: resultsDir,
  name: flags.quick ? 'soak-quick' : 'soak',
  shrinkMs: schedule.durationMs,
});
process.exitCode = report.ok ? 0 : 1;

function draw(): Schedule {
  const minutes = Number(flags.minutes ?? (flags.quick ? QUICK_MINUTES : 5));
  const processes = Number(flags.processes ?? (flags.quick ? 4 : 8));
  return makeSchedule({ seed: newSeed(flags.seed), durationMs: minutes * MINUTE_MS, processes });
}

function readSchedule(path: string): Schedule {
  return JSON.parse(readFileSync(path, 'utf8')) as Schedule;
}
