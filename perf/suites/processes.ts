/** Sixteen processes on one journal: what the crowd costs, and whether everybody gets a turn. */
import { requireSound, type Context, type Suite } from '../context.js';
import { interleave } from '../measure.js';
import type { Measured } from '../report.js';
import { TARGETS } from '../targets.js';
import { appendFromProcesses } from '../window.js';

export const processes: Suite = { name: 'processes', run };

const CROWD = 16;

async function run(context: Context): Promise<Measured[]> {
  const windowMs = context.size(3_000, 300);
  const shares: number[] = [];
  const measure = async (count: number): Promise<readonly number[]> => {
    const path = await context.newSession();
    const counts = await appendFromProcesses(path, count, windowMs);
    await requireSound(path, sum(counts));
    return counts;
  };
  const rounds = context.size(7, 1);
  const figures = await interleave(rounds, {
    one: async () => (sum(await measure(1)) / windowMs) * 1000,
    crowd: async () => {
      const counts = await measure(CROWD);
      shares.push(Math.min(...counts) / Math.max(...counts));
      return (sum(counts) / windowMs) * 1000;
    },
  });
  return [
    {
      metric: `${CROWD} processes, durable, total`,
      unit: 'events/s',
      floorIs: 'one such process',
      floor: figures.one,
      project: figures.crowd,
      target: TARGETS.processTotal,
    },
    {
      metric: `${CROWD} processes, durable, share`,
      unit: 'slowest/fastest',
      project: shares.slice(-rounds),
      target: TARGETS.processShare,
    },
  ];
}

function sum(counts: readonly number[]): number {
  return counts.reduce((total, count) => total + count, 0);
}
