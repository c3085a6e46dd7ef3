/** Durable appends in this process: one after the other, and from 64 callers at once. */
import { openJournal, type Journal } from '../../src/index.js';
import { appendByCallers } from '../callers.js';
import { lastLineBytes, requireSound, type Context, type Suite } from '../context.js';
import { BareFile, lineOf } from '../floors.js';
import { interleave, ratePerSecond, type Contender } from '../measure.js';
import type { Measured } from '../report.js';
import { TARGETS, type Target } from '../targets.js';

export const durable: Suite = { name: 'durable', run };

const CALLERS = 64;
const FLOOR_IS = 'writeSync + fdatasyncSync of a line as long';

async function run(context: Context): Promise<Measured[]> {
  const sequential = context.size(200, 10);
  const grouped = context.size(16_384, 256);
  const subjects = {
    exclusive: await Subject.open(context, 'exclusive', 1, sequential),
    shared: await Subject.open(context, 'shared', 1, sequential),
    exclusive64: await Subject.open(context, 'exclusive', CALLERS, grouped),
    shared64: await Subject.open(context, 'shared', CALLERS, grouped),
  };
  const file = new BareFile(context.newPath('bare'));
  const line = lineOf(await subjects.shared.lineBytes());
  const figures = await interleave(context.size(25, 2), {
    floor: () =>
      ratePerSecond(sequential, () => {
        for (let done = 0; done < sequential; done += 1) file.appendDurably(line);
      }),
    exclusive: subjects.exclusive.contend,
    shared: subjects.shared.contend,
    exclusive64: subjects.exclusive64.contend,
    shared64: subjects.shared64.contend,
  });
  file.close();
  for (const subject of Object.values(subjects)) await subject.finish();
  const { floor } = figures;
  const row = (metric: string, project: readonly number[], target: Target): Measured => ({
    metric,
    unit: 'events/s',
    floorIs: FLOOR_IS,
    floor,
    project,
    target,
  });
  return [
    row('durable append, exclusive', figures.exclusive, TARGETS.durableExclusive),
    row('durable append, shared', figures.shared, TARGETS.durableShared),
    row('durable, 64 callers, exclusive', figures.exclusive64, TARGETS.durable64Callers),
    row('durable, 64 callers, shared', figures.shared64, TARGETS.durable64Callers),
  ];
}

/** A journal of its own under each way of appending. */
class Subject {
  readonly #context: Context;
  readonly #journal: Journal;
  readonly #callers: number;
  readonly #events: number;
  #appended = 0;

  private constructor(context: Context, journal: Journal, callers: number, events: number) {
    this.#context = context;
    this.#journal = journal;
    this.#callers = callers;
    this.#events = events;
  }

  static async open(context: Context, lock: 'shared' | 'exclusive', callers: number, events: number): Promise<Subject> {
    return new Subject(context, await openJournal(await context.newSession(), { lock }), callers, events);
  }

  readonly contend: Contender = () => {
    this.#appended += this.#events;
    return ratePerSecond(this.#events, () =>
      appendByCallers(this.#journal, this.#context.event, this.#callers, this.#events),
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
