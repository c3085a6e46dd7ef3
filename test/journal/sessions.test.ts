/** Session ids as file names, and the sessions of a root. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { listSessions, sessionJournalPath, startSession, type SessionListEntry } from '../../src/index.js';
import { caught as caughtNow } from '../sign/caught.js';
import { caught, IDS, newFolder, QUICK } from '../support/journal-fixtures.js';

describe('a session id', () => {
  it.each([
    ['s1', 's1.jsonl'],
    [' s1 ', 's1.jsonl'],
    ['a.b-c_d', 'a.b-c_d.jsonl'],
    ['é😀', 'é😀.jsonl'],
    ['x'.repeat(200), `${'x'.repeat(200)}.jsonl`],
    ['console', 'console.jsonl'],
  ])('%j becomes the file %s', (id, name) => {
    expect(sessionJournalPath('root', id)).toBe(join('root', name));
  });

  it.each([
    '',
    ' ',
    '.',
    '..',
    '../x',
    'a/b',
    'a\\b',
    '.hidden',
    'ends.',
    'a:b',
    'a*b',
    'a?b',
    'a"b',
    'a<b',
    'a>b',
    'a|b',
    'CON',
    'nul.txt',
    'com1',
    'e\u0301',
    'x'.repeat(201),
    'é'.repeat(101),
    'a\u0000b',
    'a\nb',
    'half \ud83d',
    7,
    undefined,
  ])('%j is refused, not mangled', (id) => {
    expect(caughtNow(() => sessionJournalPath('root', id as string)).code).toBe('INVALID_ARGUMENT');
  });

  it.each(['../root', '', '/'])('under the root %j is refused', (root) => {
    expect(caughtNow(() => sessionJournalPath(root, 's1')).code).toBe('INVALID_PATH');
  });
});

async function listed(root: string): Promise<SessionListEntry[]> {
  const entries: SessionListEntry[] = [];
  for await (const entry of listSessions(root)) entries.push(entry);
  return entries;
}

describe('the list of a root', () => {
  it('has every journal in the order of names, each with its status, and none of the files beside them', async () => {
    const root = newFolder();
    for (const session_id of ['b', 'a', 'c']) {
      await startSession(sessionJournalPath(root, session_id), { ...IDS, session_id }, QUICK);
    }
    writeFileSync(join(root, 'notes.txt'), '');
    writeFileSync(join(root, 'a_chain.json'), '{}');
    writeFileSync(join(root, 'a.jsonl.state.json'), '{}');
    writeFileSync(join(root, '.d.jsonl.tmp-1'), '');
    const entries = await listed(root);
    expect(entries.map((entry) => ('status' in entry ? entry.status.session_id : entry.error.code))).toEqual([
      'a',
      'b',
      'c',
    ]);
    expect(entries[0]?.path).toBe(join(root, 'a.jsonl'));
  });

  it('shows a journal that cannot be read with its error, and goes on', async () => {
    const root = newFolder();
    await startSession(join(root, 'b.jsonl'), IDS, QUICK);
    writeFileSync(join(root, 'a.jsonl'), 'no journal\n');
    writeFileSync(join(root, 'c.jsonl'), '');
    mkdirSync(join(root, 'd.jsonl'));
    expect((await listed(root)).map((entry) => ('status' in entry ? 'ok' : entry.error.code))).toEqual([
      'JOURNAL_CORRUPT',
      'ok',
      'JOURNAL_EMPTY',
      'IO_ERROR',
    ]);
  });

  it('of a folder that is not there is IO_ERROR, of one outside INVALID_PATH', async () => {
    expect((await caught(listed(join(newFolder(), 'none')))).code).toBe('IO_ERROR');
    expect((await caught(listed('../elsewhere'))).code).toBe('INVALID_PATH');
  });
});
