/**
 * `npm run nightly`: soak, drift, benchmarks and budgets, into one folder with a page to read in the morning.
 *
 *     npm run nightly -- [--minutes N] [--processes K] [--seed S] [--events N] [--dir FOLDER] [--out FOLDER] [--quick]
 *
 * The soak takes 30 minutes unless told, the rest about 20. Each part runs whatever became of the others. `--quick` does
 * little of everything and judges no figure. Exits 1 unless all is well.
 */
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { judgeAll, readBudgets } from './budgets.js';
import { runDrift } from './drift/run-drift.js';
import { installPeers } from './install-peers.js';
import { isGreen, summaryPage, type NightlyResult } from './nightly/summary.js';
import { resultsDir } from './paths.js';
import { writeDrift, writeReport, writeResult } from './results.js';
import { runSuites } from './run-suites.js';
import { makeSchedule, newSeed } from './soak/schedule.js';
import { soakAndReport } from './soak/soak-and-report.js';

const MINUTE_MS = 60_000;
/** A nightly job has a limit of its own. */
const MAX_SHRINK_MS = 10 * MINUTE_MS;

const { values: flags } = parseArgs({
  options: {
    minutes: { type: 'string' },
    processes: { type: 'string' },
    seed: { type: 'string' },
    events: { type: 'string' },
    dir: { type: 'string', default: tmpdir() },
    out: { type: 'string' },
    quick: { type: 'boolean', default: false },
  },
});

const isQuick = flags.quick;
const date = new Date().toISOString().slice(0, 10);
const out = flags.out ?? join(resultsDir, `nightly-${date}${isQuick ? '-quick' : ''}`);
const failures: string[] = [];
if (!isQuick) installPeers();

const soak = await part('soak', async () => {
  const durationMs = Number(flags.minutes ?? (isQuick ? 0.25 : 30)) * MINUTE_MS;
  const processes = Number(flags.processes ?? (isQuick ? 4 : 12));
  const schedule = makeSchedule({ seed: newSeed(flags.seed), durationMs, processes });
  return soakAndReport(schedule, { dir: flags.dir, out, name: 'soak', shrinkMs: Math.min(durationMs, MAX_SHRINK_MS) });
});
const drift = await part('drift', async () => {
  const result = await runDrift({
    events: Number(flags.events ?? (isQuick ? 2_000 : 1_000_000)),
    isQuick,
    dir: flags.dir,
  });
  writeDrift('drift', result, out);
  return result.report;
});
const bench = await part('bench', async () => {
  const report = await runSuites({ isQuick, only: [], dir: flags.dir });
  writeReport('bench', report, out);
  return report;
});
const rows = [bench, drift].flatMap((report) => report?.rows ?? []);
const result: NightlyResult = {
  date,
  ...(soak === undefined ? {} : { soak }),
  ...(drift === undefined ? {} : { drift }),
  ...(bench === undefined ? {} : { bench }),
  judgements: isQuick ? [] : judgeAll(readBudgets(), rows),
  failures,
};
const page = writeResult('summary.md', summaryPage(result), out);
console.log(`${isGreen(result) ? 'green' : 'RED'}: ${page}`);
process.exitCode = isGreen(result) ? 0 : 1;

/** Undefined, and the reason noted, when it could not be finished. */
async function part<T>(name: string, work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    failures.push(`${name}: ${error instanceof Error ? error.message : String(error)}`);
    return undefined;
  }
}
