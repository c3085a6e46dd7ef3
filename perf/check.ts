/**
 * `npm run bench:check`: holds the results to perf/budgets.json. Fails, naming each row, when one misses its budget or was
 * not measured.
 *
 *     npm run bench:check -- [--results FOLDER] [--dir FOLDER]
 *
 * With `--results` it judges the bench.json and drift.json that lie there; without, it measures first (some minutes).
 */
import { tmpdir } from 'node:os';
import { parseArgs } from 'node:util';
import { describeJudgement, isBroken, judgeAll, readBudgets } from './budgets.js';
import { runDrift } from './drift/run-drift.js';
import { installPeers } from './install-peers.js';
import type { Report } from './report.js';
import { readReport, writeDrift, writeReport } from './results.js';
import { runSuites } from './run-suites.js';

const { values: flags } = parseArgs({
  options: { results: { type: 'string' }, dir: { type: 'string', default: tmpdir() } },
});

const reports = flags.results === undefined ? await measure(flags.dir) : readAll(flags.results);
if (reports.length === 0) throw new Error(`there is no bench.json and no drift.json in ${flags.results}`);
const tooShort = reports.filter(({ quick }) => quick).map(({ what }) => what);
if (tooShort.length > 0) throw new Error(`too short to judge: ${tooShort.join(', ')}`);
const judgements = judgeAll(
  readBudgets(),
  reports.flatMap(({ rows }) => rows),
);
for (const judgement of judgements)
  console.log(`${isBroken(judgement) ? 'FAIL' : 'ok  '} ${describeJudgement(judgement)}`);
const broken = judgements.filter(isBroken);
console.log(`\n${judgements.length} budgets, ${broken.length} broken`);
process.exitCode = broken.length === 0 ? 0 : 1;

async function measure(dir: string): Promise<Report[]> {
  installPeers();
  const bench = await runSuites({ isQuick: false, only: [], dir });
  writeReport('bench', bench);
  const drift = await runDrift({ events: 1_000_000, isQuick: false, dir });
  writeDrift('drift', drift);
  return [bench, drift.report];
}

function readAll(dir: string): Report[] {
  return ['bench', 'drift'].flatMap((name) => readReport(name, dir) ?? []);
}
