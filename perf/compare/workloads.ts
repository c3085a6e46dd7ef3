/**
 * What base and head are compared by. These run against the library of either, so they use only what has long been there.
 * Each returns what one unit of it costs, in milliseconds.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { openJournal, readStatus, startSession, verifyJournal } from '../../src/index.js';
import { appendByCallers, appendInBatches } from '../callers.js';
import { timeMs } from '../measure.js';
import { gaitBin } from '../paths.js';
import { readSampleEvent } from '../sample-event.js';

export interface WorkloadOrder {
  readonly workload: WorkloadName;
  /** An empty folder. */
  readonly dir: string;
  /** 1 for figures; less shows that it works. */
  readonly share: number;
}

export type WorkloadName =
  | 'durable exclusive'
  | 'durable shared'
  | 'durable, 64 callers'
  | 'buffered bulk'
  | 'open and append'
  | 'status'
  | 'checkpoint'
  | 'verify'
  | 'one-shot append';

/** @param units how much to do; the cost is for one */
type Workload = (path: string, units: number) => Promise<number>;

interface Sized {
  readonly units: number;
  readonly run: Workload;
}

const event = readSampleEvent();

export const WORKLOADS: Readonly<Record<WorkloadName, Sized>> = {
  'durable exclusive': { units: 1_500, run: (path, units) => append(path, units, 1, 'exclusive') },
  'durable shared': { units: 1_000, run: (path, units) => append(path, units, 1, 'shared') },
  'durable, 64 callers': { units: 20_000, run: (path, units) => append(path, units, 64, 'shared') },
  'buffered bulk': {
    units: 40_000,
    run: async (path, units) => {
      const journal = await openJournal(path, { durability: 'buffered' });
      await appendInBatches(journal, event, 1_000, Math.ceil(units / 4));
      const ms = await timeMs(() => appendInBatches(journal, event, 1_000, units));
      await journal.close();
      return ms;
    },
  },
  'open and append': {
    units: 200,
    run: async (path, units) => {
      await fill(path, 2_000);
      return timeMs(async () => {
        for (let round = 0; round < units; round += 1) {
          const journal = await openJournal(path, { durability: 'buffered' });
          await journal.append(event);
          await journal.close();
        }
      });
    },
  },
  status: {
    units: 1_000,
    run: async (path, units) => {
      await fill(path, 2_000);
      return timeMs(async () => {
        for (let round = 0; round < units; round += 1) await readStatus(path);
      });
    },
  },
  checkpoint: {
    units: 300,
    run: async (path, units) => {
      const journal = await openJournal(path);
      let ms = 0;
      for (let round = 0; round < units; round += 1) {
        await journal.append(event);
        ms += await timeMs(() => journal.checkpoint());
      }
      await journal.close();
      return ms;
    },
  },
  verify: {
    units: 40_000,
    run: async (path, units) => {
      await fill(path, units);
      await verifyJournal(path);
      return timeMs(() => verifyJournal(path));
    },
  },
  'one-shot append': {
    units: 5,
    run: async (path, units) => {
      const args = [gaitBin, 'run', 'session', 'append', '--journal', path, '--tool', 'shell', '--verdict', 'allow'];
      return timeMs(() => {
        for (let round = 0; round < units; round += 1) {
          const { status } = spawnSync(process.execPath, args, { stdio: ['ignore', 'ignore', 'inherit'] });
          if (status !== 0) throw new Error(`${args.join(' ')} exited with ${status}`);
        }
      });
    },
  },
};

/** Milliseconds for one unit. */
export async function runWorkload({ workload, dir, share }: WorkloadOrder): Promise<number> {
  const { units: all, run } = WORKLOADS[workload];
  const units = Math.max(1, Math.round(all * share));
  const path = join(dir, 's.jsonl');
  await startSession(path, { session_id: 'compare', run_id: 'compare' });
  return (await run(path, units)) / units;
}

async function append(path: string, units: number, callers: number, lock: 'shared' | 'exclusive'): Promise<number> {
  const journal = await openJournal(path, { lock });
  await appendByCallers(journal, event, callers, Math.ceil(units / 4));
  const ms = await timeMs(() => appendByCallers(journal, event, callers, units));
  await journal.close();
  return ms;
}

async function fill(path: string, events: number): Promise<void> {
  const journal = await openJournal(path, { durability: 'buffered' });
  await appendInBatches(journal, event, 1_000, events);
  await journal.close();
}
