/** Rows of figures, as a table for people and as JSON for programs. */
import { availableParallelism, arch, platform } from 'node:os';
import { describeLimit, judgeAll, type Budget } from './budgets.js';
import { median, quantile, ratios, type Figures } from './measure.js';

export type Unit = 'events/s' | 'MiB/s' | 'ms' | 'MiB' | 'slowest/fastest' | 'x bare';

/** What somebody else's software does for the same work, and the project's ratio to it. */
export interface PeerFigure {
  readonly name: string;
  readonly figure: number;
  readonly ratio: number;
  readonly ratio_quartiles: readonly [number, number];
}

export interface Row {
  /** Stable: budgets refer to it. Begins with the name of its suite. */
  readonly id: string;
  readonly metric: string;
  readonly unit: Unit;
  /** What the floor does; empty when the figure stands alone. */
  readonly floor_is: string;
  /** Medians of the rounds. */
  readonly floor: number | null;
  readonly project: number;
  /** Median and quartiles of the rounds' own ratios: not the quotient of the two medians. */
  readonly ratio: number | null;
  readonly ratio_quartiles: readonly [number, number] | null;
  readonly peers: readonly PeerFigure[];
  readonly rounds: number;
}

export interface Measured {
  readonly id: string;
  readonly metric: string;
  readonly unit: Unit;
  readonly floorIs?: string;
  readonly floor?: Figures;
  readonly project: Figures;
  /** Figures of the peers that are there, by name. */
  readonly peers?: Readonly<Record<string, Figures>>;
}

export interface Report {
  readonly what: 'bench' | 'drift';
  readonly node: string;
  readonly v8: string;
  readonly platform: string;
  readonly cpus: number;
  /** Type number of the file system that was written to, hexadecimal, as statfs(2) gives it. */
  readonly file_system: string;
  /** True: too short to judge. */
  readonly quick: boolean;
  readonly line_bytes: number;
  readonly seconds: number;
  /** Peers that are not in this run, and why. */
  readonly missing_peers: Readonly<Record<string, string>>;
  readonly rows: readonly Row[];
}

export function toRow({ id, metric, unit, floorIs = '', floor, project, peers = {} }: Measured): Row {
  const quotients = floor === undefined ? undefined : ratios(project, floor);
  return {
    id,
    metric,
    unit,
    floor_is: floorIs,
    floor: floor === undefined ? null : median(floor),
    project: median(project),
    ratio: quotients === undefined ? null : median(quotients),
    ratio_quartiles: quotients === undefined ? null : quartiles(quotients),
    peers: Object.entries(peers).map(([name, figures]) => {
      const beside = ratios(project, figures);
      return { name, figure: median(figures), ratio: median(beside), ratio_quartiles: quartiles(beside) };
    }),
    rounds: project.length,
  };
}

function quartiles(figures: Figures): [number, number] {
  return [quantile(figures, 0.25), quantile(figures, 0.75)];
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

const HEADINGS = ['id', 'metric', 'unit', 'floor', 'project', 'ratio (quartiles)', 'budget', 'met', 'floor is'];

/** One line a row, and under it one for each peer. Nothing is judged when `budgets` is empty. */
export function renderTable(rows: readonly Row[], budgets: readonly Budget[]): string {
  const cells = [HEADINGS, ...rows.flatMap((row) => [toCells(row, budgets), ...peerCells(row, budgets)])];
  const widths = HEADINGS.map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd();
  const [headings = HEADINGS, ...body] = cells;
  return [line(headings), widths.map((width) => '-'.repeat(width)).join('  '), ...body.map(line)].join('\n');
}

function toCells(row: Row, budgets: readonly Budget[]): string[] {
  const own = budgets.filter(({ ratio_to: ratioTo }) => ratioTo !== 'peer');
  const ratio = row.ratio === null ? '' : withQuartiles(row.ratio, row.ratio_quartiles);
  const figures = [short(row.floor), short(row.project), ratio];
  return [row.id, row.metric, row.unit, ...figures, ...judged(row, own), row.floor_is];
}

function peerCells(row: Row, budgets: readonly Budget[]): string[][] {
  return row.peers.map(({ name, figure, ratio, ratio_quartiles: around }) => {
    const own = budgets.filter(({ ratio_to: ratioTo, peer }) => ratioTo === 'peer' && peer === name);
    return ['', `  beside ${name}`, '', short(figure), '', withQuartiles(ratio, around), ...judged(row, own), ''];
  });
}

/** Limits of this row and whether they are met, as two cells. */
function judged(row: Row, budgets: readonly Budget[]): [string, string] {
  const judgements = judgeAll(
    budgets.filter(({ metric }) => metric === row.id),
    [row],
  );
  const stretch = (budget: Budget): string => (budget.is_stretch === true ? ' (stretch)' : '');
  return [
    judgements.map(({ budget }) => `${describeLimit(budget)}${stretch(budget)}`).join(', '),
    judgements.map(({ outcome }) => (outcome === 'met' ? 'yes' : 'NO')).join(', '),
  ];
}

function withQuartiles(ratio: number, around: readonly [number, number] | null): string {
  return `${short(ratio)} (${short(around?.[0])}..${short(around?.[1])})`;
}

/** A figure with as many digits as mean something. */
function short(figure: number | null | undefined): string {
  if (figure === null || figure === undefined) return '';
  const maximumFractionDigits = figure >= 1000 ? 0 : figure >= 20 ? 1 : 2;
  return figure.toLocaleString('en-US', { maximumFractionDigits });
}
