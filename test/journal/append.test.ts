/** What an append promises to a single caller. */
import { appendFileSync, readFileSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openJournal, readStatus, startSession, verifyJournal } from '../../src/index.js';
import {
  caught,
  folderContent,
  goEventLine,
  IDS,
  linesOf,
  newFolder,
  newJournal,
  QUICK,
  toolCall,
  withJournal,
} from '../support/journal-fixtures.js';

const MAX_LINE_BYTES = 65_535;

describe('the length of a line', () => {
  it('may be 65,535 bytes and not one more, counted in bytes, not in characters', async () => {
    const path = await newJournal();
    const padded = (size: number) =>
      toolCall(1, { relationship: { pad: 'é'.repeat(size >> 1) + 'x'.repeat(size & 1) } });
    await withJournal(path, async (journal) => {
      await journal.append(padded(0));
      const overhead = Buffer.byteLength(linesOf(path)[1] ?? '');
      await journal.append(padded(MAX_LINE_BYTES - overhead));
      expect(Buffer.byteLength(linesOf(path)[2] ?? '')).toBe(MAX_LINE_BYTES);

      const before = readFileSync(path);
      const error = await caught(journal.append(padded(MAX_LINE_BYTES - overhead + 1)));
      expect([error.code, error.category]).toEqual(['LINE_TOO_LONG', 'invalid_input']);
      expect(error.details).toMatchObject({ size_bytes: MAX_LINE_BYTES + 1, max_bytes: MAX_LINE_BYTES });
      expect(readFileSync(path).equals(before)).toBe(true);
      expect(await journal.append(toolCall(3))).toMatchObject({ sequence: 3 });
    });
    expect((await verifyJournal(path)).ok).toBe(true);
  });

  it('counts the sequence: one digit more can be one byte too many, and the whole call is refused', async () => {
    const path = await newJournal(8);
    await withJournal(path, async (journal) => {
      await journal.append(toolCall(1, { relationship: { pad: '' } }));
      const overhead = Buffer.byteLength(linesOf(path).at(-1) ?? '');
      const before = readFileSync(path);
      const exact = toolCall(1, { relationship: { pad: 'x'.repeat(MAX_LINE_BYTES - overhead) } });
      // Event 10 now: the same event made a legal line as event 9.
      const error = await caught(journal.appendAll([exact]));
      expect(error.code).toBe('LINE_TOO_LONG');
      expect((await caught(journal.appendAll([toolCall(2), exact]))).details).toMatchObject({ index: 1 });
      expect(readFileSync(path).equals(before)).toBe(true);
    });
  });
});

describe('appendAll', () => {
  it('and append answer what is no argument at all with a promise too', async () => {
    const path = await newJournal();
    await withJournal(path, async (journal) => {
      await expect(journal.appendAll(undefined as never)).rejects.toThrow(TypeError);
      expect((await caught(journal.append(undefined as never))).code).toBe('INVALID_EVENT');
      await expect(journal.append(toolCall(1), null as never)).rejects.toThrow(TypeError);
    });
    expect(linesOf(path)).toHaveLength(1);
  });

  it('reports of several faults the fields first, then what JSON cannot hold, each by its index, and writes nothing', async () => {
    const path = await newJournal();
    const noJson = toolCall(1, { attributes: { half: '\ud83d' } });
    const noEvent = { ...toolCall(2), verdict: 'banana' as never };
    const careful = toolCall(3, { actor: 'Zoë' });
    await withJournal(path, async (journal) => {
      const before = readFileSync(path);
      const fields = await caught(journal.appendAll([toolCall(1), noJson, careful, noEvent]));
      expect([fields.code, fields.details['index'], fields.message]).toEqual([
        'INVALID_EVENT',
        3,
        expect.stringMatching(/^event 3: verdict/),
      ]);
      const json = await caught(journal.appendAll([careful, toolCall(1), noJson]));
      expect([json.code, json.details['index'], json.details['path']]).toEqual(['INVALID_JSON', 2, '/half']);
      expect((await caught(journal.append(noJson))).details).not.toHaveProperty('index');
      expect(readFileSync(path).equals(before)).toBe(true);
      const mixed = [toolCall(1), careful, toolCall(4, { attributes: { text: 'x'.repeat(70_000) } }), toolCall(5)];
      expect((await journal.appendAll(mixed)).map(({ sequence }) => sequence)).toEqual([1, 2, 3, 4]);
    });
    expect(linesOf(path).map((line) => (JSON.parse(line) as { event?: { actor?: string } }).event?.actor)[2]).toBe(
      'Zoë',
    );
    expect((await verifyJournal(path)).ok).toBe(true);
  });

  it('writes nothing when one of its events is bad, and says which', async () => {
    const path = await newJournal(1);
    await withJournal(path, async (journal) => {
      const before = readFileSync(path);
      const error = await caught(journal.appendAll([toolCall(2), { ...toolCall(3), verdict: 'banana' as never }]));
      expect([error.code, error.details['index']]).toEqual(['INVALID_EVENT', 1]);
      expect(readFileSync(path).equals(before)).toBe(true);
      expect(await journal.appendAll([])).toEqual([]);
      expect(readFileSync(path).equals(before)).toBe(true);
    });
  });

  it('keeps the order of calls that are made at once', async () => {
    const path = await newJournal();
    await withJournal(path, async (journal) => {
      const all = await Promise.all([
        journal.append(toolCall(1)),
        journal.appendAll([toolCall(2), toolCall(3)]),
        journal.append(toolCall(4)),
      ]);
      expect(all.flat().map(({ sequence }) => sequence)).toEqual([1, 2, 3, 4]);
    });
    expect(
      linesOf(path)
        .slice(1)
        .map((line) => /tool\.\d/.exec(line)?.[0]),
    ).toEqual(['tool.1', 'tool.2', 'tool.3', 'tool.4']);
  });
});

describe('expectedSequence', () => {
  it('lets the append through when the session stands there, also for the first event', async () => {
    const path = await newJournal();
    await withJournal(path, async (journal) => {
      expect(await journal.append(toolCall(1), { expectedSequence: 0 })).toMatchObject({ sequence: 1 });
      expect(await journal.appendAll([toolCall(2), toolCall(3)], { expectedSequence: 1 })).toHaveLength(2);
    });
  });

  it('refuses the append, and writes nothing, when the session has moved on or is not there yet', async () => {
    const path = await newJournal(2);
    await withJournal(path, async (journal) => {
      await withJournal(path, (other) => other.append(toolCall(3)));
      const before = readFileSync(path);
      for (const expectedSequence of [0, 2, 4]) {
        const error = await caught(journal.append(toolCall(9), { expectedSequence }));
        expect([error.code, error.category]).toEqual(['SEQUENCE_CONFLICT', 'state_contention']);
        expect(error.details).toMatchObject({ expected: expectedSequence, found: 3 });
      }
      expect(readFileSync(path).equals(before)).toBe(true);
    });
  });

  it('lets one of two callers through that expect the same', async () => {
    const path = await newJournal(1);
    await withJournal(path, async (journal) => {
      const outcomes = await Promise.allSettled([
        journal.append(toolCall(2), { expectedSequence: 1 }),
        journal.append(toolCall(3), { expectedSequence: 1 }),
      ]);
      expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
    });
    expect(linesOf(path)).toHaveLength(3);
  });

  it.each([-1, 1.5, Number.NaN, '1'])('that is %j is INVALID_ARGUMENT', async (bad) => {
    const path = await newJournal(1);
    const refused = withJournal(path, (journal) => journal.append(toolCall(2), { expectedSequence: bad as number }));
    expect((await caught(refused)).code).toBe('INVALID_ARGUMENT');
  });
});

describe('a start', () => {
  it('that is repeated returns what is there and changes nothing', async () => {
    const path = await newJournal(2);
    const before = folderContent(dirname(path));
    expect(await startSession(path, IDS, QUICK)).toMatchObject({ ...IDS, last_sequence: 2 });
    expect(folderContent(dirname(path))).toEqual(before);
  });

  it('with another session or run is SESSION_MISMATCH, and changes nothing', async () => {
    const path = await newJournal(2);
    const before = folderContent(dirname(path));
    for (const ids of [
      { ...IDS, session_id: 's2' },
      { ...IDS, run_id: 'run_2' },
    ]) {
      expect((await caught(startSession(path, ids, QUICK))).code).toBe('SESSION_MISMATCH');
    }
    expect(folderContent(dirname(path))).toEqual(before);
  });

  it('makes missing folders, and files that only their owner can read', async () => {
    const path = `${newFolder()}/a/b/s.jsonl`;
    await startSession(path, IDS);
    await withJournal(path, (journal) => journal.append(toolCall(1)), {});
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(statSync(`${path}.gait/index`).mode & 0o777).toBe(0o600);
    expect(statSync(dirname(path)).mode & 0o027).toBe(0);
  });

  it.each([{ session_id: '' }, { run_id: ' ' }, { session_id: 'a\nb' }, { run_id: '\ud800' }, { session_id: 7 }])(
    'with ids like %j is INVALID_ARGUMENT, and nothing is made',
    async (bad) => {
      const folder = newFolder();
      const refused = startSession(`${folder}/s.jsonl`, { ...IDS, ...bad } as typeof IDS, QUICK);
      expect((await caught(refused)).code).toBe('INVALID_ARGUMENT');
      expect(folderContent(folder)).toEqual({});
    },
  );
});

describe('a handle', () => {
  it('refuses an option it does not know, by name, and a value that makes no sense', async () => {
    const path = await newJournal();
    for (const options of [{ locks: 'shared' }, { lock: 'none' }, { durability: 'maybe' }, { lockTimeoutMs: -1 }]) {
      const error = await caught(openJournal(path, options as never));
      expect(error.code).toBe('INVALID_ARGUMENT');
      expect(error.details).toMatchObject({ option: Object.keys(options)[0] });
    }
  });

  it('sees what another one, and the Go tool, appended in between', async () => {
    const path = await newJournal();
    await withJournal(path, async (journal) => {
      await journal.append(toolCall(1));
      await withJournal(path, (other) => other.append(toolCall(2)));
      appendFileSync(path, `${goEventLine(3)}\n`);
      expect(await journal.append(toolCall(4))).toMatchObject({ sequence: 4, leaf_index: 4 });
      expect(await journal.status()).toMatchObject({ event_count: 4, unlinked_lines: 1 });
    });
    expect(await readStatus(path)).toMatchObject({ last_sequence: 4 });
    expect((await verifyJournal(path)).ok).toBe(true);
  });
});
