/** Appends events for a long time and compares the last tenth with the first. */
import { mkdtempSync, rmSync, statfsSync } from 'node:fs';
import { join } from 'node:path';
import { initKeys, readStatus, verify } from '../../src/index.js';
import { lineChart } from '../chart/line-chart.js';
import { askChild } from '../child.js';
import { lastLineBytes } from '../context.js';
import { median } from '../measure.js';
import { countOf, machineFacts, toRow, type Measured, type Report } from '../report.js';
import { sizesUpTo, type DriftFigures, type DriftOrder, type SizePoint, type Tenth } from './drift-task.js';

export interface DriftOptions {
  readonly events: number;
  readonly isQuick: boolean;
  readonly dir: string;
}

export interface DriftResult {
  readonly report: Report & DriftFigures;
  /** SVG: latency and memory by tenth, and what things cost by size. */
  readonly chart: string;
}

const QUICK_ROUNDS = 3;
const ROUNDS = 21;

/** Throws when `events` is no multiple of 10, and when what was written does not verify. */
export async function runDrift({ events, isQuick, dir: parent }: DriftOptions): Promise<DriftResult> {
  if (!Number.isSafeInteger(events) || events < 10 || events % 10 !== 0) {
    throw new Error(`--events must be a multiple of 10, not ${events}`);
  }
  const dir = mkdtempSync(join(parent, 'gait-drift-'));
  process.once('exit', () => rmSync(dir, { recursive: true, force: true }));
  const startedAt = performance.now();
  const path = join(dir, 'drift.jsonl');
  const { privateKeyPath } = initKeys({ outDir: join(dir, 'keys') });
  const rounds = isQuick ? QUICK_ROUNDS : ROUNDS;
  const order: DriftOrder = { path, barePath: join(dir, 'bare'), events, privateKeyPath, rounds };
  const figures = await askChild<DriftFigures>(new URL('../workers/drift.js', import.meta.url), order);
  await requireWhole(path, 1 + events + rounds * sizesUpTo(events).length);
  const report: DriftResult['report'] = {
    what: 'drift',
    ...machineFacts(),
    file_system: `0x${statfsSync(dir).type.toString(16)}`,
    quick: isQuick,
    line_bytes: lastLineBytes(path),
    seconds: Math.round((performance.now() - startedAt) / 1000),
    missing_peers: {},
    rows: rowsOf(figures, events).map(toRow),
    ...figures,
  };
  rmSync(dir, { recursive: true, force: true });
  return { report, chart: chartOf(figures, events) };
}

async function requireWhole(path: string, events: number): Promise<void> {
  const { event_count: found } = await readStatus(path);
  const report = await verify(path, {});
  if (found !== events || !report.ok) throw new Error(`${path}: ${found} events of ${events}, ${report.verdict}`);
}

/** The floor of a row is the first tenth, or the smallest size; the project is the last tenth, or the largest size. */
function rowsOf({ tenths, points }: DriftFigures, events: number): Measured[] {
  const [first, last] = [tenths[0], tenths.at(-1)];
  const [small, large] = [points[0], points.at(-1)];
  if (first === undefined || last === undefined || small === undefined || large === undefined) return [];
  const perTenth = countOf(events / 10);
  const row = (
    id: string,
    metric: string,
    unit: Measured['unit'],
    figure: (tenth: Tenth) => number,
    floorIs = `the first ${perTenth}`,
  ): Measured => ({
    id: `drift.${id}`,
    metric,
    unit,
    floorIs,
    floor: [figure(first)],
    project: [figure(last)],
  });
  const size = (id: string, metric: string, figure: (point: SizePoint) => readonly number[]): Measured => ({
    id: `drift.${id}`,
    metric: `${metric} at ${countOf(large.events)}`,
    unit: 'ms',
    floorIs: `the same at ${countOf(small.events)}`,
    floor: figure(small),
    project: figure(large),
  });
  const corrected = `the first ${perTenth}, both as a multiple of the bare write and sync of the same time`;
  return [
    // The disk itself drifts within minutes: what is judged is the journal's part in it.
    row('p50', `p50, the last ${perTenth}`, 'x bare', (tenth) => tenth.p50 / tenth.floor_p50, corrected),
    row('p99', `p99, the last ${perTenth}`, 'x bare', (tenth) => tenth.p99 / tenth.floor_p99, corrected),
    row('p50-raw', `p50, the last ${perTenth}`, 'ms', (tenth) => tenth.p50),
    row('p99-raw', `p99, the last ${perTenth}`, 'ms', (tenth) => tenth.p99),
    row('throughput', `durable appends, the last ${perTenth}`, 'events/s', (tenth) => tenth.events_per_second),
    row('memory', 'resident memory', 'MiB', (tenth) => tenth.resident_bytes / 2 ** 20),
    size('reopen', 'open and append once', ({ reopen }) => reopen),
    size('status', 'status', ({ status }) => status),
    size('checkpoint', 'signed checkpoint', ({ checkpoint }) => checkpoint),
  ];
}

function chartOf({ tenths, points }: DriftFigures, events: number): string {
  const byTenth = (figure: (tenth: Tenth) => number): [number, number][] =>
    tenths.map((tenth, index) => [((index + 0.5) * events) / 10, figure(tenth)]);
  const bySize = (figure: (point: SizePoint) => readonly number[]): [number, number][] =>
    points.map((point) => [point.events, median(figure(point))]);
  return lineChart(`gait drift over ${countOf(events)}`, 'events', [
    {
      title: 'one durable append, ms',
      isLog: true,
      series: [
        { name: 'p50', points: byTenth(({ p50 }) => p50) },
        { name: 'p99', points: byTenth(({ p99 }) => p99) },
        { name: 'bare p50', points: byTenth(({ floor_p50: p50 }) => p50) },
        { name: 'bare p99', points: byTenth(({ floor_p99: p99 }) => p99) },
      ],
    },
    {
      title: 'resident memory, MiB',
      series: [{ name: 'resident', points: byTenth((tenth) => tenth.resident_bytes / 2 ** 20) }],
    },
    {
      title: 'at a size, ms',
      series: [
        { name: 'open + append', points: bySize(({ reopen }) => reopen) },
        { name: 'status', points: bySize(({ status }) => status) },
        { name: 'checkpoint', points: bySize(({ checkpoint }) => checkpoint) },
      ],
    },
  ]);
}
