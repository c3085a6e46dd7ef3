/** Rows of figures, as results keep them. */
import { availableParallelism, arch, platform } from 'node:os';
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
