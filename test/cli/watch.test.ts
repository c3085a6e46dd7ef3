import { readFileSync, writeFileSync } from 'node:fs';
import { stripVTControlCharacters } from 'node:util';
import { describe, expect, test } from 'vitest';
import { LiveView } from '../../cli/live-text.js';
import { hasColour, paintFor } from '../../cli/paint.js';
import { describeBytes, describeLines } from '../../cli/progress.js';
import { openJournal, type SessionEvent } from '../../src/index.js';
import { KEY } from '../support/sealed-session.js';
import { tempDir } from '../support/temp-dir.js';
import { gait, startedJournal } from './gait.js';

const AT = ['2026-02-10T17:27:15Z', '2026-02-10T17:27:15.8Z', '2026-02-10T18:30:00Z'] as const;

describe('run session watch', () => {
  test('shows a line for each event, with its time and the time since the last, and marks what is no event', async () => {
    const path = await startedJournal(tempDir());
    const journal = await openJournal(path);
    await journal.append({ tool_name: 'fs.read', verdict: 'allow', created_at: AT[0], actor: 'agent-7' });
    await journal.append({ tool_name: 'sh.run', verdict: 'block', created_at: AT[1], reason_codes: ['network'] });
    await journal.append({ tool_name: 'pay', verdict: 'require_approval', created_at: AT[2] });
    await journal.complete({ key: KEY });
    await journal.close();
    const { code, stdout } = await gait(['run', 'session', 'watch', '--journal', path]);
    const [header, first, ...rest] = stdout.trimEnd().split('\n');
    expect(code).toBe(0);
    expect(header).toMatch(/^\d\d:\d\d:\d\dZ +── session s1 starts$/);
    // Its time is the caller's, and before that of the header.
    expect(first).toMatch(/^17:27:15Z +-\d+ d {6}#1 {2}allow {13}fs\.read {2}agent-7$/);
    expect(rest.slice(0, 2)).toEqual([
      '17:27:15Z  +800 ms      #2  block             sh.run  network',
      '18:30:00Z     +1 h      #3  require_approval  pay',
    ]);
    expect(rest[2]).toMatch(/── #4 the session is closed$/);
    expect(rest[3]).toMatch(/── checkpoint 1: events 1\.\.4 sealed, signed by [0-9a-f]{16}…$/);
    expect(rest).toHaveLength(4);
  });

  test('goes on with what lands, and ends when the session is closed', async () => {
    const path = await startedJournal(tempDir());
    const journal = await openJournal(path);
    await journal.append({ tool_name: 'first', verdict: 'allow' });
    let shown = '';
    const watching = gait(['run', 'session', 'watch', '--journal', path, '-n', '0'], {
      onStdout: (text) => (shown += text),
    });
    await journal.append({ tool_name: 'second', verdict: 'dry_run' });
    await journal.complete();
    await journal.close();
    const { code } = await watching;
    expect(code).toBe(0);
    expect(shown).toContain('signed by nobody');
    expect(shown).not.toContain('first');
  });

  test('marks a repair', async () => {
    const path = await startedJournal(tempDir());
    writeFileSync(path, '{"event":{"half', { flag: 'a' });
    const journal = await openJournal(path);
    await journal.append({ tool_name: 'next', verdict: 'allow' });
    await journal.complete();
    await journal.close();
    const { stdout } = await gait(['run', 'session', 'watch', '--journal', path]);
    expect(stdout).toContain('── #1 repaired: 15 bytes cut off and kept');
  });

  test('ends with 130 at Ctrl-C', async () => {
    const path = await startedJournal(tempDir());
    const { code } = await gait(['run', 'session', 'watch', '--journal', path], {
      onListening: (interrupt) => setImmediate(() => interrupt('SIGINT')),
    });
    expect(code).toBe(130);
  });

  test('with --json it prints the lines as they are stored', async () => {
    const path = await startedJournal(tempDir());
    const journal = await openJournal(path);
    await journal.append({ tool_name: 'only', verdict: 'allow' });
    await journal.complete();
    await journal.close();
    const { stdout } = await gait(['run', 'session', 'watch', '--journal', path, '--json']);
    expect(stdout).toBe(readFileSync(path, 'utf8'));
  });
});

describe('colour', () => {
  test.each<[boolean, Readonly<Record<string, string>>, boolean]>([
    [true, {}, true],
    [false, {}, false],
    [true, { NO_COLOR: '1' }, false],
    [true, { NO_COLOR: '' }, true],
    [true, { TERM: 'dumb' }, false],
    [false, { FORCE_COLOR: '1' }, true],
    [true, { FORCE_COLOR: '0' }, false],
    [false, { FORCE_COLOR: '1', NO_COLOR: '1' }, false],
  ])('terminal %j, variables %j: %j', (isTerminal, env, expected) => {
    expect(hasColour(env, isTerminal)).toBe(expected);
  });

  test('is on the verdict, and never comes from what a journal holds', async () => {
    const path = await startedJournal(tempDir());
    const journal = await openJournal(path);
    await journal.append({ tool_name: 'evil', verdict: 'block' });
    await journal.close();
    const { stdout } = await gait(['run', 'session', 'tail', '--journal', path, '--json']);
    const line = JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '') as { readonly event: SessionEvent };
    const view = new LiveView(paintFor({ env: { FORCE_COLOR: '1' }, stdout: process.stdout }));
    const event = { ...line.event, tool_name: '\u001b[31mevil' };
    expect(view.draw({ recordType: 'event', event, text: '', byteOffset: 0 })).toMatch(
      /\u001b\[31mblock +\u001b\[0m {2}\[31mevil$/,
    );
  });
});

test('verify shows its verdict in colour, and nothing else', async () => {
  const path = await startedJournal(tempDir());
  const { stdout } = await gait(['verify', path], { env: { FORCE_COLOR: '1' } });
  const plain = await gait(['verify', path]);
  expect(stdout).toMatch(/^\u001b\[32mverify ok: .*\u001b\[0m\n/);
  expect(stripVTControlCharacters(stdout)).toBe(plain.stdout);
});

describe('--quiet', () => {
  test('says nothing where all is well, and everything where it is not', async () => {
    const path = await startedJournal(tempDir());
    const append = ['run', 'session', 'append', '--journal', path, '--tool', 't', '--verdict', 'allow'];
    expect(await gait([...append, '--quiet'])).toMatchObject({ code: 0, stdout: '', stderr: '' });
    expect(await gait(['verify', path, '--quiet'])).toMatchObject({ code: 0, stdout: '', stderr: '' });
    writeFileSync(path, readFileSync(path, 'utf8').replace('"tool_name":"t"', '"tool_name":'));
    const bad = await gait(['verify', path, '--quiet']);
    expect([bad.code, bad.stdout]).toEqual([2, expect.stringContaining('verify failed')]);
    const wrong = await gait([...append, '--quiet']);
    expect([wrong.code, wrong.stderr]).toEqual([2, expect.stringContaining('hint:')]);
  });

  test('of several evidences says only which are bad', async () => {
    const [good, bad] = [await startedJournal(tempDir()), await startedJournal(tempDir())];
    writeFileSync(bad, readFileSync(bad, 'utf8').replace('"header"', '"footer"'));
    const { code, stdout } = await gait(['verify', good, bad, '--quiet']);
    expect([code, stdout.includes(bad), stdout.includes(good)]).toEqual([2, true, false]);
  });

  test('leaves JSON as it is', async () => {
    const path = await startedJournal(tempDir());
    const { json } = await gait(['run', 'session', 'status', '--journal', path, '--quiet', '--json']);
    expect(json).toMatchObject({ ok: true });
  });
});

test('progress tells how far, how fast and how long still', () => {
  const MiB = 1024 * 1024;
  expect(describeBytes(0, 100 * MiB, 5_000)).toBe('0 % of 100.0 MiB');
  expect(describeBytes(25 * MiB, 100 * MiB, 100)).toBe('25 % of 100.0 MiB');
  expect(describeBytes(25 * MiB, 100 * MiB, 1_000)).toBe('25 % of 100.0 MiB, 25.0 MiB/s, 3 s left');
  expect(describeBytes(MiB, 1_000 * MiB, 1_000)).toBe('0 % of 1000.0 MiB, 1.0 MiB/s, 17 min left');
  expect(describeLines(300, 1_000, 1_500)).toBe('30 % of 1000 lines, 200 lines/s, 4 s left');
  // A file that grew while it was read.
  expect(describeBytes(2 * MiB, MiB, 1_000)).toBe('100 % of 1.0 MiB, 2.0 MiB/s, 0 s left');
  expect(describeBytes(0, 0, 1_000)).toBe('100 % of 0 B');
});
