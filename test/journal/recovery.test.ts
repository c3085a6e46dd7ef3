/**
 * The table "Recovery" of docs/architecture.md, at every byte offset of the last three lines. What is expected is worked out
 * here from the line boundaries alone.
 */
import { createHash } from 'node:crypto';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { readStatus, startSession, verifyJournal, type SessionEvent } from '../../src/index.js';
import {
  caught,
  folderContent,
  goCheckpointLine,
  goEventLine,
  IDS,
  linesOf,
  newJournal,
  QUICK,
  toolCall,
  withJournal,
} from '../support/journal-fixtures.js';

interface Subject {
  readonly path: string;
  readonly whole: Buffer;
  /** Offset of the first byte of each of the last three lines, and of the end of the file. */
  readonly starts: readonly number[];
  /** Index after everything but the last three lines, and after everything. */
  readonly oldIndex: Buffer;
  readonly fullIndex: Buffer;
}

const eventOf = (line: string): SessionEvent => (JSON.parse(line) as { event: SessionEvent }).event;
const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');
const QUICK_READ = { fileSystem: QUICK.fileSystem };
const indexOf = (path: string): string => `${path}.gait/index`;
const tornFolder = (path: string): string => `${path}.gait/torn`;

/** Three events, then the lines that `addLastThree` adds. */
async function makeSubject(addLastThree: (path: string) => Promise<void>): Promise<Subject> {
  const path = await newJournal(3);
  const oldIndex = readFileSync(indexOf(path));
  await addLastThree(path);
  const whole = readFileSync(path);
  // A later append, synced, makes the index vouch for all three lines; then the file is put back.
  await withJournal(path, (journal) => journal.append(toolCall(99, { idempotency_key: 'probe' })));
  const withProbe = readFileSync(indexOf(path));
  expect(withProbe.equals(oldIndex)).toBe(false);
  const starts = [whole.length];
  for (let count = 0; count < 3; count += 1) {
    starts.unshift(whole.lastIndexOf(0x0a, (starts[0] ?? 0) - 2) + 1);
  }
  return { path, whole, starts, oldIndex, fullIndex: withProbe };
}

/** Puts the journal back as it was, cut at `size`, in the same inode, with the given index or none. */
function reset(subject: Subject, size: number, index: Buffer | undefined): void {
  rmSync(`${subject.path}.gait`, { recursive: true, force: true });
  writeFileSync(subject.path, subject.whole);
  truncateSync(subject.path, size);
  if (index === undefined) return;
  mkdirSync(`${subject.path}.gait`);
  writeFileSync(indexOf(subject.path), index);
}

describe.each<[string, (path: string) => Promise<void>]>([
  [
    'event, event, event',
    async (path) => {
      await withJournal(path, (journal) => journal.appendAll([toolCall(4), toolCall(5), toolCall(6)]));
    },
  ],
  [
    'checkpoint of the Go tool, event, event',
    async (path) => {
      appendFileSync(path, `${goCheckpointLine(1, 1, 3)}\n`);
      await withJournal(path, (journal) => journal.appendAll([toolCall(4), toolCall(5)]));
    },
  ],
  [
    'event, event, line of the Go tool without prev',
    async (path) => {
      await withJournal(path, (journal) => journal.appendAll([toolCall(4), toolCall(5)]));
      appendFileSync(path, `${goEventLine(6)}\n`);
    },
  ],
])('a journal that ends in %s', (_, addLastThree) => {
  let subject: Subject;
  beforeAll(async () => {
    subject = await makeSubject(addLastThree);
  });

  it.each(['no index', 'an index from before these lines'])(
    'cut anywhere, with %s, is completed at a whole line, cut back with a repair event at half a line, and else taken as it is',
    async (indexKind) => {
      const [first = 0] = subject.starts;
      for (let size = first; size <= subject.whole.length; size += 1) {
        reset(subject, size, indexKind === 'no index' ? undefined : subject.oldIndex);
        await expectRecovery(subject, size);
      }
    },
  );

  it('cut anywhere, with an index that knew more, is evidence loss: refused, and nothing is changed', async () => {
    const [first = 0] = subject.starts;
    for (let size = first; size < subject.whole.length; size += 1) {
      reset(subject, size, subject.fullIndex);
      const before = folderContent(dirname(subject.path));
      const error = await caught(withJournal(subject.path, (journal) => journal.append(toolCall(7))));
      expect([error.code, error.category], `cut at ${size}`).toEqual(['JOURNAL_TRUNCATED', 'verification_failed']);
      expect((await caught(readStatus(subject.path, QUICK_READ))).code).toBe('JOURNAL_TRUNCATED');
      expect((await verifyJournal(subject.path)).problems.map(({ kind }) => kind)).toContain('truncated');
      expect(folderContent(dirname(subject.path))).toEqual(before);
    }
  });
});

async function expectRecovery({ path, whole, starts }: Subject, size: number): Promise<void> {
  const where = `cut at ${size} of ${whole.length}`;
  const lastStart = starts.findLast((start) => start <= size) ?? 0;
  const isWholeLine = whole[size] === 0x0a;
  const torn = isWholeLine || lastStart === size ? Buffer.alloc(0) : whole.subarray(lastStart, size);
  const kept = isWholeLine ? whole.subarray(0, size + 1) : whole.subarray(0, lastStart);

  // An exclusive open recovers and writes nothing else; a second one finds nothing left to do.
  await withJournal(path, () => Promise.resolve(), { ...QUICK, lock: 'exclusive' });
  const once = readFileSync(path);
  const tornOnce = tornFiles(path);
  await withJournal(path, () => Promise.resolve(), { ...QUICK, lock: 'exclusive' });
  expect(readFileSync(path).equals(once), where).toBe(true);
  expect(tornFiles(path)).toEqual(tornOnce);

  expect(once.subarray(0, kept.length).equals(kept), where).toBe(true);
  const added = once.subarray(kept.length).toString().split('\n').slice(0, -1);
  if (torn.length === 0) {
    expect(added, where).toEqual([]);
    expect(tornOnce, where).toEqual([]);
  } else {
    expect(tornOnce, where).toEqual([[`${lastStart}-${sha256(torn)}`, torn.toString('latin1')]]);
    expect(added.map((line) => eventOf(line).tool_name)).toEqual(['gait.journal.repair']);
    expect(added.map((line) => eventOf(line).attributes)).toEqual([
      { byte_offset: lastStart, sha256: sha256(torn), size_bytes: torn.length },
    ]);
  }

  const { last_sequence: last } = await readStatus(path, QUICK_READ);
  const receipt = await withJournal(path, (journal) => journal.append(toolCall(7)));
  expect(receipt.sequence, where).toBe(last + 1);
  expect(receipt.leaf_index).toBe(linesOf(path).length - 1);
  expect((await verifyJournal(path)).problems, where).toEqual([]);
}

function tornFiles(path: string): (readonly [string, string])[] {
  if (!existsSync(tornFolder(path))) return [];
  return readdirSync(tornFolder(path)).map((name) => [
    name,
    readFileSync(join(tornFolder(path), name)).toString('latin1'),
  ]);
}

describe('a journal of one header', () => {
  it('cut anywhere is left alone by append, and started again by start, which keeps the bytes it found', async () => {
    const path = await newJournal();
    const header = readFileSync(path);
    for (let size = 0; size < header.length; size += 1) {
      rmSync(`${path}.gait`, { recursive: true, force: true });
      writeFileSync(path, header.subarray(0, size));
      const before = folderContent(dirname(path));
      const error = await caught(withJournal(path, (journal) => journal.append(toolCall(1))));
      expect([error.code, error.category], `cut at ${size}`).toEqual(['JOURNAL_EMPTY', 'invalid_input']);
      expect(folderContent(dirname(path))).toEqual(before);

      await startSession(path, IDS, QUICK);
      const once = readFileSync(path);
      await startSession(path, IDS, QUICK);
      expect(readFileSync(path).equals(once)).toBe(true);
      expect(once.subarray(0, header.length).equals(header), `cut at ${size}`).toBe(true);
      const isTorn = size > 0 && size < header.length - 1;
      const torn = header.subarray(0, size);
      expect(tornFiles(path), `cut at ${size}`).toEqual(isTorn ? [[`0-${sha256(torn)}`, torn.toString('latin1')]] : []);
      expect(
        linesOf(path)
          .slice(1)
          .map((line) => eventOf(line).attributes),
      ).toEqual(isTorn ? [{ byte_offset: 0, sha256: sha256(torn), size_bytes: size }] : []);
      expect((await verifyJournal(path)).problems).toEqual([]);
    }
  });
});
