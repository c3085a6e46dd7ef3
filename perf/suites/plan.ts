/** What planning costs over 10,000 sessions, half of which may go, with a trace each that events refer to. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openJournal, startSession } from '../../src/index.js';
import { askChild } from '../child.js';
import type { Context, Suite } from '../context.js';
import { interleave, timeMs } from '../measure.js';
import { countOf, type Measured } from '../report.js';
import type { PlanAnswer, PlanOrder } from '../workers/plan.js';

export const plan: Suite = { name: 'plan', run };

const DAY_MS = 86_400_000;
const EVENTS = 10;

async function run(context: Context): Promise<Measured[]> {
  const sessions = context.size(10_000, 100);
  const root = await filledRoot(context, sessions);
  // A trace goes when its session does.
  const order: PlanOrder = { root, profile: 'medium', items: sessions * 2, going: sessions };
  const peaks: number[] = [];
  const own = await interleave(context.size(5, 1), {
    floor: () => timeMs(() => readEverything(root)),
    plan: async () => {
      const { ms, peakResidentBytes } = await askChild<PlanAnswer>(
        new URL('../workers/plan.js', import.meta.url),
        order,
      );
      peaks.push(peakResidentBytes / 2 ** 20);
      return ms;
    },
  });
  return [
    {
      id: 'plan.time',
      metric: `gait prune --dry-run over ${countOf(sessions).replace('events', 'sessions')} and as many traces`,
      unit: 'ms',
      floorIs: 'reading each of these files once',
      floor: own.floor,
      project: own.plan,
    },
    { id: 'plan.memory', metric: 'peak memory of that', unit: 'MiB', project: peaks },
  ];
}

/** Sessions are closed and signed; every second one is old enough to go. */
async function filledRoot(context: Context, sessions: number): Promise<string> {
  const root = context.newPath('root');
  mkdirSync(root, { recursive: true });
  for (let number = 0; number < sessions; number += 1) {
    const atMs = Date.now() - (number % 2 === 0 ? 400 : 1) * DAY_MS;
    const id = `s${String(number).padStart(5, '0')}`;
    const path = join(root, `${id}.jsonl`);
    const options = { clock: () => atMs, lockLayers: 'kernel' as const };
    await startSession(path, { session_id: id, run_id: `run_${id}` }, options);
    const journal = await openJournal(path, { ...options, durability: 'buffered' });
    await journal.appendAll(Array.from({ length: EVENTS }, () => ({ ...context.event, trace_id: id })));
    await journal.complete({ key: context.key.pair });
    await journal.close();
    const trace = { schema_id: 'gait.gate.trace', created_at: new Date(atMs).toISOString(), trace_id: id };
    writeFileSync(join(root, `trace_${id}.json`), JSON.stringify(trace));
  }
  return root;
}

function readEverything(root: string): void {
  for (const name of readdirSync(root)) if (/\.jsonl?$|\.json$/.test(name)) readFileSync(join(root, name));
}
