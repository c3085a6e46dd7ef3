/** A question about the end of a root with 1,000,000 events: what happened in one second of it. */
import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { openJournal, startSession } from '../../src/index.js';
import { askChild } from '../child.js';
import type { Context, Suite } from '../context.js';
import { interleave, timeMs, type Contender } from '../measure.js';
import { gaitBin } from '../paths.js';
import { countOf, type Measured } from '../report.js';
import type { TimelineAnswer, TimelineOrder } from '../workers/timeline.js';

export const timeline: Suite = { name: 'timeline', run };

const STEP_MS = 10;
const BATCH = 1_000;
/** Events of one second. */
const WINDOW_ENTRIES = 100;
const START_MS = Date.UTC(2026, 0, 1);

async function run(context: Context): Promise<Measured[]> {
  const events = context.size(1_000_000, 20_000);
  const large = await filledRoot(context, events);
  const small = await filledRoot(context, context.size(100_000, 2_000));
  const flags = ['--from', large.window.from, '--to', large.window.to];
  const own = await interleave(context.size(21, 2), {
    node: () => timeMs(() => runNode(['-e', '0'])),
    window: () => timeMs(() => runNode([gaitBin, 'timeline', '--root', large.root, ...flags])),
  });
  const peak =
    (order: TimelineOrder): Contender =>
    async () => {
      const { peakResidentBytes, entries } = await askChild<TimelineAnswer>(
        new URL('../workers/timeline.js', import.meta.url),
        order,
      );
      if (entries !== order.entries) throw new Error(`${order.root}: ${entries} entries in place of ${order.entries}`);
      return peakResidentBytes / 2 ** 20;
    };
  const all = { tool: 'none' };
  const memory = await interleave(context.size(5, 1), {
    small: peak({ root: small.root, entries: 0, filter: all }),
    large: peak({ root: large.root, entries: 0, filter: all }),
    smallWindow: peak({ root: small.root, entries: WINDOW_ENTRIES, filter: small.window }),
    largeWindow: peak({ root: large.root, entries: WINDOW_ENTRIES, filter: large.window }),
  });
  return [
    {
      id: 'timeline.window',
      metric: `gait timeline, one second near the end of ${countOf(events)}`,
      unit: 'ms',
      floorIs: 'node -e 0',
      floor: own.node,
      project: own.window,
    },
    {
      id: 'timeline.window-memory',
      metric: 'peak memory of that timeline',
      unit: 'MiB',
      floorIs: 'the same near the end of a tenth of the events',
      floor: memory.smallWindow,
      project: memory.largeWindow,
    },
    {
      id: 'timeline.memory',
      metric: `peak memory of a timeline that has to read all of ${countOf(events)}`,
      unit: 'MiB',
      floorIs: 'the same over a tenth of them',
      floor: memory.small,
      project: memory.large,
    },
  ];
}

interface FilledRoot {
  readonly root: string;
  /** One second near the end. */
  readonly window: { readonly from: string; readonly to: string };
}

/** One journal whose events are ten milliseconds apart. */
async function filledRoot(context: Context, events: number): Promise<FilledRoot> {
  const path = join(context.newPath('root'), 's1.jsonl');
  const root = dirname(path);
  mkdirSync(root, { recursive: true });
  await startSession(path, { session_id: 's1', run_id: 'bench' });
  const journal = await openJournal(path, { durability: 'buffered', lock: 'exclusive' });
  const timeOf = (number: number): string => new Date(START_MS + number * STEP_MS).toISOString();
  for (let done = 0; done < events; done += BATCH) {
    await journal.appendAll(
      Array.from({ length: BATCH }, (_, at) => ({ ...context.event, created_at: timeOf(done + at) })),
    );
  }
  await journal.close();
  const end = events - Math.max(events / 100, WINDOW_ENTRIES);
  return { root, window: { from: timeOf(end), to: timeOf(end + WINDOW_ENTRIES - 1) } };
}

function runNode(args: readonly string[]): void {
  const { status, error } = spawnSync(process.execPath, args, { stdio: ['ignore', 'ignore', 'inherit'] });
  if (error !== undefined) throw error;
  if (status !== 0) throw new Error(`node ${args.join(' ')} exited with ${status}`);
}
