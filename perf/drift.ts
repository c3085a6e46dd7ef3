/**
 * `npm run drift`: appends many events and compares the last tenth of them with the first.
 *
 *     npm run drift -- [--events N] [--dir FOLDER] [--quick]
 *
 * N is 1,000,000 unless told: about five minutes. `--quick` appends 2,000, to see that it works. Writes
 * perf/results/drift.json and drift.svg; exits 1 only when what was written is wrong: `npm run bench:check` judges.
 */
import { tmpdir } from 'node:os';
import { parseArgs } from 'node:util';
import { readBudgets } from './budgets.js';
import { runDrift } from './drift/run-drift.js';
import { renderTable } from './table.js';
import { writeDrift } from './results.js';

const { values: flags } = parseArgs({
  options: {
    events: { type: 'string' },
    dir: { type: 'string', default: tmpdir() },
    quick: { type: 'boolean', default: false },
  },
});

const events = Number(flags.events ?? (flags.quick ? 2_000 : 1_000_000));
const result = await runDrift({ events, isQuick: flags.quick, dir: flags.dir });
const path = writeDrift(flags.quick ? 'drift-quick' : 'drift', result);
console.log(renderTable(result.report.rows, flags.quick ? [] : readBudgets()));
console.log(`\n${result.report.seconds} s${flags.quick ? '; too short to judge' : ''}; also in ${path}`);
