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
import { writeResult } from './results.js';
import { runSoak, shrinkSchedule } from './soak/run-soak.js';
import { describeFaults, makeSchedule, type Schedule } from './soak/schedule.js';
import { describeSoak, soakChart, soakReport } from './soak/soak-report.js';

const MINUTE_MS = 60_000;
const QUICK_MINUTES = 1 / 3;

const { values: flags } = parseArgs({
  options: {
    minutes: { type: 'string' },
    processes: { type: 'string', default: '8' },
    seed: { type: 'string' },
    schedule: { type: 'string' },
    dir: { type: 'string', default: tmpdir() },
    quick: { type: 'boolean', default: false },
  },
});

const schedule =
  flags.schedule === undefined ? newSchedule() : (JSON.parse(readFileSync(flags.schedule, 'utf8')) as Schedule);
const name = flags.quick ? 'soak-quick' : 'soak';
console.log(
  `soak: seed ${schedule.seed}, ${schedule.durationMs / 1000} s, ${schedule.roles.length} processes, ${schedule.faults.length} faults`,
);
const outcome = await runSoak(schedule, flags.dir);
const report = soakReport(schedule, outcome);
writeResult(`${name}.svg`, soakChart(report));
const path = writeResult(`${name}.json`, `${JSON.stringify(report, null, 2)}\n`);
console.log(`${describeSoak(report)}\nalso in ${path}`);
if (!report.ok) await explain(schedule, outcome.dir);
process.exitCode = report.ok ? 0 : 1;

function newSchedule(): Schedule {
  const minutes = Number(flags.minutes ?? (flags.quick ? QUICK_MINUTES : 5));
  const seed = flags.seed === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(flags.seed);
  if (!Number.isSafeInteger(seed)) throw new RangeError(`--seed is a whole number, not ${flags.seed}`);
  return makeSchedule({ seed, durationMs: minutes * MINUTE_MS, processes: Number(flags.processes) });
}

async function explain(failed: Schedule, dir: string): Promise<void> {
  console.log(`\nwhat it left is in ${dir}; shrinking the schedule of seed ${failed.seed} ...`);
  const smallest = await shrinkSchedule(failed, flags.dir, failed.durationMs, (faults, hasFailed) => {
    console.log(`  with ${faults} of ${failed.faults.length} faults: ${hasFailed ? 'fails' : 'passes'}`);
  });
  const file = writeResult(`soak-failure-${failed.seed}.json`, `${JSON.stringify(smallest, null, 2)}\n`);
  console.log(`the smallest schedule seen to fail has ${smallest.faults.length} faults:\n${describeFaults(smallest)}`);
  console.log(`run it again: npm run soak -- --schedule ${file}`);
}
