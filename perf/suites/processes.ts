/** Sixteen processes on one journal: what the crowd costs, and whether everybody gets a turn. */
import { requireSound, type Context, type Suite } from '../context.js';
import { interleave, median, quantile } from '../measure.js';
import type { Measured } from '../report.js';
import { appendFromProcesses, type WindowShare } from '../window.js';

export const processes: Suite = { name: 'processes', run };

const CROWD = 16;

async function run(context: Context): Promise<Measured[]> {
  const windowMs = context.size(3_000, 300);
  const measure = async (count: number): Promise<readonly WindowShare[]> => {
    const path = await context.newSession();
    const shares = await appendFromProcesses(path, count, windowMs);
    await requireSound(path, eventsOf(shares));
    return shares;
  };
  const rounds = context.size(7, 1);
  const seen: Record<'one' | 'crowd', WindowShare[][]> = { one: [], crowd: [] };
  const contender = (name: 'one' | 'crowd', count: number) => async (): Promise<number> => {
    const shares = await measure(count);
    seen[name].push([...shares]);
    return (eventsOf(shares) / windowMs) * 1000;
  };
  const figures = await interleave(rounds, { one: contender('one', 1), crowd: contender('crowd', CROWD) });
  // The round that is thrown away is not in the figures, and must not be here.
  const one = seen.one.slice(-rounds);
  const crowd = seen.crowd.slice(-rounds);
  return [
    {
      id: 'processes.total',
      metric: `${CROWD} processes, durable, total`,
      unit: 'events/s',
      floorIs: 'one such process',
      floor: figures.one,
      project: figures.crowd,
    },
    {
      id: 'processes.share',
      metric: `${CROWD} processes, durable, share`,
      unit: 'slowest/fastest',
      project: crowd.map((shares) => {
        const counts = shares.map(({ latenciesMs }) => latenciesMs.length);
        return Math.min(...counts) / Math.max(...counts);
      }),
    },
    {
      id: 'processes.p99-wait',
      metric: `${CROWD} processes, durable, p99 of an append`,
      unit: 'ms',
      floorIs: 'median of an append of one such process',
      floor: one.map((shares) => median(shares.flatMap(({ latenciesMs }) => latenciesMs))),
      project: crowd.map((shares) =>
        quantile(
          shares.flatMap(({ latenciesMs }) => latenciesMs),
          0.99,
        ),
      ),
    },
  ];
}

function eventsOf(shares: readonly WindowShare[]): number {
  return shares.reduce((total, { latenciesMs }) => total + latenciesMs.length, 0);
}
