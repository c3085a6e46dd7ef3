/** Results of runs, as files: JSON for programs, SVG for people. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { ratioChart } from './chart/ratio-chart.js';
import type { DriftResult } from './drift/run-drift.js';
import { repositoryRoot, resultsDir } from './paths.js';
import type { Report } from './report.js';

/** Writes NAME.json and NAME.svg. Returns the path of the JSON, as a reader in the checkout would give it. */
export function writeReport(name: string, report: Report, dir: string = resultsDir): string {
  const about = `gait ${report.what}, Node ${report.node}, ${report.cpus} CPUs${report.quick ? ', too short to judge' : ''}`;
  writeResult(`${name}.svg`, ratioChart(about, report.rows), dir);
  return writeResult(`${name}.json`, `${JSON.stringify(report, null, 2)}\n`, dir);
}

/** The same of a drift run, with the chart of its own. */
export function writeDrift(name: string, { report, chart }: DriftResult, dir: string = resultsDir): string {
  writeResult(`${name}.svg`, chart, dir);
  return writeResult(`${name}.json`, `${JSON.stringify(report, null, 2)}\n`, dir);
}

/** Writes one file of results; returns its path for people. */
export function writeResult(name: string, text: string, dir: string = resultsDir): string {
  mkdirSync(dir, { recursive: true });
  const path = join(dir, name);
  writeFileSync(path, text);
  return relative(repositoryRoot, path);
}

/** A report that was written before; undefined when there is none. */
export function readReport(name: string, dir: string = resultsDir): Report | undefined {
  const path = join(dir, `${name}.json`);
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as Report) : undefined;
}
