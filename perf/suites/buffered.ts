/** Buffered appends. The time of the sync at close is not in these figures, nor in the floor's or the peers'. */
import { openJournal, type Journal } from '../../src/index.js';
import { appendByCallers, appendInBatches } from '../callers.js';
import { requireSound, type Context, type Suite } from '../context.js';
import { BareChain, BareFile } from '../floors.js';
import { ratePerSecond, type Contender } from '../measure.js';
import { interleaveWithPeers, PeerField } from '../peer-field.js';
import type { Measured } from '../report.js';

export const buffered: Suite = { name: 'buffered', run };

const BATCH_EVENTS = 1_000;
const LOCKS = ['exclusive', 'shared'] as const;

type Append = (journal: Journal, context: Context, events: number) => Promise<void>;

const byCallers =
  (callers: number): Append =>
  (journal, { event }, events) =>
    appendByCallers(journal, event, callers, events);

const WAYS: readonly { readonly id: string; readonly metric: string; readonly append: Append }[] = [
  {
    id: 'bulk',
    metric: 'buffered appendAll of 1,000',
    append: (journal, { event }, events) => appendInBatches(journal, event, BATCH_EVENTS, events),
  },
  { id: '1', metric: 'buffered append', append: byCallers(1) },
  { id: '16', metric: 'buffered, 16 callers', append: byCallers(16) },
  { id: '64', metric: 'buffered, 64 callers', append: byCallers(64) },
];

interface Subject {
  readonly id: string;
  readonly metric: string;
  readonly journal: Journal;
  readonly contend: Contender;
}

async function run(context: Context): Promise<Measured[]> {
  const events = context.size(10_000, 1_000);
  const rounds = context.size(15, 2);
  const subjects: Subject[] = [];
  for (const { id, metric, append } of WAYS) {
    for (const lock of LOCKS) {
      const journal = await openJournal(await context.newSession(), { lock, durability: 'buffered' });
      const contend = (): Promise<number> => ratePerSecond(events, () => append(journal, context, events));
      subjects.push({ id: `buffered.${id}-${lock}`, metric: `${metric}, ${lock}`, journal, contend });
    }
  }
  const field = await PeerField.open(context, [
    'better-sqlite3 NORMAL',
    'pino + sonic-boom',
    'fs.appendFile',
    'hypercore',
  ]);
  const text = new BareChain(context.event).next();
  const { own, peers } = await interleaveWithPeers<string>(
    rounds,
    {
      floor: floorContender(context, events, 1),
      batchedFloor: floorContender(context, events, BATCH_EVENTS),
      ...Object.fromEntries(subjects.map(({ id, contend }) => [id, contend])),
    },
    field.contenders((peer) =>
      ratePerSecond(events, async () => {
        for (let done = 0; done < events; done += 1) await peer.append(text);
      }),
    ),
  );
  await field.close();
  for (const { journal } of subjects) {
    await journal.close();
    await requireSound(journal.path, events * (rounds + 1));
  }
  return [
    ...subjects.map(({ id, metric }): Measured => ({
      id,
      metric,
      unit: 'events/s',
      floorIs: 'JSON.stringify + SHA-256 + writeSync an event',
      floor: own['floor'] ?? [],
      project: own[id] ?? [],
      peers: id.startsWith('buffered.bulk') ? peers : {},
    })),
    {
      id: 'buffered.bulk-batched-floor',
      metric: 'buffered appendAll of 1,000, shared',
      unit: 'events/s',
      floorIs: 'the same with one writeSync for 1,000 events',
      floor: own['batchedFloor'] ?? [],
      project: own['buffered.bulk-shared'] ?? [],
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
