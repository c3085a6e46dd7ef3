/** An idempotency key that was seen before: the first receipt again, or a conflict, and never a second line. */
import { appendFileSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { openJournal, verifyJournal, type EventInput } from '../../src/index.js';
import {
  caught,
  goEventLine,
  linesOf,
  newJournal,
  QUICK,
  removeIndex,
  toolCall,
  withJournal,
} from '../support/journal-fixtures.js';

const keyed = (number: number, more: Partial<EventInput> = {}): EventInput =>
  toolCall(number, { idempotency_key: `key ${number}`, ...more });

describe('a repeated key', () => {
  it('returns the first receipt and writes nothing', async () => {
    const path = await newJournal(1);
    await withJournal(path, async (journal) => {
      const first = await journal.append(keyed(2, { attributes: { b: 1, a: [2] } }));
      await journal.append(toolCall(3));
      const before = readFileSync(path);
      expect(await journal.append(keyed(2, { attributes: { a: [2], b: 1 } }))).toEqual(first);
      expect(readFileSync(path).equals(before)).toBe(true);
    });
  });

  it('is the same event also when only its time differs, or its spelling before it is stored', async () => {
    const path = await newJournal();
    await withJournal(path, async (journal) => {
      const first = await journal.append(keyed(1, { reason_codes: ['a', 'b'], created_at: '2026-02-01T00:00:00Z' }));
      const again = keyed(1, { reason_codes: [' b', 'a', 'a'], created_at: '2026-02-02T00:00:00Z', actor: ' ' });
      expect(await journal.append(again)).toEqual(first);
    });
  });

  it('with other content is IDEMPOTENCY_CONFLICT, names the first event, and writes nothing', async () => {
    const path = await newJournal(1);
    await withJournal(path, async (journal) => {
      const { sequence } = await journal.append(keyed(2));
      const before = readFileSync(path);
      for (const other of [
        { tool_name: 'tool.x' },
        { verdict: 'block' },
        { attributes: {} },
        { actor: 'a' },
      ] as const) {
        const error = await caught(journal.append(keyed(2, other)));
        expect([error.code, error.category]).toEqual(['IDEMPOTENCY_CONFLICT', 'invalid_input']);
        expect(error.details).toMatchObject({ idempotency_key: 'key 2', sequence });
      }
      expect(readFileSync(path).equals(before)).toBe(true);
    });
  });

  it.each(['the index', 'the journal alone'])('is known after a restart, from %s', async (source) => {
    const path = await newJournal(1);
    const first = await withJournal(path, (journal) => journal.append(keyed(2, { attributes: { é: '😀' } })));
    if (source === 'the journal alone') removeIndex(path);
    await withJournal(path, async (journal) => {
      expect(await journal.append(keyed(2, { attributes: { é: '😀' } }))).toEqual(first);
      expect((await caught(journal.append(keyed(2)))).code).toBe('IDEMPOTENCY_CONFLICT');
    });
    expect(linesOf(path)).toHaveLength(3);
  });

  it('is known when another handle used it', async () => {
    const path = await newJournal();
    await withJournal(path, async (journal) => {
      const first = await withJournal(path, (other) => other.append(keyed(1)));
      expect(await journal.append(keyed(1))).toEqual(first);
    });
    expect(linesOf(path)).toHaveLength(2);
  });

  it('is known within one appendAll, and among calls made at once', async () => {
    const path = await newJournal();
    await withJournal(path, async (journal) => {
      const [first, second, third] = await journal.appendAll([keyed(1), toolCall(2), keyed(1)]);
      expect(third).toEqual(first);
      expect([first?.sequence, second?.sequence]).toEqual([1, 2]);
      const [one, two] = await Promise.all([journal.append(keyed(5)), journal.append(keyed(5))]);
      expect(two).toEqual(one);
    });
    expect(linesOf(path)).toHaveLength(4);
  });

  it('that conflicts within one appendAll refuses the whole call, and leaves its keys unused', async () => {
    const path = await newJournal();
    await withJournal(path, async (journal) => {
      const refused = journal.appendAll([keyed(1), keyed(2), keyed(1, { verdict: 'block' })]);
      const accepted = journal.append(keyed(2, { verdict: 'block' }));
      expect((await caught(refused)).details).toMatchObject({ index: 2 });
      expect(await accepted).toMatchObject({ sequence: 1 });
    });
    expect(linesOf(path)).toHaveLength(2);
    // The line behind the refused ones is linked to the one before them.
    expect((await verifyJournal(path)).ok).toBe(true);
  });

  it('gives the durability of the handle that asks', async () => {
    const path = await newJournal();
    const first = await withJournal(path, (journal) => journal.append(keyed(1)), { ...QUICK, durability: 'buffered' });
    expect(first.durability).toBe('buffered');
    const again = await withJournal(path, (journal) => journal.append(keyed(1)));
    expect(again).toEqual({ ...first, durability: 'durable' });
  });
});

describe('the window of keys', () => {
  it.each(['one handle', 'a handle that read the journal', 'a handle that read the index'])(
    'is the last 1,000 of the session, for %s',
    async (how) => {
      const path = await newJournal();
      await withJournal(path, (journal) => journal.appendAll(Array.from({ length: 1_000 }, (_, i) => keyed(i + 1))));
      if (how === 'a handle that read the journal') removeIndex(path);
      const journal = await openJournal(path, QUICK);
      expect(await journal.append(keyed(1))).toMatchObject({ sequence: 1 });
      await journal.append(toolCall(5_000));
      expect(await journal.append(keyed(1))).toMatchObject({ sequence: 1 });
      expect(await journal.append(keyed(1_001))).toMatchObject({ sequence: 1_002 });
      // The oldest key made room: it is new now, and the next one is still known.
      expect(await journal.append(keyed(2))).toMatchObject({ sequence: 2 });
      expect(await journal.append(keyed(1))).toMatchObject({ sequence: 1_003 });
      await journal.close();
    },
  );

  it('is not upset by lines of others that repeat a key', async () => {
    const path = await newJournal();
    await withJournal(path, (journal) => journal.append(keyed(1)));
    appendFileSync(path, `${goEventLine(2).replace('"tool_name"', '"idempotency_key":"key 1","tool_name"')}\n`);
    const error = await caught(withJournal(path, (journal) => journal.append(keyed(1))));
    expect([error.code, error.details['sequence']]).toEqual(['IDEMPOTENCY_CONFLICT', 2]);
  });
});
