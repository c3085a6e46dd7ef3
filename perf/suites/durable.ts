/** Durable appends in this process: one after the other, and from 16 and 64 callers at once. */
import { openJournal, type Journal } from '../../src/index.js';
import { appendByCallers } from '../callers.js';
import { lastLineBytes, requireSound, type Context, type Suite } from '../context.js';
import { BareFile, lineOf } from '../floors.js';
import { ratePerSecond, type Contender } from '../measure.js';
import { interleaveWithPeers, PeerField } from '../peer-field.js';
import type { Measured } from '../report.js';

export const durable: Suite = { name: 'durable', run };

const CROWDS = [1, 16, 64] as const;
const LOCKS = ['exclusive', 'shared'] as const;
/** As many lines in a transaction of a peer as there are callers whose lines one commit of ours can take. */
const GROUP = 64;
const FLOOR_IS = 'writeSync + fdatasyncSync of a line as long';

async function run(context: Context): Promise<Measured[]> {
  const sequential = context.size(200, 10);
  const grouped = context.size(16_384, 256);
  const subjects: Subject[] = [];
  for (const lock of LOCKS) {
    for (const callers of CROWDS) {
      subjects.push(await Subject.open(context, lock, callers, callers === 1 ? sequential : grouped));
    }
  }
  const file = new BareFile(context.newPath('bare'));
  const line = lineOf((await subjects[0]?.lineBytes()) ?? Number.NaN);
  const text = line.subarray(0, -1).toString();
  const alone = await PeerField.open(context, [
    'better-sqlite3 FULL',
    'better-sqlite3 NORMAL',
    'pino + sonic-boom',
    'fs.appendFile',
    'hypercore',
  ]);
  const inGroups = await PeerField.open(context, ['better-sqlite3 FULL', 'hypercore']);
  const groups = Math.ceil(grouped / GROUP);
  const groupOf = Array.from({ length: GROUP }, () => text);
  const { own, peers } = await interleaveWithPeers<string>(
    context.size(25, 2),
    {
      floor: () =>
        ratePerSecond(sequential, () => {
          for (let done = 0; done < sequential; done += 1) file.appendDurably(line);
        }),
      ...Object.fromEntries(subjects.map((subject): [string, Contender] => [subject.id, subject.contend])),
    },
    {
      ...alone.contenders((peer) =>
        ratePerSecond(sequential, async () => {
          for (let done = 0; done < sequential; done += 1) await peer.append(text);
        }),
      ),
      ...grouping(
        inGroups.contenders((peer) =>
          ratePerSecond(groups * GROUP, async () => {
            for (let done = 0; done < groups; done += 1) await peer.appendAll(groupOf);
          }),
        ),
      ),
    },
  );
  file.close();
  await alone.close();
  await inGroups.close();
  for (const subject of subjects) await subject.finish();
  const entries = Object.entries(peers);
  const beside = {
    alone: Object.fromEntries(entries.filter(([name]) => !name.endsWith(GROUPED))),
    inGroups: Object.fromEntries(entries.filter(([name]) => name.endsWith(GROUPED))),
  };
  return subjects.map(({ id, metric, callers }) => ({
    id,
    metric,
    unit: 'events/s',
    floorIs: FLOOR_IS,
    floor: own['floor'] ?? [],
    project: own[id] ?? [],
    peers: callers === 1 ? beside.alone : callers === GROUP ? beside.inGroups : {},
  }));
}

const GROUPED = `, ${GROUP} lines a transaction`;

function grouping(contenders: Readonly<Record<string, Contender>>): Record<string, Contender> {
  return Object.fromEntries(Object.entries(contenders).map(([name, contend]) => [`${name}${GROUPED}`, contend]));
}

/** A journal of its own under each way of appending. */
class Subject {
  readonly id: string;
  readonly metric: string;
  readonly callers: number;
  readonly #context: Context;
  readonly #journal: Journal;
  readonly #events: number;
  #appended = 0;

  private constructor(context: Context, journal: Journal, lock: string, callers: number, events: number) {
    this.id = `durable.${lock}${callers === 1 ? '' : `-${callers}`}`;
    this.metric = callers === 1 ? `durable append, ${lock}` : `durable, ${callers} callers, ${lock}`;
    this.callers = callers;
    this.#context = context;
    this.#journal = journal;
    this.#events = events;
  }

  static async open(context: Context, lock: 'shared' | 'exclusive', callers: number, events: number): Promise<Subject> {
    return new Subject(context, await openJournal(await context.newSession(), { lock }), lock, callers, events);
  }

  readonly contend: Contender = () => {
    this.#appended += this.#events;
    return ratePerSecond(this.#events, () =>
      appendByCallers(this.#journal, this.#context.event, this.callers, this.#events),
    );
  };

  /** Length of the line that an append writes. */
  async lineBytes(): Promise<number> {
    this.#appended += 1;
    await this.#journal.append(this.#context.event);
    return lastLineBytes(this.#journal.path);
  }

  async finish(): Promise<void> {
    await this.#journal.close();
    await requireSound(this.#journal.path, this.#appended);
  }
}
