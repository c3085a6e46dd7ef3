/** What a soak leaves: JSON for programs, charts for people. */
import { lineChart, type Series } from '../chart/line-chart.js';
import { machineFacts, type Report } from '../report.js';
import type { SoakOutcome } from './run-soak.js';
import type { Schedule } from './schedule.js';
import type { Sample } from './swarm.js';

export interface SoakReport extends Pick<Report, 'node' | 'v8' | 'platform' | 'cpus'> {
  readonly what: 'soak';
  readonly ok: boolean;
  readonly seed: number;
  readonly seconds: number;
  readonly processes: number;
  readonly faults: number;
  readonly acknowledged: number;
  readonly sessions: number;
  readonly pruned_sessions: number;
  /** Of every append that was acknowledged, in milliseconds; null when there were none. */
  readonly latency_ms: Readonly<Record<'p50' | 'p90' | 'p99' | 'p999', number | null>>;
  readonly tally: Readonly<Record<string, number>>;
  readonly failures: readonly string[];
  readonly samples: readonly Sample[];
}

export function soakReport(schedule: Schedule, { swarm, check, failures }: SoakOutcome): SoakReport {
  const quantile = (q: number): number | null =>
    swarm.latencies.total === 0 ? null : Math.round(swarm.latencies.quantile(q) * 1000) / 1000;
  return {
    what: 'soak',
    ok: failures.length === 0,
    seed: schedule.seed,
    ...machineFacts(),
    seconds: schedule.durationMs / 1000,
    processes: schedule.roles.length,
    faults: schedule.faults.length,
    acknowledged: check.acknowledged,
    sessions: check.sessions,
    pruned_sessions: check.prunedSessions,
    latency_ms: { p50: quantile(0.5), p90: quantile(0.9), p99: quantile(0.99), p999: quantile(0.999) },
    tally: Object.fromEntries(Object.entries(swarm.tally).toSorted(([a], [b]) => (a < b ? -1 : 1))),
    failures,
    samples: swarm.samples,
  };
}

export function soakChart({ samples, seed, processes }: SoakReport): string {
  const series = (name: string, figure: (sample: Sample) => number | null): Series => ({
    name,
    points: samples.map((sample) => [sample.seconds, figure(sample) ?? Number.NaN]),
  });
  const mebibytes = (bytes: number | null): number | null => (bytes === null ? null : bytes / 2 ** 20);
  return lineChart(`gait soak, seed ${seed}, ${processes} processes`, 'seconds', [
    {
      title: 'one append, from call to receipt, ms (stopped and killed processes included)',
      isLog: true,
      series: [
        series('p50', (sample) => sample.p50_ms),
        series('p99', (sample) => sample.p99_ms),
        series('max', (sample) => sample.max_ms),
      ],
    },
    {
      title: 'memory of the process that has most, MiB',
      series: [series('resident', (sample) => mebibytes(sample.max_resident_bytes))],
    },
    {
      title: 'descriptors of the process that has most',
      series: [series('descriptors', (sample) => sample.max_descriptors)],
    },
    { title: 'files of the root, MiB', series: [series('disk', (sample) => mebibytes(sample.disk_bytes))] },
  ]);
}

/** For people: what happened, in one screen. */
export function describeSoak(report: SoakReport): string {
  const { latency_ms: latency, tally } = report;
  return [
    `${report.ok ? 'PASSED' : 'FAILED'}: seed ${report.seed}, ${report.seconds} s, ${report.processes} processes`,
    `acknowledged ${report.acknowledged} appends in ${report.sessions} sessions, ${report.pruned_sessions} of them pruned`,
    `append ms: p50 ${latency.p50}, p90 ${latency.p90}, p99 ${latency.p99}, p999 ${latency.p999}`,
    Object.entries(tally)
      .map(([what, times]) => `${what} ${times}`)
      .join(', '),
    ...report.failures.slice(0, 20).map((failure) => `  ${failure}`),
  ].join('\n');
}
