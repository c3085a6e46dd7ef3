import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readJournal, startSession } from '../../src/index.js';
import { tempDir } from '../support/temp-dir.js';
import { eventLine, gait, startedJournal } from './gait.js';

const session = (command: string, ...args: readonly string[]): string[] => ['run', 'session', command, ...args];

describe('run session show and tail', () => {
  const filled = async (events: number): Promise<string> => {
    const journal = await startedJournal(tempDir());
    const stdin = Array.from({ length: events }, (_, i) => eventLine({ intent_id: `i${i + 1}` }));
    await gait(session('append', '--journal', journal, '--stdin'), { stdin });
    return journal;
  };

  test('--json prints the stored lines, byte for byte', async () => {
    const journal = await filled(5);
    expect((await gait(session('show', '--journal', journal, '--json'))).stdout).toBe(readFileSync(journal, 'utf8'));
    const part = await gait(session('show', '--journal', journal, '--from', '2', '--to', '3', '--json'));
    expect(part.stdout).toBe(readFileSync(journal, 'utf8').split('\n').slice(2, 4).join('\n') + '\n');
  });

  test('text is a line each', async () => {
    const journal = await filled(2);
    const { stdout } = await gait(session('show', '--journal', journal));
    const [header, one, two, end] = stdout.split('\n');
    expect(header).toMatch(/^header .* session_id=s1 run_id=run_s1/);
    expect(one).toMatch(/^#1 .* allow {2}fs\.read {2}intent_id=i1$/);
    expect(two).toMatch(/^#2 /);
    expect(end).toBe('');
  });

  test('text of many lines is complete', async () => {
    const journal = await filled(3_000);
    const { stdout } = await gait(session('show', '--journal', journal, '--from', '1'));
    expect(stdout.split('\n').filter((line) => line.startsWith('#'))).toHaveLength(3_000);
  });

  test.each([
    [[], 10],
    [['-n', '3'], 3],
    [['-n', '0'], 0],
    [['-n', '500'], 12],
  ])('tail %j prints the last events', async (flags, expected) => {
    const journal = await filled(12);
    const { code, objects } = await gait(session('tail', '--journal', journal, '--json', ...flags));
    const events = objects.filter((line) => line['record_type'] === 'event');
    expect([code, events.length]).toEqual([0, expected]);
    if (expected > 0) expect(events.at(-1)).toMatchObject({ event: { sequence: 12 } });
  });

  test.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('tail --follow goes on until %s', async (signal, expected) => {
    const journal = await filled(1);
    let interrupt: (signal: 'SIGINT' | 'SIGTERM') => void = () => {};
    let seen = 0;
    const { code, stdout } = await gait(session('tail', '--journal', journal, '--follow'), {
      onListening: (listener) => (interrupt = listener),
      onStdout: (text) => {
        seen += text.split('\n').filter((line) => line.startsWith('#')).length;
        if (seen === 1) void gait(session('append', '--journal', journal, '--tool', 'later', '--verdict', 'allow'));
        if (seen === 2) interrupt(signal);
      },
    });
    expect(code).toBe(expected);
    expect(stdout).toContain('later');
  });
});

describe('text', () => {
  test('never carries what a stored value hides from the eye', async () => {
    const journal = join(tempDir(), 's.jsonl');
    await startSession(journal, { session_id: 's', run_id: 'r' });
    // A journal of another writer may hold anything; ours refuses control characters in names.
    const [header = ''] = readFileSync(journal, 'utf8').split('\n');
    const own = JSON.parse(header) as { header: Record<string, unknown> };
    const event = {
      schema_id: 'gait.runpack.session_event',
      schema_version: '1.0.0',
      created_at: '2026-01-01T00:00:00Z',
      producer_version: 'x',
      session_id: 's',
      run_id: 'r',
      sequence: 1,
      verdict: 'allow',
      tool_name: '\u001b[2J\u202eevil\nline\u0085\u2028\u200bend',
    };
    delete own.header['origin'];
    delete own.header['log'];
    writeFileSync(journal, `${JSON.stringify(own)}\n${JSON.stringify({ record_type: 'event', event })}\n`);
    const lines: string[] = [];
    for await (const line of readJournal(journal)) lines.push(line.text);
    expect(lines).toHaveLength(2);
    const { stdout } = await gait(session('show', '--journal', journal));
    expect(stdout).toContain('[2J evil line end');
    expect(stdout).toMatch(/^[\n\u0020-\u007e]*$/);
  });
});
