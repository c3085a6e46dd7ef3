import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readStatus, verify } from '../../src/index.js';
import { exitOf, gaitBin, runCli, spawnCli } from '../support/cli.js';
import { repositoryRoot } from '../support/paths.js';
import { tempDir } from '../support/temp-dir.js';
import { eventLine, parseLines, startedJournal } from './gait.js';

describe('gait as a process', () => {
  test('keeps the tool calls of two real sessions, gives them back and verifies them', async () => {
    for (const name of ['claude-opus-4-6', 'codex-gpt-5-2']) {
      const input = readFileSync(join(repositoryRoot, 'test', 'vectors', 'real-events', `${name}.ndjson`), 'utf8');
      const events = parseLines(input);
      const root = tempDir();
      const target = ['--session', name, '--root', root];
      expect((await runCli(['run', 'session', 'start', ...target])).code).toBe(0);
      const append = await runCli(['run', 'session', 'append', ...target, '--stdin', '--json'], { input });
      expect(append.code).toBe(0);
      const receipts = parseLines(append.stdout);
      expect(receipts.slice(0, -1).map(({ sequence }) => sequence)).toEqual(events.map((_, i) => i + 1));
      expect(receipts.at(-1)).toMatchObject({ ok: true, appended: events.length, last_sequence: events.length });

      const shown = parseLines((await runCli(['run', 'session', 'show', ...target, '--json'])).stdout).slice(1);
      expect(shown.length).toBe(events.length);
      for (const [i, event] of events.entries()) {
        const { created_at: _, ...fields } = event;
        expect(shown[i]?.['event']).toMatchObject(fields);
      }
      const verified = await runCli(['verify', join(root, `${name}.jsonl`), '--json']);
      expect([verified.code, parseLines(verified.stdout)[0]]).toMatchObject([0, { ok: true, problem_count: 0 }]);
    }
  });

  test.each([
    [['version'], 0],
    [['nothing'], 6],
    [['run', 'session', 'status', '--journal', '/nowhere/x.jsonl'], 6],
  ])('%j exits %i', async (args, code) => {
    expect((await runCli(args)).code).toBe(code);
  });

  test.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('%s during --stdin keeps what was acknowledged and says how far it came', async (signal, expected) => {
    const journal = await startedJournal(tempDir());
    const child = spawnCli(['run', 'session', 'append', '--journal', journal, '--stdin', '--json']);
    const ended = exitOf(child);
    let seen = '';
    child.stdout.on('data', (chunk: string) => {
      const before = seen.split('\n').length;
      seen += chunk;
      if (before <= 3 && seen.split('\n').length > 3) child.kill(signal);
    });
    // Standard input stays open: only the signal ends the process.
    child.stdin.write(eventLine().repeat(3));
    const { code, stdout, stderr } = await ended;
    expect([code, stderr]).toEqual([expected, '']);
    const objects = parseLines(stdout);
    expect(objects.at(-1)).toMatchObject({ ok: false, interrupted: signal, last_sequence: 3, appended: 3 });
    expect(await readStatus(journal)).toMatchObject({ last_sequence: 3, unterminated_bytes: 0 });
  });

  test('SIGINT in the middle of a flood leaves exactly what the last sequence says', async () => {
    const journal = await startedJournal(tempDir());
    const child = spawnCli(['run', 'session', 'append', '--journal', journal, '--stdin']);
    const ended = exitOf(child);
    const block = eventLine().repeat(500);
    const flood = (): void => {
      while (child.stdin.writable) if (!child.stdin.write(block)) return void child.stdin.once('drain', flood);
    };
    flood();
    const started = async (): Promise<boolean> => (await readStatus(journal)).last_sequence > 500;
    while (!(await started())) await new Promise((resolve) => setTimeout(resolve, 5));
    child.kill('SIGINT');
    const { code, stdout } = await ended;
    expect(code).toBe(130);
    const last = Number(/last_sequence=(\d+)/.exec(stdout)?.[1]);
    expect(await readStatus(journal)).toMatchObject({ last_sequence: last, unterminated_bytes: 0 });
    expect((await verify(journal)).ok).toBe(true);
  });

  test('a second Ctrl-C ends a process that is stuck', async () => {
    const journal = await startedJournal(tempDir());
    // A lock of the Go tool: the first commit waits for it, and the first Ctrl-C waits for the commit.
    writeFileSync(`${journal}.lock`, JSON.stringify({ pid: 999_999, created_at: new Date().toISOString() }));
    const child = spawnCli(['run', 'session', 'append', '--journal', journal, '--stdin'], {
      env: { GAIT_SESSION_LOCK_TIMEOUT: '60s' },
    });
    const ended = exitOf(child);
    // More than a pipe holds: once it is written, the process is reading, and so listening for signals.
    await new Promise((resolve) => child.stdin.write(eventLine().repeat(10_000), resolve));
    const again = setInterval(() => child.kill('SIGINT'), 200);
    const { code, signal, stdout } = await ended;
    clearInterval(again);
    expect([code, signal, stdout]).toEqual([null, 'SIGINT', '']);
    expect((await readStatus(journal)).last_sequence).toBe(0);
  });

  test('a reader that leaves early is no failure of show, and no noise', async () => {
    const journal = await startedJournal(tempDir());
    const input = eventLine({ attributes: { text: 'x'.repeat(500) } }).repeat(2_000);
    await runCli(['run', 'session', 'append', '--journal', journal, '--stdin'], { input });
    const script = '"$0" "$1" run session show --journal "$2" | head -n 1; echo "code ${PIPESTATUS[0]}"';
    const { stdout, stderr } = await bash(script, [process.execPath, gaitBin, journal]);
    expect([stdout.split('\n')[1], stderr]).toEqual(['code 0', '']);
  });

  test('a reader of receipts that leaves early stops the stream, which says how far it came', async () => {
    const journal = await startedJournal(tempDir());
    const input = eventLine().trim();
    const script =
      'yes "$3" | "$0" "$1" run session append --journal "$2" --stdin --json | head -n 1; echo "code ${PIPESTATUS[1]}"';
    const { stdout, stderr } = await bash(script, [process.execPath, gaitBin, journal, input]);
    expect(stdout.split('\n')[1]).toBe('code 1');
    const last = Number(/^session append: .*last_sequence=(\d+)\n$/.exec(stderr)?.[1]);
    expect(await readStatus(journal)).toMatchObject({ last_sequence: last });
  });

  test('a bad line ends the process at once, though the producer keeps the pipe open', async () => {
    const journal = await startedJournal(tempDir());
    const child = spawnCli(['run', 'session', 'append', '--journal', journal, '--stdin']);
    const ended = exitOf(child);
    child.stdin.write(`${eventLine()}oops\n`);
    const { code, stdout } = await ended;
    expect([code, stdout]).toEqual([6, 'session append: appended=1 skipped=0 last_sequence=1\n']);
  });

  test('tail --follow shows an event that another process appends, until Ctrl-C', async () => {
    const journal = await startedJournal(tempDir());
    const child = spawnCli(['run', 'session', 'tail', '--journal', journal, '--follow']);
    const ended = exitOf(child);
    let isAppending = false;
    child.stdout.on('data', (chunk: string) => {
      if (chunk.includes('later')) child.kill('SIGINT');
      if (isAppending) return;
      isAppending = true;
      void runCli(['run', 'session', 'append', '--journal', journal, '--tool', 'later', '--verdict', 'allow']);
    });
    const { code, stdout, stderr } = await ended;
    expect([code, stderr]).toEqual([130, '']);
    expect(stdout).toMatch(/^header .*\n#1 .*later\n$/);
  });
});

async function bash(script: string, args: readonly string[]): Promise<{ stdout: string; stderr: string }> {
  return await new Promise((resolve, reject) => {
    execFile('bash', ['-c', script, ...args], (error, stdout, stderr) => {
      if (error === null) resolve({ stdout, stderr });
      else reject(error);
    });
  });
}
