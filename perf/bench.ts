/**
 * `npm run bench`: measures the project against the bare calls its work cannot do without, and against what else a user
 * could pick, in one run, by turns.
 *
 *     npm run bench -- [--quick] [--only SUITE]... [--dir FOLDER]
 *
 * `--quick` does little of everything: it shows that all of it runs and that what was written verifies; its figures mean
 * nothing, and it installs no peers. `--dir` is where journals are written (the system's temporary folder), which should
 * be a real disk. Prints a table, writes perf/results/bench.json and bench.svg, and exits 1 only when something was wrong
 * with what was written: `npm run bench:check` judges.
 */
import { tmpdir } from 'node:os';
import { parseArgs } from 'node:util';
import { readBudgets } from './budgets.js';
import { installPeers } from './install-peers.js';
import { writeReport } from './results.js';
import { renderTable } from './table.js';
import { runSuites } from './run-suites.js';

const { values: flags } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    only: { type: 'string', multiple: true, default: [] },
    dir: { type: 'string', default: tmpdir() },
  },
});

if (!flags.quick) installPeers();
const report = await runSuites({ isQuick: flags.quick, only: flags.only, dir: flags.dir });
const name = ['bench', ...flags.only, ...(flags.quick ? ['quick'] : [])].join('-');
const path = writeReport(name, report);
console.log(renderTable(report.rows, flags.quick ? [] : readBudgets()));
if (flags.only.length === 0) requireMeasured();
for (const [peer, reason] of Object.entries(report.missing_peers)) console.log(`without ${peer}: ${reason}`);
console.log(
  `\nNode ${report.node}, ${report.cpus} CPUs, lines of ${report.line_bytes} bytes, ${report.seconds} s` +
    `${flags.quick ? '; too short to judge' : ''}; also in ${path}`,
);

/** A budget that names a row which no suite measures would never be broken. */
function requireMeasured(): void {
  const ids = new Set(report.rows.map(({ id }) => id));
  const lost = readBudgets().filter(({ metric }) => !metric.startsWith('drift.') && !ids.has(metric));
  if (lost.length > 0) throw new Error(`no suite measures ${lost.map(({ metric }) => metric).join(', ')}`);
}
