/** Where the Go tool loses or forges evidence: each experiment, and what we promise instead. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { openJournal, readStatus, startSession, verifyJournal, type Receipt } from '../../src/index.js';
import { errnoError, FaultFileSystem } from '../support/fault-file-system.js';
import {
  caught,
  folderContent,
  goCheckpointLine,
  goEventLine,
  IDS,
  linesOf,
  newFolder,
  newJournal,
  QUICK,
  removeIndex,
  toolCall,
  withJournal,
} from '../support/journal-fixtures.js';
import { repositoryRoot } from '../support/paths.js';

/** With both lock layers, as users have it, and little patience: a wedge shows as LOCK_TIMEOUT. */
const BRISK = { lockTimeoutMs: 100 } as const;

function append(path: string, number = 9): Promise<Receipt> {
  return withJournal(path, (journal) => journal.append(toolCall(number)), BRISK);
}

async function kindsAndLines(path: string): Promise<(readonly [string, number])[]> {
  return (await verifyJournal(path)).problems.map(({ kind, line }) => [kind, line]);
}

/** Rewrites the lines, in place. */
function edit(path: string, change: (lines: string[]) => string[]): void {
  writeFileSync(path, `${change(linesOf(path)).join('\n')}\n`);
}

describe('writes and files that fail', () => {
  it.each(['a short write', 'ENOSPC half way'])('W3: %s leaves the journal as it was, and usable', async (how) => {
    const path = await newJournal(2);
    const before = readFileSync(path);
    const faults = new FaultFileSystem();
    const journal = await openJournal(path, { ...QUICK, fileSystem: faults.fs });
    faults.intercept = ({ operation, path: target, args: [descriptor, data, position] }, proceed) => {
      if (operation !== 'write' || target !== path) return proceed();
      const written = proceed(descriptor, (data as Uint8Array).subarray(0, 50), position);
      if (how === 'a short write') return written;
      throw errnoError('ENOSPC');
    };
    const error = await caught(journal.append(toolCall(3)));
    expect([error.code, error.category]).toEqual(['DISK_FULL', 'io_failure']);
    expect(readFileSync(path).equals(before)).toBe(true);
    faults.intercept = undefined;
    expect(await journal.append(toolCall(3))).toMatchObject({ sequence: 3 });
    await journal.close();
    expect(await kindsAndLines(path)).toEqual([]);
  });

  it('W4: a journal cut in the middle of a line is read, continued and says that it was repaired', async () => {
    const path = await newJournal(3);
    removeIndex(path);
    truncateSync(path, statSync(path).size - 30);
    expect(await readStatus(path)).toMatchObject({ last_sequence: 2 });
    expect(await append(path)).toMatchObject({ sequence: 4 });
    expect(linesOf(path).at(-2)).toContain('"tool_name":"gait.journal.repair"');
    expect(await kindsAndLines(path)).toEqual([]);
  });

  it('W5: a record is never glued to a last line that lacks its line feed', async () => {
    const path = await newJournal(3);
    removeIndex(path);
    const whole = readFileSync(path, 'utf8');
    truncateSync(path, statSync(path).size - 1);
    expect(await append(path)).toMatchObject({ sequence: 4 });
    expect(readFileSync(path, 'utf8').startsWith(whole)).toBe(true);
    expect(linesOf(path)).toHaveLength(5);
    expect(await kindsAndLines(path)).toEqual([]);
  });

  it('W6: deleted last lines are missed when the index knew them, and their numbers are not used again', async () => {
    const path = await newJournal(3);
    edit(path, (lines) => lines.slice(0, -1));
    const before = folderContent(dirname(path));
    expect(await caught(append(path))).toMatchObject({ code: 'JOURNAL_TRUNCATED', category: 'verification_failed' });
    expect(await kindsAndLines(path)).toEqual([['truncated', 4]]);
    expect(folderContent(dirname(path))).toEqual(before);
  });

  it('W6: deleting the last events of a sealed range is corruption, with or without an index', async () => {
    const path = await newJournal(3);
    appendFileSync(path, `${goCheckpointLine(1, 1, 3)}\n`);
    removeIndex(path);
    expect(await kindsAndLines(path)).toEqual([]);
    edit(path, (lines) => lines.toSpliced(3, 1));
    expect((await caught(append(path))).code).toBe('JOURNAL_CORRUPT');
    expect(await kindsAndLines(path)).toEqual([['sequence_mismatch', 4]]);
  });

  it('W7: start initialises a zero-length journal', async () => {
    const path = join(newFolder(), 'journal.jsonl');
    writeFileSync(path, '');
    expect(await startSession(path, IDS)).toMatchObject({ ...IDS, last_sequence: 0 });
    expect(await append(path)).toMatchObject({ sequence: 1 });
  });
});

describe('locks that nobody holds any more', () => {
  it('W8: a writer killed inside its critical section leaves lock and temporary files that stop nobody', async () => {
    const path = await newJournal(1);
    const library = pathToFileURL(join(repositoryRoot, 'dist', 'src', 'index.js')).href;
    const program = `
      const { openJournal } = await import(${JSON.stringify(library)});
      const journal = await openJournal(${JSON.stringify(path)}, { lock: 'exclusive' });
      console.log(JSON.stringify(await journal.append({ tool_name: 'doomed', verdict: 'allow' })));
      setInterval(() => undefined, 1000);
    `;
    const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [receipt] = (await once(child.stdout, 'data')) as [Buffer];
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
    writeFileSync(join(dirname(path), `.${basename(path)}.tmp-0badc0de`), 'half a file');
    writeFileSync(`${path}.gait/.index.tmp-0badc0de`, 'half an index');
    expect(existsSync(`${path}.lock`)).toBe(true);

    expect(JSON.parse(receipt.toString())).toMatchObject({ sequence: 2 });
    expect(await append(path)).toMatchObject({ sequence: 3 });
    expect(existsSync(`${path}.lock`)).toBe(false);
    expect(await kindsAndLines(path)).toEqual([]);
  });

  /** A process id that no process has. */
  const DEAD_PID = 2 ** 22 + 1;
  const inTheFuture = new Date(Date.now() + 86_400_000);
  const longAgo = new Date(Date.now() - 86_400_000);
  const lockText = (createdAt: Date): string =>
    `${JSON.stringify({ created_at: `${createdAt.toISOString().slice(0, 19)}Z`, pid: DEAD_PID })}\n`;

  it.each([
    ['empty', '', longAgo],
    ['unreadable', '{"created_at":"2026-', longAgo],
    ['dated in the future', lockText(inTheFuture), longAgo],
    ['dated in the future by its file, too, with a dead owner', lockText(inTheFuture), inTheFuture],
  ])('W9: a lock file that is %s is recovered', async (_, content, modified) => {
    const path = await newJournal(1);
    writeFileSync(`${path}.lock`, content);
    utimesSync(`${path}.lock`, modified, modified);
    expect(await append(path)).toMatchObject({ sequence: 2 });
    expect(existsSync(`${path}.lock`)).toBe(false);
    expect(Object.keys(folderContent(dirname(path))).filter((name) => name.includes('stale'))).toEqual([]);
  });
});

describe('changed records', () => {
  it.each(['tool.X', 'tool.longer'])(
    'W16: a changed event is found before any checkpoint seals it, also with the same length (%s)',
    async (name) => {
      const path = await newJournal(4);
      edit(path, (lines) => lines.with(2, (lines[2] ?? '').replace('tool.2', name)));
      expect(await kindsAndLines(path)).toEqual([['prev_mismatch', 3]]);
      removeIndex(path);
      expect((await caught(append(path))).code).toBe('JOURNAL_CORRUPT');
    },
  );

  it('W17: a changed event is found after a checkpoint has sealed it', async () => {
    const path = await newJournal(4);
    appendFileSync(path, `${goCheckpointLine(1, 1, 4)}\n`);
    await append(path);
    edit(path, (lines) => lines.with(2, (lines[2] ?? '').replace('tool.2', 'tool.X')));
    expect(await kindsAndLines(path)).toEqual([['prev_mismatch', 3]]);
  });

  it('W18: a deleted line in the middle is a failed verification, not a wrong input', async () => {
    const path = await newJournal(4);
    edit(path, (lines) => lines.toSpliced(2, 1));
    removeIndex(path);
    expect(await caught(append(path))).toMatchObject({ code: 'JOURNAL_CORRUPT', category: 'verification_failed' });
    expect(await kindsAndLines(path)).toContainEqual(['sequence_mismatch', 3]);
  });

  it('W19: two swapped lines are found by verify at once, and refused by append wherever they are read again', async () => {
    const path = await newJournal(5);
    edit(path, (lines) => lines.with(2, lines[3] ?? '').with(3, lines[2] ?? ''));
    expect((await kindsAndLines(path)).map(([, line]) => line)).toEqual(expect.arrayContaining([3, 4]));
    removeIndex(path);
    expect((await caught(append(path))).code).toBe('JOURNAL_CORRUPT');
  });

  it('W19: a swap that moves the last line is refused by the next append, whatever the index says', async () => {
    const path = await newJournal(5);
    edit(path, (lines) => lines.with(4, lines[5] ?? '').with(5, lines[4] ?? ''));
    expect((await caught(append(path))).code).toBe('JOURNAL_CORRUPT');
  });
});

describe('state that is only a cache', () => {
  it('W20: a forged state file of the Go tool, or edited bytes of our index, change no answer', async () => {
    const path = await newJournal(3);
    const expected = await readStatus(path);
    const forged = { schema_id: 'gait.runpack.session_state', schema_version: '1.0.0', ...IDS, session_id: 'other' };
    const size = statSync(path).size;
    writeFileSync(
      `${path}.state.json`,
      JSON.stringify({ ...forged, last_sequence: 41, event_count: 99, journal_size_bytes: size }),
    );
    const index = `${path}.gait/index`;
    const honest = readFileSync(index, 'latin1');
    for (const [from, to] of [
      ['"lastSequence":3', '"lastSequence":9'],
      ['"eventCount":3', '"eventCount":9'],
      ['"session_id":"s1"', '"session_id":"s9"'],
    ] as const) {
      const edited = honest.replace(from, to);
      expect(edited).not.toBe(honest);
      writeFileSync(index, edited, 'latin1');
      expect(await readStatus(path)).toEqual(expected);
    }
    expect(await append(path)).toMatchObject({ session_id: 's1', sequence: 4 });
    expect(await kindsAndLines(path)).toEqual([]);
  });
});

describe('errors', () => {
  it('W28: the words of a path never decide the kind of an error', async () => {
    for (const name of ['plain', 'blocks', 'lock timeout', 'verify failed invalid']) {
      const folder = join(newFolder(), name);
      mkdirSync(folder);
      const path = join(folder, 'journal.jsonl');
      expect(await caught(append(path))).toMatchObject({
        code: 'JOURNAL_NOT_FOUND',
        category: 'invalid_input',
        retryable: false,
      });
      await startSession(path, IDS);
      writeFileSync(`${path}.lock`, JSON.stringify({ created_at: new Date().toISOString(), pid: process.pid }));
      expect(await caught(append(path))).toMatchObject({
        code: 'LOCK_TIMEOUT',
        category: 'state_contention',
        retryable: true,
      });
      appendFileSync(path, `${goEventLine(5)}\n`);
      expect(await caught(append(path))).toMatchObject({
        code: 'JOURNAL_CORRUPT',
        category: 'verification_failed',
        retryable: false,
      });
    }
  });
});
