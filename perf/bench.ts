/**
 * `npm run bench`: measures the project against the bare calls its work cannot do without, in one run, by turns.
 *
 *     npm run bench -- [--quick] [--only SUITE]... [--dir FOLDER]
 *
 * `--quick` does little of everything: it shows that all of it runs and that what was written verifies; its figures mean
 * nothing. `--dir` is where journals are written (the system's temporary folder), which should be a real disk. Prints a
 * table, writes perf/results/*.json, and exits 1 only when something was wrong with what was written.
 */
import { mkdirSync, mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { openJournal } from '../src/index.js';
import { Context, lastLineBytes, type Suite } from './context.js';
import { resultsDir } from './paths.js';
import { machineFacts, renderTable, toRow, type Report, type Row } from './report.js';
import { buffered } from './suites/buffered.js';
import { oneShot, stdin } from './suites/cli.js';
import { durable } from './suites/durable.js';
import { encode } from './suites/encode.js';
import { memory, openLarge } from './suites/large.js';
import { processes } from './suites/processes.js';
import { prove } from './suites/prove.js';
import { runpack } from './suites/runpack.js';
import { seal } from './suites/seal.js';
import { verification } from './suites/verify.js';

const WRITING: readonly Suite[] = [encode, durable, buffered, openLarge, memory, stdin, oneShot, processes];
const EVIDENCE: readonly Suite[] = [seal, verification, runpack, prove];
const SUITES: readonly Suite[] = [...WRITING, ...EVIDENCE];

const { values: flags } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    only: { type: 'string', multiple: true, default: [] },
    dir: { type: 'string', default: tmpdir() },
  },
});

const dir = mkdtempSync(join(flags.dir, 'gait-bench-'));
process.on('exit', () => rmSync(dir, { recursive: true, force: true }));
process.once('SIGINT', () => process.exit(130));
process.once('SIGTERM', () => process.exit(143));

const startedAt = performance.now();
const context = new Context(dir, flags.quick);
const rows: Row[] = [];
for (const suite of chosen(flags.only)) {
  process.stderr.write(`${suite.name} ...\n`);
  for (const measured of await suite.run(context)) rows.push(toRow(measured, !flags.quick));
}
const report: Report = {
  ...machineFacts(),
  file_system: `0x${statfsSync(dir).type.toString(16)}`,
  quick: flags.quick,
  line_bytes: await sampleLineBytes(),
  seconds: Math.round((performance.now() - startedAt) / 1000),
  rows,
};
const name = ['bench', ...flags.only, ...(flags.quick ? ['quick'] : [])].join('-');
mkdirSync(resultsDir, { recursive: true });
writeFileSync(join(resultsDir, `${name}.json`), `${JSON.stringify(report, null, 2)}\n`);
console.log(renderTable(rows));
console.log(
  `\nNode ${report.node}, ${report.cpus} CPUs, lines of ${report.line_bytes} bytes, ${report.seconds} s` +
    `${flags.quick ? '; too short to judge' : ''}; also in perf/results/${name}.json`,
);

function chosen(only: readonly string[]): readonly Suite[] {
  const unknown = only.find((wanted) => SUITES.every((suite) => suite.name !== wanted));
  if (unknown !== undefined) {
    const known = SUITES.map((suite) => suite.name).join(', ');
    throw new Error(`there is no suite ${JSON.stringify(unknown)}; known: ${known}`);
  }
  return only.length === 0 ? SUITES : SUITES.filter((suite) => only.includes(suite.name));
}

async function sampleLineBytes(): Promise<number> {
  const journal = await openJournal(await context.newSession());
  await journal.append(context.event);
  await journal.close();
  return lastLineBytes(journal.path);
}
