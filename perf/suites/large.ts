/** What the size of a journal costs: opening one of 1,000,000 events, and the memory that filling it takes. */
import { rmSync } from 'node:fs';
import { openJournal, readStatus } from '../../src/index.js';
import { requireSound, type Context, type Suite } from '../context.js';
import { fillJournal, type FillWay } from '../fill.js';
import { interleave, median, timeMs } from '../measure.js';
import { countOf, type Measured } from '../report.js';

export const openLarge: Suite = { name: 'open', run: runOpen };
export const memory: Suite = { name: 'memory', run: runMemory };

async function runOpen(context: Context): Promise<Measured[]> {
  const large = await context.largeJournal('buffered');
  const small = await fillJournal(context.newPath('jsonl'), context.size(1_000, 100), 'buffered');
  const appendOnce = async (path: string): Promise<void> => {
    const journal = await openJournal(path);
    await journal.append(context.event);
    await journal.close();
  };
  let { event_count: expected } = await readStatus(large.path);
  const figures = await interleave(context.size(41, 2), {
    small: () => timeMs(() => appendOnce(small.path)),
    large: async () => {
      expected += 1;
      return timeMs(() => appendOnce(large.path));
    },
  });
  rmSync(`${large.path}.gait/index`);
  expected += 1;
  const rebuildMs = await timeMs(() => appendOnce(large.path));
  await requireSound(large.path, expected);
  return [
    {
      id: 'open.with-index',
      metric: `open, append once, close at ${countOf(large.events)}`,
      unit: 'ms',
      floorIs: `the same at ${countOf(small.events)}`,
      floor: figures.small,
      project: figures.large,
    },
    {
      id: 'open.without-index',
      metric: `the same without the index at ${countOf(large.events)}`,
      unit: 'ms',
      project: [rebuildMs],
    },
  ];
}

async function runMemory(context: Context): Promise<Measured[]> {
  return [await memoryRow(context, 'buffered'), await memoryRow(context, 'durable')];
}

async function memoryRow(context: Context, way: FillWay): Promise<Measured> {
  const { events: count, residentBytes } = await context.largeJournal(way);
  const tenth = residentBytes.length / 10;
  const mebibytes = (samples: readonly number[]): number[] => [median(samples) / 2 ** 20];
  return {
    id: `memory.${way}`,
    metric: `resident memory over ${countOf(count)}, ${way === 'buffered' ? 'buffered bulk' : 'durable, 64 callers'}`,
    unit: 'MiB',
    floorIs: 'median of the first tenth; the project is that of the last',
    floor: mebibytes(residentBytes.slice(0, tenth)),
    project: mebibytes(residentBytes.slice(-tenth)),
  };
}
