/** Asking a journal of 1,000,000 events one thing: where it stands, and what event number 500,000 says. */
import { join } from 'node:path';
import { openJournal, readJournal, readStatus } from '../../src/index.js';
import type { Context, Suite } from '../context.js';
import { fillJournal } from '../fill.js';
import { BareChain } from '../floors.js';
import { timeMs, type Contender } from '../measure.js';
import { interleaveWithPeers } from '../peer-field.js';
import { openSqlite, type SqliteDatabase } from '../peers.js';
import { countOf, type Measured } from '../report.js';

export const status: Suite = { name: 'status', run: runStatus };
export const read: Suite = { name: 'read', run: runRead };

const PEER = 'better-sqlite3 NORMAL';

async function runStatus(context: Context): Promise<Measured[]> {
  const large = await context.largeJournal('buffered');
  const small = await fillJournal(context.newPath('jsonl'), context.size(1_000, 100), 'buffered');
  const database = filledSqlite(context, large.events);
  const last = database?.prepare('SELECT max(sequence) AS last FROM lines');
  const journal = await openJournal(large.path);
  const { own, peers } = await interleaveWithPeers(
    context.size(101, 2),
    {
      small: () => timeMs(() => readStatus(small.path)),
      large: () => timeMs(() => readStatus(large.path)),
      handle: () => timeMs(() => journal.status()),
    },
    last === undefined ? {} : { [PEER]: () => timeMs(() => last.get()) },
  );
  await journal.close();
  database?.close();
  return [
    {
      id: 'status.cold',
      metric: `status without a handle at ${countOf(large.events)}`,
      unit: 'ms',
      floorIs: `the same at ${countOf(small.events)}`,
      floor: own.small,
      project: own.large,
      peers,
    },
    {
      id: 'status.handle',
      metric: `status of an open handle at ${countOf(large.events)}`,
      unit: 'ms',
      project: own.handle,
    },
  ];
}

async function runRead(context: Context): Promise<Measured[]> {
  const { path, events } = await context.largeJournal('buffered');
  const middle = events / 2;
  const database = filledSqlite(context, events);
  const bySequence = database?.prepare('SELECT line FROM lines WHERE sequence = ?');
  const readOne: Contender = () =>
    timeMs(async () => {
      let found = 0;
      for await (const line of readJournal(path, { fromSequence: middle, toSequence: middle })) {
        if (line.recordType === 'event' && line.event.sequence === middle) found += 1;
      }
      if (found !== 1) throw new Error(`${path}: event ${middle} was found ${found} times`);
    });
  const { own, peers } = await interleaveWithPeers(
    context.size(101, 2),
    { project: readOne },
    bySequence === undefined ? {} : { [PEER]: () => timeMs(() => bySequence.get(middle)) },
  );
  database?.close();
  return [
    {
      id: 'read.middle',
      metric: `event ${middle.toLocaleString('en-US')} of ${countOf(events)}`,
      unit: 'ms',
      project: own.project,
      peers,
    },
  ];
}

/** A database with as many rows as the large journal has events; the same one for every suite of a run. */
function filledSqlite(context: Context, rows: number): SqliteDatabase | undefined {
  const database = openSqlite(join(context.dir, `rows-${rows}.sqlite`), 'NORMAL');
  if (database === undefined) return undefined;
  const { count } = database.prepare('SELECT count(*) AS count FROM lines').get() as { readonly count: number };
  const insert = database.prepare('INSERT INTO lines (line) VALUES (?)');
  const chain = new BareChain(context.event);
  const fill = database.transaction((wanted: number) => {
    for (let row = 0; row < wanted; row += 1) insert.run(chain.next());
  });
  fill(rows - count);
  return database;
}
