/** Reading a journal: windows, damage, followers. */
import { appendFileSync, readFileSync, renameSync, truncateSync, writeFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { readJournal, type JournalLine, type ReadOptions } from '../../src/index.js';
import { FaultFileSystem } from '../support/fault-file-system.js';
import {
  caught,
  goCheckpointLine,
  goEventLine,
  linesOf,
  newJournal,
  removeIndex,
  toolCall,
  withJournal,
} from '../support/journal-fixtures.js';

async function read(path: string, options: ReadOptions = {}): Promise<JournalLine[]> {
  const lines: JournalLine[] = [];
  for await (const line of readJournal(path, options)) lines.push(line);
  return lines;
}

/** Short names: header, e1, c1. */
const named = (line: JournalLine): string => {
  if (line.recordType === 'event') return `e${line.event.sequence}`;
  return line.recordType === 'checkpoint' ? `c${line.checkpoint.checkpoint_index}` : 'header';
};

describe('a whole read', () => {
  it('yields every line with its bytes, its place and what it is', async () => {
    const path = await newJournal(2);
    appendFileSync(path, `${goCheckpointLine(1, 1, 2)}\n`);
    await withJournal(path, (journal) => journal.append(toolCall(3)));
    const lines = await read(path);
    expect(lines.map(named)).toEqual(['header', 'e1', 'e2', 'c1', 'e3']);
    expect(lines.map(({ text }) => text)).toEqual(linesOf(path));
    const bytes = readFileSync(path);
    for (const { text, byteOffset } of lines) {
      expect(bytes.subarray(byteOffset, byteOffset + Buffer.byteLength(text)).toString()).toBe(text);
    }
    expect(lines.map(({ prev }) => typeof prev)).toEqual(['undefined', 'string', 'string', 'undefined', 'string']);
  });

  it('does not show a line that is still being written', async () => {
    const path = await newJournal(2);
    appendFileSync(path, goEventLine(3));
    expect((await read(path)).map(named)).toEqual(['header', 'e1', 'e2']);
  });

  it('stops at a line that is no record, after yielding what is before it', async () => {
    const path = await newJournal(2);
    appendFileSync(path, `no record\n${goEventLine(3)}\nnor this\n`);
    const seen: string[] = [];
    const reading = (async () => {
      for await (const line of readJournal(path)) seen.push(named(line));
    })();
    expect(await caught(reading)).toMatchObject({ code: 'JOURNAL_CORRUPT', category: 'verification_failed' });
    expect(seen).toEqual(['header', 'e1', 'e2']);
  });

  it('lets go of the file when its consumer stops early', async () => {
    const path = await newJournal(3);
    const reader = readJournal(path);
    expect((await reader.next()).done).toBe(false);
    await reader.return();
    expect((await reader.next()).done).toBe(true);
  });
});

describe('a window', () => {
  const EVENTS = 9;
  let path: string;
  /** All lines of the journal, with checkpoints after events 3 and 6. */
  let all: string[];
  let index: Buffer;

  beforeAll(async () => {
    path = await newJournal(3);
    appendFileSync(path, `${goCheckpointLine(1, 1, 3)}\n`);
    await withJournal(path, (journal) => journal.appendAll([toolCall(4), toolCall(5), toolCall(6)]));
    const digest = /"checkpoint_digest":"([0-9a-f]+)"/.exec(linesOf(path)[4] ?? '')?.[1];
    appendFileSync(path, `${goCheckpointLine(2, 4, 6, digest)}\n`);
    await withJournal(path, (journal) => journal.appendAll([toolCall(7), toolCall(8), toolCall(9)]));
    index = readFileSync(`${path}.gait/index`);
    all = (await read(path)).map(named);
  });

  /** Events by number; the other lines by their place among the events that are shown. */
  function expected(from: number, to: number): string[] {
    const first = from <= 1 ? 0 : all.indexOf(`e${from}`);
    const last = to < EVENTS ? all.indexOf(`e${to}`) : all.length - 1;
    return first === -1 || to < from || to === 0 ? [] : all.slice(first, last + 1);
  }

  it.each(['with', 'without'])('from every event to every event is the same, %s an index', async (how) => {
    if (how === 'with') writeFileSync(`${path}.gait/index`, index);
    else removeIndex(path);
    for (let from = 1; from <= EVENTS + 2; from += 1) {
      expect((await read(path, { fromSequence: from })).map(named), `from ${from}`).toEqual(expected(from, Infinity));
      for (let to = from; to <= EVENTS + 1; to += 1) {
        const lines = await read(path, { fromSequence: from, toSequence: to });
        expect(lines.map(named), `${from} to ${to}`).toEqual(expected(from, to));
      }
    }
  });

  it('that ends before it begins is empty', async () => {
    expect(await read(path, { fromSequence: 5, toSequence: 4 })).toEqual([]);
  });

  it.each([{ fromSequence: -1 }, { toSequence: 1.5 }, { fromSequence: Number.NaN }, { from: 1 }])(
    'given as %j is INVALID_ARGUMENT',
    async (options) => {
      expect((await caught(read(path, options as ReadOptions))).code).toBe('INVALID_ARGUMENT');
    },
  );
});

/** Reads until `count` lines have come, then stops the follower. */
async function follow(
  path: string,
  count: number,
  options: ReadOptions,
  onLine: (name: string) => Promise<void>,
): Promise<string[]> {
  const controller = new AbortController();
  const seen: string[] = [];
  const reader = readJournal(path, { ...options, follow: true, pollIntervalMs: 1, signal: controller.signal });
  for await (const line of reader) {
    seen.push(named(line));
    await onLine(named(line));
    if (seen.length === count) break;
  }
  return seen;
}

describe('a follower', () => {
  const append = (path: string, ...numbers: number[]): Promise<unknown> =>
    withJournal(path, (journal) => journal.appendAll(numbers.map((number) => toolCall(number))));

  it('goes on with what is appended, once its line feed is there', async () => {
    const path = await newJournal(1);
    const seen = await follow(path, 5, {}, async (name) => {
      if (name === 'e1') await append(path, 2, 3);
      if (name === 'e3') {
        const line = `${goEventLine(4)}\n`;
        appendFileSync(path, line.slice(0, 40));
        setTimeout(() => appendFileSync(path, line.slice(40)), 20);
      }
    });
    expect(seen).toEqual(['header', 'e1', 'e2', 'e3', 'e4']);
  });

  it('survives a compaction underneath it, without a gap or a repeat', async () => {
    const path = await newJournal(3);
    appendFileSync(path, `${goCheckpointLine(1, 1, 3)}\n`);
    const seen = await follow(path, 10, {}, async (name) => {
      if (name === 'c1') {
        // Lines that the follower has not seen stand in the old file when it is replaced.
        await append(path, 4, 5);
        compact(path);
        await append(path, 6);
      }
      if (name === 'e6') {
        compact(path);
        await append(path, 7, 8);
      }
    });
    expect(seen).toEqual(['header', 'e1', 'e2', 'e3', 'c1', 'e4', 'e5', 'e6', 'e7', 'e8']);
  });

  it('misses nothing that was appended and compacted away between its last look and the replacement', async () => {
    const path = await newJournal(3);
    const faults = new FaultFileSystem();
    let isReplaced = false;
    // The follower asks for the file at the path once it has read everything: now is the worst moment.
    faults.intercept = ({ operation, path: target }, proceed) => {
      if (operation === 'stat' && target === path && !isReplaced) {
        isReplaced = true;
        appendFileSync(path, `${goEventLine(4)}\n${goCheckpointLine(1, 1, 4)}\n`);
        compact(path);
      }
      return proceed();
    };
    const seen = await follow(path, 7, { fileSystem: faults.fs }, async (name) => {
      if (name === 'c1') await append(path, 5);
    });
    expect(seen).toEqual(['header', 'e1', 'e2', 'e3', 'e4', 'c1', 'e5']);
  });

  it('of a window ends with its last event, and begins with its first whenever that comes', async () => {
    const path = await newJournal(1);
    setTimeout(() => void append(path, 2, 3, 4, 5), 20);
    expect(await follow(path, Infinity, { fromSequence: 3, toSequence: 4 }, () => Promise.resolve())).toEqual([
      'e3',
      'e4',
    ]);
  });

  it('stops with the reason of its signal', async () => {
    const path = await newJournal(1);
    const controller = new AbortController();
    const reason = new Error('enough');
    const reading = read(path, { follow: true, signal: controller.signal, pollIntervalMs: 5 });
    setTimeout(() => controller.abort(reason), 20);
    await expect(reading).rejects.toMatchObject({ cause: reason });
    await expect(read(path, { follow: true, signal: controller.signal })).rejects.toBe(reason);
  });

  it('says so when the file becomes shorter than what it has read', async () => {
    const path = await newJournal(2);
    const reading = follow(path, 99, {}, async (name) => {
      if (name === 'e2') truncateSync(path, 10);
      await Promise.resolve();
    });
    expect(await caught(reading)).toMatchObject({ code: 'JOURNAL_TRUNCATED', category: 'verification_failed' });
  });
});

/** What a compaction does to the file: header, checkpoints and the events after the last one, in a new file, renamed. */
function compact(path: string): void {
  const lines = linesOf(path);
  const last = lines.findLastIndex((line) => line.includes('"record_type":"checkpoint"'));
  const kept = lines.filter((line, at) => at === 0 || at > last || line.includes('"record_type":"checkpoint"'));
  writeFileSync(`${path}.new`, kept.map((line) => `${line}\n`).join(''));
  renameSync(`${path}.new`, path);
  removeIndex(path);
}
