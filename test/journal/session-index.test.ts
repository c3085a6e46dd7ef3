/** The index is a cache: whatever happens to it, only speed changes. */
import { copyFileSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { readJournal, readStatus, type FileSystem } from '../../src/index.js';
import { decodeIndex, encodeIndex, MAX_INDEX_BYTES } from '../../src/journal/session-index.js';
import { SessionState } from '../../src/journal/session-state.js';
import { nodeFileSystem } from '../../src/journal/store/index.js';
import { errnoError, FaultFileSystem } from '../support/fault-file-system.js';
import { caught, linesOf, newJournal, QUICK, removeIndex, toolCall, withJournal } from '../support/journal-fixtures.js';

const EVENTS = 9;
let path: string;
let whole: Buffer;
let index: Buffer;
let expected: unknown;

/** Everything a user can ask an open journal; the file is put back afterwards. */
async function answers(fileSystem: FileSystem = nodeFileSystem): Promise<unknown> {
  const status = await readStatus(path, { fileSystem });
  const window: string[] = [];
  for await (const line of readJournal(path, { fileSystem, fromSequence: 4, toSequence: 6 })) window.push(line.text);
  const receipts = await withJournal(
    path,
    async (journal) => [
      await journal.append(toolCall(2, { idempotency_key: 'key-2' })),
      await journal.append(toolCall(EVENTS + 1)),
    ],
    { ...QUICK, fileSystem },
  );
  const written = readFileSync(path, 'latin1');
  writeFileSync(path, whole);
  return { status, window, receipts, written };
}

function putIndex(content: Buffer): void {
  rmSync(`${path}.gait/index`, { recursive: true, force: true });
  writeFileSync(`${path}.gait/index`, content);
}

beforeAll(async () => {
  path = await newJournal();
  for (let number = 1; number <= EVENTS; number += 1) {
    await withJournal(path, (journal) => journal.append(toolCall(number, { idempotency_key: `key-${number}` })));
  }
  whole = readFileSync(path);
  index = readFileSync(`${path}.gait/index`);
  removeIndex(path);
  expected = await answers();
});

describe('an index that is', () => {
  it('missing leaves the answers to the journal', () => {
    expect(expected).toMatchObject({ receipts: [{ sequence: 2 }, { sequence: 10 }], window: { length: 3 } });
  });

  it('honest is believed: the journal is not read again from its start', async () => {
    putIndex(index);
    const faults = new FaultFileSystem();
    await readStatus(path, { fileSystem: faults.fs });
    const reads = faults.calls.filter(({ operation, path: read }) => operation === 'read' && read === path);
    expect(reads.map(({ args }) => args[4])).not.toContain(0);
    expect(await answers()).toEqual(expected);
  });

  it('cut short at any length changes no answer', async () => {
    for (let length = 0; length < index.length; length += 13) {
      putIndex(index.subarray(0, length));
      expect(await answers(), `cut at ${length}`).toEqual(expected);
    }
  });

  it('wrong in any byte changes no answer', async () => {
    for (let at = 0; at < index.length; at += 7) {
      const flipped = Buffer.from(index);
      flipped.writeUInt8(flipped.readUInt8(at) ^ (1 << (at % 8)), at);
      putIndex(flipped);
      expect(await answers(), `byte ${at}`).toEqual(expected);
    }
  });

  it("another session's, under our inode, changes no answer", async () => {
    const other = await newJournal(EVENTS);
    const state = coldState(other);
    const { ino, dev } = statSync(path);
    putIndex(encodeIndex(state, { ino, dev }));
    expect(await answers()).toEqual(expected);
    putIndex(readFileSync(`${other}.gait/index`));
    expect(await answers()).toEqual(expected);
  });

  it('from earlier, at every event, changes no answer', async () => {
    const { ino, dev } = statSync(path);
    for (let lines = 1; lines <= EVENTS; lines += 1) {
      const state = coldState(path, lines);
      putIndex(encodeIndex(state, { ino, dev }));
      expect(await answers(), `after ${lines} lines`).toEqual(expected);
    }
  });

  it('made for a file that was replaced by a copy under the same name changes no answer', async () => {
    putIndex(index);
    copyFileSync(path, `${path}.copy`);
    renameSync(`${path}.copy`, path);
    expect(await answers()).toEqual(expected);
  });

  it('a directory, larger than any index, or unreadable changes no answer', async () => {
    rmSync(`${path}.gait/index`, { recursive: true, force: true });
    mkdirSync(`${path}.gait/index/below`, { recursive: true });
    expect(await answers()).toEqual(expected);
    putIndex(Buffer.alloc(MAX_INDEX_BYTES + 1));
    expect(await answers()).toEqual(expected);
    putIndex(index);
    const faults = new FaultFileSystem();
    faults.fail('open', '/index', 'EACCES');
    expect(await answers(faults.fs)).toEqual(expected);
  });

  it('impossible to save changes no answer', async () => {
    putIndex(index);
    const faults = new FaultFileSystem();
    faults.intercept = ({ operation, path: read }, proceed) => {
      if (operation === 'rename' && read.includes('.index.tmp-')) throw errnoError('EACCES');
      return proceed();
    };
    expect(await answers(faults.fs)).toEqual(expected);
  });

  it('well-formed nonsense under a good checksum is no index', () => {
    const state = coldState(path);
    const good = encodeIndex(state, { ino: 1, dev: 1 });
    expect(decodeIndex(good)).toBeDefined();
    state.offset = -1;
    expect(decodeIndex(encodeIndex(state, { ino: 1, dev: 1 }))).toBeUndefined();
    state.offset = 1;
    state.log.header = undefined;
    expect(decodeIndex(encodeIndex(state, { ino: 1, dev: 1 }))).toBeUndefined();
  });
});

describe('what an index vouches for', () => {
  it('is only what was synced: a buffered tail that a power cut took is no evidence loss', async () => {
    const buffered = await newJournal(2);
    const synced = statSync(buffered).size;
    const state = coldState(buffered);
    await withJournal(buffered, (journal) => journal.append(toolCall(3)));
    const { ino, dev } = statSync(buffered);
    const longer = coldState(buffered);
    longer.durableOffset = synced;
    writeFileSync(`${buffered}.gait/index`, encodeIndex(longer, { ino, dev }));
    writeFileSync(buffered, readFileSync(buffered).subarray(0, synced));
    expect(await readStatus(buffered)).toMatchObject({ last_sequence: 2, journal_size_bytes: state.offset });
    expect(await withJournal(buffered, (journal) => journal.append(toolCall(3)))).toMatchObject({ sequence: 3 });
  });

  it('survives a handle that wrote nothing: what it vouched for before is still missed', async () => {
    const journal = await newJournal(3);
    await withJournal(journal, () => Promise.resolve());
    writeFileSync(journal, `${linesOf(journal).slice(0, -1).join('\n')}\n`);
    expect((await caught(readStatus(journal))).code).toBe('JOURNAL_TRUNCATED');
  });
});

/** The state after the first lines of a journal, read without any index. */
function coldState(journal: string, lines = Infinity): SessionState {
  const state = new SessionState(({ meaning }) => {
    throw new Error(meaning);
  });
  for (const line of linesOf(journal).slice(0, lines)) state.add(Buffer.from(line), state.offset);
  state.durableOffset = state.offset;
  return state;
}
