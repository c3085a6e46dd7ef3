/** The rows of that table (docs/architecture.md, "Recovery") in which nothing may be written: damage that no crash makes. */
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readStatus, startSession, verifyJournal } from '../../src/index.js';
import {
  caught,
  folderContent,
  goEventLine,
  IDS,
  linesOf,
  newJournal,
  QUICK,
  removeIndex,
  toolCall,
  withJournal,
} from '../support/journal-fixtures.js';

const append = (path: string): Promise<unknown> => withJournal(path, (journal) => journal.append(toolCall(9)));

/** What is done to the lines of a journal of a header and four events; line 5 is the last. */
const DAMAGES: Readonly<Record<string, (lines: string[]) => string[]>> = {
  'a last line that is no JSON': (lines) => inLast(lines, () => '{"event":{'),
  'a last line that is a torn one with a line feed': (lines) => inLast(lines, (last) => last.slice(0, -9)),
  'a last line with a wrong prev': (lines) =>
    inLast(lines, (last) => last.replace(/"prev":"[0-9a-f]{64}"/, `"prev":"${'0'.repeat(64)}"`)),
  'a last line whose prev is no hash': (lines) => inLast(lines, (last) => last.replace('"prev":"', '"prev":"X')),
  'a last line of an unknown record type': (lines) =>
    inLast(lines, (last) => last.replace('"record_type":"event"', '"record_type":"note"')),
  'a last line with a sequence that is taken': (lines) => [...lines, goEventLine(4)],
  'a last line of another session': (lines) => [...lines, goEventLine(5, { session_id: 'other', run_id: 'run_1' })],
  'a blank last line': (lines) => [...lines, ''],
  'a line in the middle that is no JSON': (lines) => lines.with(2, '{"event":{'),
  'a line in the middle that was changed': (lines) => lines.with(2, (lines[2] ?? '').replace('tool.2', 'tool.X')),
  'a header in the middle': (lines) => lines.toSpliced(3, 0, lines[0] ?? ''),
  'no header': (lines) => lines.slice(1),
  'a line that is missing': (lines) => lines.toSpliced(2, 1),
};

function inLast(lines: readonly string[], change: (last: string) => string): string[] {
  return [...lines.slice(0, -1), change(lines.at(-1) ?? '')];
}

describe.each(Object.entries(DAMAGES))('%s', (_, damage) => {
  it('is refused by append, start and status with JOURNAL_CORRUPT, and every file stays as it is', async () => {
    const path = await newJournal(4);
    removeIndex(path);
    writeFileSync(path, `${damage(linesOf(path)).join('\n')}\n`);
    const before = folderContent(dirname(path));
    for (const refused of [append(path), startSession(path, IDS, QUICK), readStatus(path)]) {
      const error = await caught(refused);
      expect([error.code, error.category, error.retryable]).toEqual(['JOURNAL_CORRUPT', 'verification_failed', false]);
    }
    expect((await verifyJournal(path)).ok).toBe(false);
    expect(folderContent(dirname(path))).toEqual(before);
  });
});

describe('a handle that was open before the damage', () => {
  it('refuses a bad line that somebody appended, and leaves the journal as it is', async () => {
    const path = await newJournal(2);
    await withJournal(path, async (journal) => {
      writeFileSync(path, `${readFileSync(path, 'latin1')}not json\n`, 'latin1');
      const before = readFileSync(path);
      expect((await caught(journal.append(toolCall(3)))).code).toBe('JOURNAL_CORRUPT');
      expect((await caught(journal.append(toolCall(3)))).code).toBe('JOURNAL_CORRUPT');
      expect(readFileSync(path).equals(before)).toBe(true);
    });
  });
});

describe('an unterminated last line that parses but does not belong there', () => {
  it.each(['["a list"]', goEventLine(7), goEventLine(3, { session_id: 's2', run_id: 'run_1' })])(
    'is refused, not cut off: %s',
    async (tail) => {
      const path = await newJournal(2);
      removeIndex(path);
      writeFileSync(path, `${linesOf(path).join('\n')}\n${tail}`);
      const before = readFileSync(path);
      expect((await caught(append(path))).code).toBe('JOURNAL_CORRUPT');
      expect((await verifyJournal(path)).ok).toBe(false);
      expect(readFileSync(path).equals(before)).toBe(true);
    },
  );
});

describe('an empty file', () => {
  it('is JOURNAL_EMPTY to append and status, is reported by verify, and start initialises it', async () => {
    const path = await newJournal();
    writeFileSync(path, '');
    const before = folderContent(dirname(path));
    for (const refused of [append(path), readStatus(path)]) {
      const error = await caught(refused);
      expect([error.code, error.category]).toEqual(['JOURNAL_EMPTY', 'invalid_input']);
    }
    expect((await verifyJournal(path)).problems.map(({ kind }) => kind)).toEqual(['empty_journal']);
    expect(folderContent(dirname(path))).toEqual(before);
    expect((await startSession(path, IDS, QUICK)).last_sequence).toBe(0);
    expect(await withJournal(path, (journal) => journal.append(toolCall(1)))).toMatchObject({ sequence: 1 });
    expect((await verifyJournal(path)).ok).toBe(true);
  });
});
