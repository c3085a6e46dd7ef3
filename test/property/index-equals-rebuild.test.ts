/** After whatever happened to a session, the index that grew with it equals one that is built from the journal alone. */
import { appendFileSync, readFileSync, rmSync, statSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { openJournal, readJournal, readStatus, verifyJournal, type Journal } from '../../src/index.js';
import { decodeIndex, encodeIndex, type IndexSnapshot } from '../../src/journal/session-index.js';
import { SessionState } from '../../src/journal/session-state.js';
import {
  goEventLine,
  linesOf,
  newJournal,
  QUICK,
  removeIndex,
  toolCall,
  withJournal,
} from '../support/journal-fixtures.js';

type Step =
  | { readonly do: 'append'; readonly key: number | undefined }
  | { readonly do: 'appendAll'; readonly count: number }
  | { readonly do: 'repeat' }
  | { readonly do: 'reopen' }
  | { readonly do: 'other handle' }
  | { readonly do: 'line of the Go tool' }
  | { readonly do: 'torn tail'; readonly bytes: number }
  | { readonly do: 'missing line feed' }
  | { readonly do: 'crash' }
  | { readonly do: 'lose index' };

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('append'), key: fc.option(fc.nat(5), { nil: undefined }) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('appendAll'), count: fc.integer({ min: 1, max: 5 }) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('torn tail'), bytes: fc.integer({ min: 1, max: 200 }) }) },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constantFrom(
        'repeat',
        'reopen',
        'other handle',
        'line of the Go tool',
        'missing line feed',
        'crash',
        'lose index',
      ),
    }),
  },
);

/** Carries steps out on a real journal, as a crowd of writers would. */
class Session {
  readonly path: string;
  #journal: Journal;
  #number = 0;
  /** The key that each acknowledged event was given, with its receipt's sequence. */
  readonly #acknowledged = new Map<string, number>();

  constructor(path: string, journal: Journal) {
    this.path = path;
    this.#journal = journal;
  }

  async run(what: Step): Promise<void> {
    switch (what.do) {
      case 'append':
        await this.#append(what.key);
        return;
      case 'appendAll':
        await this.#journal.appendAll(Array.from({ length: what.count }, () => toolCall((this.#number += 1))));
        return;
      case 'repeat':
        for (const key of this.#acknowledged.keys()) await this.#append(Number(key));
        return;
      case 'reopen':
        await this.#journal.close();
        this.#journal = await openJournal(this.path, QUICK);
        return;
      case 'other handle':
        await withJournal(this.path, (journal) => journal.append(toolCall((this.#number += 1))));
        return;
      case 'line of the Go tool':
        await this.#mend();
        appendFileSync(this.path, `${goEventLine((await readStatus(this.path)).last_sequence + 1)}\n`);
        return;
      case 'torn tail':
        await this.#mend();
        appendFileSync(this.path, `{"event":{"half":"${'x'.repeat(what.bytes)}`);
        return;
      case 'missing line feed':
        await this.#mend();
        appendFileSync(this.path, goEventLine((await readStatus(this.path)).last_sequence + 1));
        return;
      case 'crash': {
        // Nothing is closed or saved: the handle is left behind as a killed process leaves it, and a new one opened.
        const index = readFileOrNothing(`${this.path}.gait/index`);
        await this.#journal.close();
        restore(`${this.path}.gait/index`, index);
        this.#journal = await openJournal(this.path, QUICK);
        return;
      }
      case 'lose index':
        removeIndex(this.path);
    }
  }

  async end(): Promise<void> {
    await this.#append(undefined);
    await this.#journal.close();
  }

  async #append(key: number | undefined): Promise<void> {
    if (key === undefined) {
      await this.#journal.append(toolCall((this.#number += 1)));
      return;
    }
    const { sequence } = await this.#journal.append(toolCall(key, { idempotency_key: `key ${key}` }));
    const first = this.#acknowledged.get(String(key)) ?? sequence;
    if (sequence !== first) throw new Error(`key ${key} was event ${first} and is event ${sequence} now`);
    this.#acknowledged.set(String(key), sequence);
  }

  /** A writer that is no part of the engine does not know of torn tails: let ours repair one first. */
  async #mend(): Promise<void> {
    if ((await readStatus(this.path)).unterminated_bytes > 0) await this.#append(undefined);
  }
}

function readFileOrNothing(path: string): Buffer | undefined {
  return statSync(path, { throwIfNoEntry: false }) === undefined ? undefined : readFileSync(path);
}

function restore(path: string, content: Buffer | undefined): void {
  if (content === undefined) rmSync(path, { force: true });
  else appendFileSync(emptied(path), content);
}

function emptied(path: string): string {
  rmSync(path, { force: true });
  return path;
}

/** All that an index holds, in a form that can be compared. */
function contents(index: IndexSnapshot | undefined): unknown {
  if (index === undefined) return undefined;
  const { frontier, offsets, recentKeys, durableOffset, ...rest } = index;
  return {
    ...rest,
    isDurable: durableOffset === index.offset,
    tree: [frontier.size, frontier.root().toString('hex'), frontier.hashes()],
    offsets: offsets.toTable(),
    keys: [...recentKeys.entries()],
  };
}

function expectIndexEqualsRebuild(path: string): void {
  const cold = new SessionState(({ meaning }) => {
    throw new Error(meaning);
  });
  for (const line of linesOf(path)) cold.add(Buffer.from(line), cold.offset);
  cold.durableOffset = cold.offset;
  const grown = decodeIndex(readFileSync(`${path}.gait/index`));
  const rebuilt = decodeIndex(encodeIndex(cold, statSync(path)));
  expect(grown).toBeDefined();
  expect(contents(grown)).toEqual(contents(rebuilt));
}

describe('the index that grew', () => {
  it('equals a cold rebuild after any sequence of appends, repeats, foreign lines, crashes and losses', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 30 }), async (steps) => {
        const path = await newJournal();
        const session = new Session(path, await openJournal(path, QUICK));
        for (const one of steps) await session.run(one);
        await session.end();
        expectIndexEqualsRebuild(path);
        expect((await verifyJournal(path)).problems).toEqual([]);
      }),
      { numRuns: 120 },
    );
  });

  it('stays bounded and right past 2,048 events and 1,000 keys, and finds every event through its table', async () => {
    const path = await newJournal();
    const keyed = (number: number): ReturnType<typeof toolCall> =>
      toolCall(number, number % 2 === 0 ? { idempotency_key: `key ${number}` } : {});
    for (const [from, to] of [
      [1, 1023],
      [1024, 1025],
      [1026, 2047],
      [2048, 2049],
      [2050, 4200],
    ] as const) {
      await withJournal(path, (journal) =>
        journal.appendAll(Array.from({ length: to - from + 1 }, (_, i) => keyed(from + i))),
      );
      expectIndexEqualsRebuild(path);
      const { offsets } = decodeIndex(readFileSync(`${path}.gait/index`)) ?? {};
      expect(offsets?.toTable().sequences.length).toBeLessThanOrEqual(1_024);
      for (const sequence of [1, 2, 511, 512, 1023, 1024, 1025, to - 1, to].filter((one) => one <= to)) {
        const found: number[] = [];
        for await (const line of readJournal(path, { fromSequence: sequence, toSequence: sequence })) {
          if (line.recordType === 'event') found.push(line.event.sequence);
        }
        expect(found).toEqual([sequence]);
      }
    }
    const index = decodeIndex(readFileSync(`${path}.gait/index`));
    expect([...(index?.recentKeys.entries() ?? [])]).toHaveLength(1_000);
    expect((await verifyJournal(path)).ok).toBe(true);
  });
});
