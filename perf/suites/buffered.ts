/** Buffered appends in bulk. The time of the sync at close is not in these figures, nor in the floor's. */
import { openJournal, type Journal } from '../../src/index.js';
import { appendByCallers, appendInBatches } from '../callers.js';
import { requireSound, type Context, type Suite } from '../context.js';
import { BareChain, BareFile } from '../floors.js';
import { interleave, ratePerSecond, type Contender } from '../measure.js';
import type { Measured } from '../report.js';
import { TARGETS } from '../targets.js';

export const buffered: Suite = { name: 'buffered', run };

const BATCH_EVENTS = 1_000;
const CALLERS = 64;

type Append = (journal: Journal, context: Context, events: number) => Promise<void>;
const inBatches: Append = (journal, { event }, events) => appendInBatches(journal, event, BATCH_EVENTS, events);
const byCallers: Append = (journal, { event }, events) => appendByCallers(journal, event, CALLERS, events);

async function run(context: Context): Promise<Measured[]> {
  const events = context.size(10_000, 1_000);
  const rounds = context.size(15, 2);
  const journals: Journal[] = [];
  const contender = async (lock: 'shared' | 'exclusive', append: Append): Promise<Contender> => {
    const journal = await openJournal(await context.newSession(), { lock, durability: 'buffered' });
    journals.push(journal);
    return () => ratePerSecond(events, () => append(journal, context, events));
  };
  const figures = await interleave(rounds, {
    floor: floorContender(context, events, 1),
    batchedFloor: floorContender(context, events, BATCH_EVENTS),
    exclusiveBatches: await contender('exclusive', inBatches),
    sharedBatches: await contender('shared', inBatches),
    exclusiveCallers: await contender('exclusive', byCallers),
    sharedCallers: await contender('shared', byCallers),
  });
  for (const journal of journals) {
    await journal.close();
    await requireSound(journal.path, events * (rounds + 1));
  }
  const row = (metric: string, project: readonly number[]): Measured => ({
    metric,
    unit: 'events/s',
    floorIs: 'JSON.stringify + SHA-256 + writeSync an event',
    floor: figures.floor,
    project,
    target: TARGETS.bufferedBulk,
  });
  return [
    row('buffered appendAll of 1,000, exclusive', figures.exclusiveBatches),
    row('buffered appendAll of 1,000, shared', figures.sharedBatches),
    row('buffered, 64 callers, exclusive', figures.exclusiveCallers),
    row('buffered, 64 callers, shared', figures.sharedCallers),
    {
      metric: 'buffered appendAll of 1,000, shared',
      unit: 'events/s',
      floorIs: 'the same with one writeSync for 1,000 events',
      floor: figures.batchedFloor,
      project: figures.sharedBatches,
    },
  ];
}

function floorContender(context: Context, events: number, eventsAWrite: number): Contender {
  const file = new BareFile(context.newPath('bare'));
  const chain = new BareChain(context.event);
  return () =>
    ratePerSecond(events, () => {
      for (let done = 0; done < events; done += eventsAWrite) {
        let text = '';
        for (let at = 0; at < eventsAWrite; at += 1) text += `${chain.next()}\n`;
        file.append(text);
      }
    });
}
