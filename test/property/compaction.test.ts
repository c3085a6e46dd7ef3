/** Whatever happened to a session: compacted or not, it is the same log. */
import { appendFileSync, cpSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { proveInclusion, readJournal, readStatus, verify, writeNewFile } from '../../src/index.js';
import {
  goCheckpointLine,
  goEventLine,
  linesOf,
  newFolder,
  newJournal,
  removeIndex,
  toolCall,
  withJournal,
} from '../support/journal-fixtures.js';
import { logOf, verdictOf } from '../support/log-state.js';
import { KEY } from '../support/sealed-session.js';

type Step =
  | { readonly do: 'append'; readonly count: number; readonly isKeyed: boolean }
  | { readonly do: 'checkpoint'; readonly isSigned: boolean }
  | { readonly do: 'compact' | 'lose index' | 'event of the Go tool' | 'checkpoint of the Go tool' };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('append'),
      count: fc.integer({ min: 1, max: 6 }),
      isKeyed: fc.boolean(),
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('checkpoint'), isSigned: fc.boolean() }) },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constantFrom('compact', 'compact', 'lose index', 'event of the Go tool', 'checkpoint of the Go tool'),
    }),
  },
);

/** Does the same to two journals, but compacts only one of them. */
class Twins {
  readonly compacted: string;
  readonly plain: string;
  #number = 0;

  constructor(compacted: string) {
    this.compacted = compacted;
    this.plain = join(newFolder(), 'journal.jsonl');
    cpSync(compacted, this.plain);
  }

  async take(next: Step): Promise<void> {
    if (next.do === 'compact') {
      await withJournal(this.compacted, (journal) => journal.compact());
      return;
    }
    const before = this.#number;
    for (const path of [this.compacted, this.plain]) {
      this.#number = before;
      await this.#on(path, next);
    }
  }

  async #on(path: string, next: Step): Promise<void> {
    const {
      last_sequence: last,
      last_checkpoint_sequence: sealed,
      checkpoint_count: checkpoints,
    } = await readStatus(path);
    switch (next.do) {
      case 'compact':
        return;
      case 'append':
        await withJournal(path, (journal) =>
          journal.appendAll(Array.from({ length: next.count }, () => this.#event(next))),
        );
        return;
      case 'checkpoint':
        if (last > sealed) await withJournal(path, (j) => j.checkpoint(next.isSigned ? { key: KEY } : {}));
        return;
      case 'lose index':
        removeIndex(path);
        return;
      case 'event of the Go tool':
        appendFileSync(path, `${goEventLine(last + 1)}\n`);
        return;
      case 'checkpoint of the Go tool':
        if (last > sealed)
          appendFileSync(path, `${goCheckpointLine(checkpoints + 1, sealed + 1, last, digestOf(path))}\n`);
        return;
    }
  }

  #event({ isKeyed }: { readonly isKeyed: boolean }): ReturnType<typeof toolCall> {
    this.#number += 1;
    return toolCall(this.#number, isKeyed ? { idempotency_key: `key ${this.#number}` } : {});
  }
}

/** Digest of the last checkpoint in the file; the Go tool's next one names it. */
function digestOf(path: string): string {
  const found = linesOf(path).findLast((line) => line.includes('"checkpoint_digest"'));
  return found === undefined ? '' : (/"checkpoint_digest":"([0-9a-f]{64})"/.exec(found)?.[1] ?? '');
}

const SEED = 20_261_121;

describe('a journal and its compacted twin', () => {
  it('have the same lines, root, range and verdict, and go on alike', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 4, maxLength: 14 }), async (steps) => {
        const twins = new Twins(await newJournal(1));
        for (const next of steps) await twins.take(next);
        await twins.take({ do: 'compact' });
        for (const forgetIndex of [false, true]) {
          if (forgetIndex) removeIndex(twins.compacted);
          expect(await logOf(twins.compacted)).toEqual(await logOf(twins.plain));
          expect(await verdictOf(twins.compacted, { publicKeys: [KEY.publicKey] })).toEqual(
            await verdictOf(twins.plain, { publicKeys: [KEY.publicKey] }),
          );
          const [one, other] = await Promise.all([twins.compacted, twins.plain].map((path) => readStatus(path)));
          expect({ root: one?.root_hash, size: one?.tree_size, last: one?.last_sequence }).toEqual({
            root: other?.root_hash,
            size: other?.tree_size,
            last: other?.last_sequence,
          });
        }
        // A repeated key finds its first receipt, wherever its event lies now; a new event gets the next number.
        for (const again of [toolCall(2, { idempotency_key: 'key 2' }), toolCall(99)]) {
          const receipts = await Promise.all(
            [twins.compacted, twins.plain].map((path) => withJournal(path, (journal) => journal.append(again))),
          );
          expect(receipts[0]).toEqual(receipts[1]);
        }
      }),
      { seed: SEED, numRuns: 120 },
    );
  });

  it('give a reader the same from every sequence on, and the same proofs', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 4, maxLength: 12 }), async (steps) => {
        const twins = new Twins(await newJournal(2));
        for (const next of steps) await twins.take(next);
        await twins.take({ do: 'append', count: 1, isKeyed: false });
        await twins.take({ do: 'checkpoint', isSigned: true });
        await twins.take({ do: 'compact' });
        const { last_sequence: last } = await readStatus(twins.plain);
        for (let from = 1; from <= last; from += 3) {
          const [one, other] = await Promise.all(
            [twins.compacted, twins.plain].map((path) => texts(path, from, from + 4)),
          );
          expect(one).toEqual(other);
          const [proof, plainProof] = await Promise.all(
            [twins.compacted, twins.plain].map((path) => proveInclusion(path, from)),
          );
          // Both are signed at different moments of a standing clock, over the same tree.
          expect(proof).toEqual(plainProof);
        }
        const { text } = await proveInclusion(twins.compacted, last);
        const file = await writeNewFile(join(dirname(twins.compacted), 'last.proof'), Buffer.from(text));
        expect((await verify(file, { publicKeys: [KEY.publicKey] })).ok).toBe(true);
      }),
      { seed: SEED, numRuns: 40 },
    );
  });
});

async function texts(path: string, fromSequence: number, toSequence: number): Promise<string[]> {
  const found: string[] = [];
  for await (const line of readJournal(path, { fromSequence, toSequence })) found.push(line.text);
  return found;
}

describe('a compacted journal', () => {
  it('is the old one again when its segments and its live lines are put together', async () => {
    const path = await newJournal(20);
    await withJournal(path, async (journal) => {
      await journal.checkpoint({ key: KEY });
      await journal.append(toolCall(21));
    });
    const before = readFileSync(path);
    await withJournal(path, (journal) => journal.compact());
    expect(readFileSync(path).length).toBeLessThan(before.length);
    expect(Buffer.from(`${(await logOf(path)).join('\n')}\n`)).toEqual(before);
    rmSync(path);
  });
});
