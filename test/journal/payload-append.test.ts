/** Evidence beside the line: durable before the line that names it, kept or dropped with it, checked with it. */
import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import {
  readPayload,
  verifyJournal,
  type AppendOptions,
  type EventInput,
  type Journal,
  type PayloadRef,
} from '../../src/index.js';
import { errnoError, FaultFileSystem } from '../support/fault-file-system.js';
import { caught, linesOf, newFolder, newJournal, QUICK, toolCall, withJournal } from '../support/journal-fixtures.js';
import { CONTENT, eventsIn, payloadFiles } from '../support/payloads.js';

async function contentOf(path: string, sequence: number): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of (await readPayload(path, sequence)).content) chunks.push(chunk);
  return Buffer.concat(chunks);
}

const long = (characters = 70_000): Pick<EventInput, 'attributes'> => ({
  attributes: { text: 'x'.repeat(characters) },
});

describe('an event with a payload', () => {
  it.each<[string, () => AppendOptions['payload'] & object]>([
    ['bytes', () => ({ content: CONTENT })],
    ['a stream', () => ({ content: Readable.from([CONTENT.subarray(0, 5), CONTENT.subarray(5)]) })],
    [
      'a file',
      () => {
        const path = join(newFolder(), 'output.txt');
        writeFileSync(path, CONTENT);
        return { path };
      },
    ],
    ['no bytes at all', () => ({ content: Buffer.alloc(0) })],
  ])('of %s keeps the content, its size and its type', async (what, make) => {
    const path = await newJournal();
    await withJournal(path, async (journal) => {
      await journal.append(toolCall(1), { payload: { ...make(), mediaType: 'text/plain' } });
      await journal.append(toolCall(2), { payload: make() });
    });
    const size = what === 'no bytes at all' ? 0 : CONTENT.length;
    expect(eventsIn(path).map(({ payload }) => [payload?.size, payload?.media_type])).toEqual([
      [size, 'text/plain'],
      [size, 'application/octet-stream'],
    ]);
    expect((await contentOf(path, 1)).equals(CONTENT.subarray(0, size))).toBe(true);
    expect(await verifyJournal(path)).toMatchObject({ ok: true, warning_count: 1 });
    // Equal contents cannot be seen to be equal.
    expect(new Set(eventsIn(path).map(({ payload }) => payload?.sha256)).size).toBe(2);
  });

  it('is acknowledged when the payload, its name and then the line are durable, in this order', async () => {
    const path = await newJournal();
    const faults = new FaultFileSystem();
    await withJournal(
      path,
      async (journal) => {
        const from = faults.calls.length;
        await journal.append(toolCall(1), { payload: { content: CONTENT } });
        const calls = faults.calls.slice(from).map(({ operation, path: at }) => `${operation} ${at}`);
        const { payload } = eventsIn(path)[0] as { payload: PayloadRef };
        const place = (wanted: RegExp): number => calls.findIndex((call) => wanted.test(call));
        const order = [
          place(/^write .*payloads\/\.tmp-/),
          place(/^sync .*payloads\/\.tmp-/),
          place(/^rename .*payloads\/\.tmp-/),
          place(new RegExp(`^syncDirectory .*payloads/${payload.sha256.slice(0, 2)}$`)),
          place(/^write .*journal\.jsonl$/),
          place(/^syncData .*journal\.jsonl$/),
        ];
        expect(order).not.toContain(-1);
        expect(order).toEqual(order.toSorted((a, b) => a - b));
      },
      { ...QUICK, fileSystem: faults.fs },
    );
  });

  it('whose payload the disk did not take is not written', async () => {
    for (const operation of ['write', 'sync', 'rename', 'syncDirectory'] as const) {
      const path = await newJournal();
      const faults = new FaultFileSystem();
      await withJournal(
        path,
        async (journal) => {
          faults.intercept = ({ operation: name, path: at }, proceed) => {
            if (name === operation && at.includes('/payloads')) throw errnoError('EIO');
            return proceed();
          };
          expect((await caught(journal.append(toolCall(1), { payload: { content: CONTENT } }))).code).toBe('IO_ERROR');
          faults.intercept = undefined;
          await journal.append(toolCall(2));
        },
        { ...QUICK, fileSystem: faults.fs },
      );
      expect(eventsIn(path).map(({ tool_name: name }) => name)).toEqual(['tool.2']);
      expect((await verifyJournal(path)).ok).toBe(true);
    }
  });

  it('repeated under its key is the first event again, and leaves no second file', async () => {
    const path = await newJournal();
    const once = (journal: Journal, content: Uint8Array = CONTENT) =>
      journal.append(toolCall(1, { idempotency_key: 'k' }), { payload: { content } });
    const receipts = await withJournal(path, async (journal) => [await once(journal), await once(journal)]);
    receipts.push(await withJournal(path, (journal) => once(journal)));
    expect(new Set(receipts.map((receipt) => JSON.stringify(receipt))).size).toBe(1);
    expect(payloadFiles(path)).toHaveLength(1);
    expect((await contentOf(path, 1)).equals(CONTENT)).toBe(true);
    // Of another length, it is another event.
    const other = await caught(withJournal(path, (journal) => once(journal, Buffer.from('short'))));
    expect(other.code).toBe('IDEMPOTENCY_CONFLICT');
    expect(payloadFiles(path)).toHaveLength(1);
    expect(await verifyJournal(path)).toMatchObject({ ok: true });
  });

  it('repeated by two at once is written once, with one file', async () => {
    const path = await newJournal();
    const receipts = await withJournal(path, (journal) =>
      Promise.all(
        [1, 2, 3].map(() => journal.append(toolCall(1, { idempotency_key: 'k' }), { payload: { content: CONTENT } })),
      ),
    );
    expect(receipts.map(({ sequence }) => sequence)).toEqual([1, 1, 1]);
    expect(payloadFiles(path)).toHaveLength(1);
    expect(await verifyJournal(path)).toMatchObject({ ok: true, coverage: { events: 1 } });
  });

  it.each<[string, string, (journal: Journal) => Promise<unknown>]>([
    [
      'whose number is taken',
      'SEQUENCE_CONFLICT',
      (journal) => journal.append(toolCall(1), { payload: { content: CONTENT }, expectedSequence: 7 }),
    ],
    [
      'that is malformed',
      'INVALID_EVENT',
      (journal) => journal.append({ tool_name: '', verdict: 'allow' }, { payload: { content: CONTENT } }),
    ],
    [
      'with a bad media type',
      'INVALID_ARGUMENT',
      (journal) => journal.append(toolCall(1), { payload: { content: CONTENT, mediaType: 'text' } }),
    ],
    [
      'with a stream of text',
      'INVALID_ARGUMENT',
      (journal) => journal.append(toolCall(1), { payload: { content: Readable.from(['text']) } }),
    ],
    [
      'with a file that is not there',
      'FILE_NOT_FOUND',
      (journal) => journal.append(toolCall(1), { payload: { path: `${journal.path}.none` } }),
    ],
    [
      'with a folder',
      'INVALID_ARGUMENT',
      (journal) => journal.append(toolCall(1), { payload: { path: dirname(journal.path) } }),
    ],
    [
      'among others',
      'INVALID_ARGUMENT',
      (journal) => journal.appendAll([toolCall(1), toolCall(2)], { payload: { content: CONTENT } }),
    ],
    [
      'and attributes too long for the line',
      'LINE_TOO_LONG',
      (journal) => journal.append(toolCall(1, long()), { payload: { content: CONTENT } }),
    ],
    [
      'after the close',
      'SESSION_CLOSED',
      async (journal) => {
        await journal.complete();
        return journal.append(toolCall(1), { payload: { content: CONTENT } });
      },
    ],
  ])('%s is refused as %s and leaves no file', async (_, code, append) => {
    const path = await newJournal(1);
    expect((await caught(withJournal(path, append))).code).toBe(code);
    expect(payloadFiles(path)).toEqual([]);
    expect(eventsIn(path).filter(({ tool_name: name }) => name.startsWith('tool.'))).toHaveLength(1);
  });
});

describe('attributes that are too long for a line', () => {
  it('move into a payload of their own', async () => {
    const path = await newJournal();
    await withJournal(path, (journal) => journal.append(toolCall(1, long())));
    const [event] = eventsIn(path);
    expect(event?.attributes).toBeUndefined();
    expect(event?.payload?.media_type).toBe('application/vnd.gait.attributes+json');
    expect(JSON.parse((await contentOf(path, 1)).toString())).toEqual(long().attributes);
  });

  it('do so in the middle of others, which keep their order and their commit', async () => {
    const path = await newJournal();
    const receipts = await withJournal(path, (journal) =>
      journal.appendAll([
        toolCall(1),
        toolCall(2, long()),
        toolCall(3, long(10)),
        toolCall(4, long(90_000)),
        toolCall(5),
      ]),
    );
    expect(receipts.map(({ sequence }) => sequence)).toEqual([1, 2, 3, 4, 5]);
    expect(eventsIn(path).map(({ tool_name: name, payload }) => [name, payload !== undefined])).toEqual([
      ['tool.1', false],
      ['tool.2', true],
      ['tool.3', false],
      ['tool.4', true],
      ['tool.5', false],
    ]);
    expect(await verifyJournal(path)).toMatchObject({ ok: true });
  });

  it('leave no file when one event of the commit is refused', async () => {
    const path = await newJournal();
    const bad = { tool_name: 'x', verdict: 'perhaps' } as unknown as EventInput;
    for (const events of [
      [toolCall(1, long()), bad],
      [toolCall(1, long()), toolCall(2, { intent_id: 'i'.repeat(80_000) })],
    ]) {
      await caught(withJournal(path, (journal) => journal.appendAll(events)));
      expect(payloadFiles(path)).toEqual([]);
      expect(eventsIn(path)).toEqual([]);
    }
  });

  it('stay in the line up to the last byte that fits', async () => {
    const path = await newJournal();
    await withJournal(path, async (journal) => {
      for (let characters = 64_800; characters < 65_300; characters += 25)
        await journal.append(toolCall(1, long(characters)));
    });
    const kept = eventsIn(path).map(({ payload }) => payload === undefined);
    expect(kept).toContain(true);
    expect(kept).toEqual(kept.toSorted((a, b) => Number(b) - Number(a)));
    expect(Math.max(...linesOf(path).map((line) => line.length))).toBeLessThanOrEqual(65_535);
    expect(await verifyJournal(path)).toMatchObject({ ok: true });
  });
});
