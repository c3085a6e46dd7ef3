/** Rows of figures, as a table for people and as JSON for programs. */
import { availableParallelism, arch, platform } from 'node:os';
import { median, quantile, ratios, type Figures } from './measure.js';
import { describeTarget, isMet, type Target } from './targets.js';

export interface Row {
  readonly metric: string;
  readonly unit: 'events/s' | 'MiB/s' | 'ms' | 'MiB' | 'slowest/fastest';
  /** What the floor does; empty when the figure stands alone. */
  readonly floor_is: string;
  /** Medians of the rounds. */
  readonly floor: number | null;
  readonly project: number;
  /** Median and quartiles of the rounds' own ratios: not the quotient of the two medians. */
  readonly ratio: number | null;
  readonly ratio_quartiles: readonly [number, number] | null;
  readonly rounds: number;
  readonly target: string | null;
  /** Null when there is no target, or the run was too short to judge. */
  readonly met: boolean | null;
}

export interface Measured {
  readonly metric: string;
  readonly unit: Row['unit'];
  readonly floorIs?: string;
  readonly floor?: Figures;
  readonly project: Figures;
  readonly target?: Target;
}

export interface Report {
  readonly node: string;
  readonly v8: string;
  readonly platform: string;
  readonly cpus: number;
  /** Type number of the file system that was written to, hexadecimal, as statfs(2) gives it. */
  readonly file_system: string;
  readonly quick: boolean;
  readonly line_bytes: number;
  readonly seconds: number;
  readonly rows: readonly Row[];
}

/** @param isJudged false in a short run, whose figures mean nothing */
export function toRow(measured: Measured, isJudged: boolean): Row {
  const { metric, unit, floorIs = '', floor, project, target } = measured;
  const quotients = floor === undefined ? undefined : ratios(project, floor);
  const ratio = quotients === undefined ? null : median(quotients);
  const figures = { project: median(project), ratio: ratio ?? Number.NaN };
  return {
    metric,
    unit,
    floor_is: floorIs,
    floor: floor === undefined ? null : median(floor),
    project: figures.project,
    ratio,
    ratio_quartiles: quotients === undefined ? null : [quantile(quotients, 0.25), quantile(quotients, 0.75)],
    rounds: project.length,
    target: target === undefined ? null : describeTarget(target),
    met: target === undefined || !isJudged ? null : isMet(target, figures),
  };
}

export function machineFacts(): Pick<Report, 'node' | 'v8' | 'platform' | 'cpus'> {
  return {
    node: process.version,
    v8: process.versions.v8,
    platform: `${platform()} ${arch()}`,
    cpus: availableParallelism(),
  };
}

/** A number of events, for the name of a row. */
export function countOf(events: number): string {
  return `${events.toLocaleString('en-US')} events`;
}

const HEADINGS = ['metric', 'unit', 'floor', 'project', 'ratio (quartiles)', 'target', 'met', 'floor is'];

export function renderTable(rows: readonly Row[]): string {
  const cells = [HEADINGS, ...rows.map(toCells)];
  const widths = HEADINGS.map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd();
  const [headings = HEADINGS, ...body] = cells;
  return [line(headings), widths.map((width) => '-'.repeat(width)).join('  '), ...body.map(line)].join('\n');
}

function toCells(row: Row): string[] {
  const [low, high] = row.ratio_quartiles ?? [];
  const ratio = row.ratio === null ? '' : `${short(row.ratio)} (${short(low)}..${short(high)})`;
  const met = row.met === null ? '' : row.met ? 'yes' : 'NO';
  return [row.metric, row.unit, short(row.floor), short(row.project), ratio, row.target ?? '', met, row.floor_is];
}

function short(figure: number | null | undefined): string {
  if (figure === null || figure === undefined) return '';
  const maximumFractionDigits = figure >= 1000 ? 0 : figure >= 20 ? 1 : 2;
  return figure.toLocaleString('en-US', { maximumFractionDigits });
}
