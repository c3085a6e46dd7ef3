/** Names under which a journal may be reached, and things that are no journal. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openJournal, readJournal, readStatus, startSession, verifyJournal } from '../../src/index.js';
import {
  caught,
  folderContent,
  IDS,
  linesOf,
  newFolder,
  newJournal,
  QUICK,
  toolCall,
  withJournal,
} from '../support/journal-fixtures.js';

const readAll = async (path: string): Promise<void> => {
  for await (const _ of readJournal(path));
};

/** Every way into a journal. */
const WAYS_IN: Readonly<Record<string, (path: string) => Promise<unknown>>> = {
  start: (path) => startSession(path, IDS, { lockTimeoutMs: 200 }),
  open: (path) => openJournal(path),
  status: (path) => readStatus(path),
  read: readAll,
  verify: (path) => verifyJournal(path),
};

describe.each(Object.entries(WAYS_IN))('%s', (_, enter) => {
  it.each(['', ' ', '.', '/', '..', '../j.jsonl', 'a/../../j.jsonl', './../j.jsonl', 'a\0b'])(
    'refuses the path %j',
    async (path) => {
      const error = await caught(enter(path));
      expect([error.code, error.category]).toEqual(['INVALID_PATH', 'invalid_input']);
    },
  );

  it('refuses a FIFO, a directory and a device at once, without hanging', async () => {
    const folder = newFolder();
    execFileSync('mkfifo', [join(folder, 'fifo')]);
    mkdirSync(join(folder, 'directory'));
    const before = folderContent(folder);
    for (const path of [join(folder, 'fifo'), join(folder, 'directory'), '/dev/null']) {
      expect((await caught(enter(path))).code).toBe('IO_ERROR');
    }
    expect(folderContent(folder)).toEqual(before);
  });
});

describe.each(Object.entries(WAYS_IN).filter(([name]) => name !== 'start'))('%s', (_, enter) => {
  it('says JOURNAL_NOT_FOUND of a path where nothing is, and makes nothing there', async () => {
    const folder = newFolder();
    for (const path of [join(folder, 'none.jsonl'), join(folder, 'no', 'where.jsonl')]) {
      expect((await caught(enter(path))).code).toBe('JOURNAL_NOT_FOUND');
    }
    expect(folderContent(folder)).toEqual({});
  });
});

describe('a path', () => {
  it('is cleaned before it is used: spaces around it, and segments that cancel out', async () => {
    const path = await newJournal(1);
    expect(await readStatus(`  ${dirname(path)}/x/../${basename(path)} `)).toMatchObject({ last_sequence: 1 });
  });

  it('may be relative as long as it does not leave the working directory', async () => {
    const folder = newFolder();
    const before = process.cwd();
    process.chdir(folder);
    try {
      await startSession('a/./b/../s.jsonl', IDS, QUICK);
      expect(await readStatus(join(folder, 'a', 's.jsonl'))).toMatchObject(IDS);
      expect((await caught(readStatus(relative(process.cwd(), join(dirname(folder), 'x'))))).code).toBe('INVALID_PATH');
    } finally {
      process.chdir(before);
    }
  });
});

describe('a symbolic link to a journal', () => {
  it('W13: is the same journal under one lock: writers through link and target never fork it', async () => {
    const path = await newJournal();
    const link = join(newFolder(), 'link.jsonl');
    symlinkSync(path, link);
    const [one, other] = [await openJournal(path), await openJournal(link)];
    expect(other.path).toBe(one.path);
    await Promise.all(
      [one, other].flatMap((journal) => Array.from({ length: 40 }, (_, i) => journal.append(toolCall(i)))),
    );
    await Promise.all([one.close(), other.close()]);
    expect(linesOf(path)).toHaveLength(81);
    expect((await verifyJournal(link)).problems).toEqual([]);
    expect(Object.keys(folderContent(dirname(link)))).toEqual(['link.jsonl']);
  });

  it('W13: is kept out by the lock of the target', async () => {
    const path = await newJournal();
    const link = join(newFolder(), 'link.jsonl');
    symlinkSync(path, link);
    const holder = await openJournal(path, { lock: 'exclusive' });
    const refused = withJournal(link, (journal) => journal.append(toolCall(1)), { lockTimeoutMs: 30 });
    expect((await caught(refused)).code).toBe('LOCK_TIMEOUT');
    await holder.close();
  });

  it('in its directory is resolved, too, also before the journal is there', async () => {
    const folder = newFolder();
    const link = join(newFolder(), 'elsewhere');
    symlinkSync(folder, link);
    await startSession(join(link, 's.jsonl'), IDS, QUICK);
    const journal = await openJournal(join(link, 's.jsonl'), QUICK);
    expect(journal.path).toBe(join(folder, 's.jsonl'));
    await journal.close();
  });

  it('that was put in the place of an open journal is not written through', async () => {
    const path = await newJournal(1);
    const target = join(newFolder(), 'target');
    writeFileSync(target, readFileSync(path));
    const journal = await openJournal(path, QUICK);
    rmSync(path);
    symlinkSync(target, path);
    const before = readFileSync(target);
    expect((await caught(journal.append(toolCall(2)))).code).toBe('IO_ERROR');
    expect(readFileSync(target).equals(before)).toBe(true);
    await journal.close();
  });

  it('that points nowhere is followed by nobody', async () => {
    const folder = newFolder();
    symlinkSync(join(folder, 'nowhere'), join(folder, 'link.jsonl'));
    expect((await caught(readStatus(join(folder, 'link.jsonl')))).code).toBe('JOURNAL_NOT_FOUND');
    expect(Object.keys(folderContent(folder))).toEqual(['link.jsonl']);
  });
});
