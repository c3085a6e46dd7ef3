/**
 * `npm run bench:compare BASE`: builds a commit and the working tree, runs both by turns, and fails when the working tree is
 * slower by more than 5 % beyond the noise that it measured by running the base against itself.
 *
 *     npm run bench:compare -- BASE [--rounds N] [--only WORKLOAD]... [--dir FOLDER] [--quick]
 *
 * BASE is anything that git knows as a commit. Each workload runs in a process of its own, base twice and head once a round.
 * `--quick` shows that it works and judges nothing.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { askChild } from './child.js';
import { buildBase } from './compare/base-tree.js';
import { compareSides, type Comparison } from './compare/verdict.js';
import { WORKLOADS, type WorkloadName, type WorkloadOrder } from './compare/workloads.js';
import { interleave, type Contender } from './measure.js';
import { repositoryRoot } from './paths.js';
import { writeResult } from './results.js';

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: 'string' },
    only: { type: 'string', multiple: true, default: [] },
    dir: { type: 'string', default: tmpdir() },
    quick: { type: 'boolean', default: false },
  },
});
const [revision] = positionals;
if (revision === undefined) throw new Error('name a base: npm run bench:compare -- BASE');
const rounds = Number(flags.rounds ?? (flags.quick ? 2 : 15));
const chosen = Object.keys(WORKLOADS).filter((name) => flags.only.length === 0 || flags.only.includes(name));
if (chosen.length === 0) throw new Error(`no such workload; known: ${Object.keys(WORKLOADS).join(', ')}`);

const dir = mkdtempSync(join(flags.dir, 'gait-compare-'));
process.once('exit', () => rmSync(dir, { recursive: true, force: true }));
process.once('SIGINT', () => process.exit(130));
process.stderr.write(`building ${revision} ...\n`);
const base = buildBase(revision, join(dir, 'base'));
const results: ({ readonly workload: string } & Comparison)[] = [];
try {
  for (const workload of chosen as WorkloadName[]) {
    process.stderr.write(`${workload} ...\n`);
    const comparison = compareSides(
      await interleave(rounds, {
        base: contender(base.perfDist, workload),
        head: contender(join(repositoryRoot, '.perf-dist'), workload),
        again: contender(base.perfDist, workload),
      }),
    );
    results.push({ workload, ...comparison });
    console.log(describe(workload, comparison));
  }
} finally {
  base.remove();
}
const slower = results.filter(({ isSlower }) => isSlower);
const path = writeResult(
  `compare${flags.quick ? '-quick' : ''}.json`,
  `${JSON.stringify({ base: base.commit, node: process.version, rounds, quick: flags.quick, results }, null, 2)}\n`,
);
console.log(
  `\n${flags.quick ? 'too short to judge' : `${slower.length} of ${results.length} slower than ${revision}`}; also in ${path}`,
);
process.exitCode = slower.length > 0 && !flags.quick ? 1 : 0;

/** One round of a side: a new process, a new folder. */
function contender(perfDist: string, workload: WorkloadName): Contender {
  const worker = pathToFileURL(join(perfDist, 'perf', 'workers', 'workload.js'));
  return async () => {
    const own = mkdtempSync(join(dir, 'run-'));
    const order: WorkloadOrder = { workload, dir: own, share: flags.quick ? 0.02 : 1 };
    const ms = await askChild<number>(worker, order);
    rmSync(own, { recursive: true, force: true });
    return ms;
  };
}

function describe(workload: string, { slowdown, noise, limit, isSlower }: Comparison): string {
  const percent = (share: number): string => `${share < 0 ? '' : '+'}${(share * 100).toFixed(1)} %`;
  const verdict = flags.quick ? 'not judged' : isSlower ? 'SLOWER' : 'ok';
  return `${verdict.padEnd(10)} ${workload}: ${percent(slowdown)}, limit ${percent(limit)} (5 % and noise of ${percent(noise)})`;
}
