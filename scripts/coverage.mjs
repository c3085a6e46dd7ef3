// Line coverage of src/ and cli/, child processes counted.
//
// vitest reports what ran inside the test processes (.coverage/report/coverage-final.json). Processes that tests start
// run dist/ and leave raw V8 dumps in .coverage/children. This script maps those dumps back to the sources, counts a
// line as covered when either saw it, prints a table, and exits 1 when the total is below the threshold.
//
// A process ended by SIGKILL writes no dump, so what only such a process runs counts as not covered.
//
// Usage: node scripts/coverage.mjs [ROOT], ROOT being the checkout unless told.

import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { convert } from 'ast-v8-to-istanbul';
import { parseAstAsync } from 'vitest/node';
import { paintScript, rangesOf, unite } from './v8-ranges.mjs';

/**
 * @typedef {Map<number, boolean>} Lines by line number, whether some process ran it
 * @typedef {{ statementMap: Record<string, { start: { line: number } }>, s: Record<string, number> }} FileCoverage
 *   the part of Istanbul's format that lines are made of
 * @typedef {{ result: { url: string, functions: import('node:inspector').Profiler.FunctionCoverage[] }[] }} Dump
 */

const THRESHOLD_PERCENT = 90;
const root = process.argv[2] ?? dirname(dirname(fileURLToPath(import.meta.url)));
const distUrl = `${pathToFileURL(join(root, 'dist')).href}/`;
const childrenDir = join(root, '.coverage', 'children');

// vitest's report also holds the files that no test imports, so it alone says which lines there are to cover.
const sources = linesByFile(readJson(join(root, '.coverage', 'report', 'coverage-final.json')));
const children = readdirSync(childrenDir).filter((name) => name.endsWith('.json'));

for (const [url, painted] of paintChildren(children)) {
  for (const [file, childLines] of linesByFile(await toIstanbul(url, painted))) {
    const lines = sources.get(file);
    // The two compilers may place a statement differently; only vitest's lines count.
    for (const [line, ran] of childLines) if (ran && lines?.has(line)) lines.set(line, true);
  }
}

const percent = printTable();
console.log(`child processes counted: ${children.length}`);
if (percent < THRESHOLD_PERCENT) {
  console.error(`line coverage ${percent.toFixed(2)} % is below ${THRESHOLD_PERCENT} %`);
  process.exitCode = 1;
}

/**
 * What the child processes together ran of each script in dist/.
 *
 * @param {readonly string[]} names dumps in `childrenDir`
 * @returns {Map<string, Uint8Array>} by file: URL, one flag a character
 */
function paintChildren(names) {
  /** @type {Map<string, Uint8Array>} */
  const painted = new Map();
  for (const name of names) {
    const dump = readDump(join(childrenDir, name));
    if (dump === undefined) continue;
    for (const script of dump.result) {
      if (!script.url.startsWith(distUrl) || !existsSync(fileURLToPath(script.url))) continue;
      const known = painted.get(script.url);
      const length = known?.length ?? readFileSync(fileURLToPath(script.url), 'utf8').length;
      const mine = paintScript(script.functions, length);
      if (known === undefined) painted.set(script.url, mine);
      else unite(known, mine);
    }
  }
  return painted;
}

/**
 * @param {string} url of a script; one that names no source map is the bundler's own, and holds no source of ours
 * @param {Uint8Array} painted
 * @returns {Promise<Record<string, FileCoverage>>} by source file
 */
async function toIstanbul(url, painted) {
  const file = fileURLToPath(url);
  const code = readFileSync(file, 'utf8');
  if (!code.includes('//# sourceMappingURL=')) return {};
  return await convert({
    code,
    ast: parseAstAsync(code),
    sourceMap: readJson(`${file}.map`),
    coverage: { url, functions: rangesOf(painted) },
  });
}

/**
 * A line is one on which a statement begins, as Istanbul counts lines; it ran when one of those statements did.
 *
 * @param {Record<string, FileCoverage>} report
 * @returns {Map<string, Lines>}
 */
function linesByFile(report) {
  return new Map(
    Object.entries(report).map(([file, { statementMap, s }]) => {
      /** @type {Lines} */
      const lines = new Map();
      for (const [id, { start }] of Object.entries(statementMap)) {
        lines.set(start.line, lines.get(start.line) === true || (s[id] ?? 0) > 0);
      }
      return [file, lines];
    }),
  );
}

/** Prints a row a folder, the lines still uncovered in each file, and the total. Returns the total in percent. */
function printTable() {
  /** @type {Map<string, { covered: number, all: number, gaps: string[] }>} */
  const folders = new Map();
  for (const [file, lines] of [...sources].toSorted(([a], [b]) => (a < b ? -1 : 1))) {
    const path = relative(root, file);
    const row = folders.get(dirname(path)) ?? { covered: 0, all: 0, gaps: [] };
    const missed = [...lines].filter(([, ran]) => !ran).map(([line]) => line);
    row.all += lines.size;
    row.covered += lines.size - missed.length;
    if (missed.length > 0) row.gaps.push(`  ${path}: ${stretches(missed)}`);
    folders.set(dirname(path), row);
  }
  let covered = 0;
  let all = 0;
  for (const [folder, row] of folders) {
    covered += row.covered;
    all += row.all;
    console.log(tableRow(folder, row.covered, row.all));
    for (const gap of row.gaps) console.log(gap);
  }
  console.log(tableRow('all', covered, all));
  return percentOf(covered, all);
}

/** @param {string} name @param {number} covered @param {number} all */
function tableRow(name, covered, all) {
  return `${name.padEnd(24)} ${percentOf(covered, all).toFixed(2).padStart(6)} %  ${covered}/${all} lines`;
}

/** @param {number} covered @param {number} all */
function percentOf(covered, all) {
  // No lines at all means that the report is broken, which must not pass for full coverage.
  return all === 0 ? 0 : (100 * covered) / all;
}

/** @param {readonly number[]} missed line numbers, e.g. 3, 4, 5, 9 @returns {string} "3-5, 9" */
function stretches(missed) {
  /** @type {[number, number][]} */
  const found = [];
  for (const line of missed.toSorted((a, b) => a - b)) {
    const last = found.at(-1);
    if (last !== undefined && line === last[1] + 1) last[1] = line;
    else found.push([line, line]);
  }
  return found.map(([from, to]) => (from === to ? `${from}` : `${from}-${to}`)).join(', ');
}

/**
 * Tests kill processes at any moment, also while they write their coverage: what such a one ran is not counted, which can only make
 * the total smaller.
 *
 * @param {string} file @returns {Dump | undefined}
 */
function readDump(file) {
  try {
    return readJson(file);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    console.log(`cut short, as its process was killed: ${file}`);
    return undefined;
  }
}

/** @param {string} file @returns {any} */
function readJson(file) {
  return JSON.parse(readFileSync(file, 'utf8'));
}
