import { readFileSync } from 'node:fs';
import { Readable } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { readJournal, readStatus, verify } from '../../src/index.js';
import { tempDir } from '../support/temp-dir.js';
import { eventLine, gait, parseLines, startedJournal, type GaitOptions, type GaitResult } from './gait.js';

async function appendTo(journal: string, options: GaitOptions, ...flags: readonly string[]): Promise<GaitResult> {
  return await gait(['run', 'session', 'append', '--journal', journal, '--stdin', ...flags], options);
}

async function toolsIn(journal: string): Promise<string[]> {
  const tools: string[] = [];
  for await (const line of readJournal(journal)) if (line.recordType === 'event') tools.push(line.event.tool_name);
  return tools;
}

const named = (...tools: readonly string[]): string[] => tools.map((tool_name) => eventLine({ tool_name }));

describe('append --stdin', () => {
  test('prints a receipt a line, then where the stream ended', async () => {
    const journal = await startedJournal(tempDir());
    const { code, objects, json } = await appendTo(journal, { stdin: named('a', 'b', 'c') }, '--json');
    expect(code).toBe(0);
    expect(objects).toHaveLength(4);
    expect(objects.slice(0, 3)).toMatchObject([1, 2, 3].map((sequence) => ({ session_id: 's1', sequence })));
    expect(Object.keys(objects[0] ?? {})).toEqual([
      'correlation_id',
      'durability',
      'leaf_hash',
      'leaf_index',
      'sequence',
      'session_id',
    ]);
    expect(json).toMatchObject({ ok: true, operation: 'append', journal, appended: 3, skipped: 0, last_sequence: 3 });
    expect(new Set(objects.map((object) => object['correlation_id'])).size).toBe(1);
    expect(await toolsIn(journal)).toEqual(['a', 'b', 'c']);
  });

  test('takes blank lines, CRLF and a last line without an end', async () => {
    const journal = await startedJournal(tempDir());
    const text = `\n${eventLine({ tool_name: 'a' }).trim()}\r\n  \n\r\n${eventLine({ tool_name: 'b' }).trim()}`;
    const { code, stdout } = await appendTo(journal, { stdin: [text] });
    expect([code, stdout]).toEqual([0, 'session append: appended=2 skipped=0 last_sequence=2\n']);
  });

  test('an empty stream appends nothing and is no error', async () => {
    const journal = await startedJournal(tempDir());
    const before = readFileSync(journal);
    const { code, json } = await appendTo(journal, {}, '--json');
    expect([code, json['appended'], json['last_sequence']]).toEqual([0, 0, 0]);
    expect(readFileSync(journal)).toEqual(before);
  });

  test('flags are defaults for the events that lack the field', async () => {
    const journal = await startedJournal(tempDir());
    const stdin = [eventLine(), eventLine({ actor: 'own', correlation_id: 'own' })];
    const flags = ['--actor', 'bot', '--correlation-id', 'c', '--durability', 'buffered', '--json'];
    const { objects } = await appendTo(journal, { stdin }, ...flags);
    expect(objects[0]).toMatchObject({ durability: 'buffered', correlation_id: 'c' });
    const lines = parseLines(readFileSync(journal, 'utf8'));
    expect(lines[1]).toMatchObject({ event: { actor: 'bot', correlation_id: 'c' } });
    expect(lines[2]).toMatchObject({ event: { actor: 'own', correlation_id: 'own' } });
  });

  test('thousands of events verify', async () => {
    const journal = await startedJournal(tempDir());
    const { json } = await appendTo(journal, { stdin: [eventLine().repeat(5_000)] }, '--json');
    expect(json).toMatchObject({ appended: 5_000, last_sequence: 5_000 });
    expect(await verify(journal)).toMatchObject({ ok: true, coverage: { events: 5_000 } });
  });

  test.each([
    ['no JSON', '{"tool_name":', 'INVALID_JSON'],
    ['duplicate keys', '{"tool_name":"a","tool_name":"b","verdict":"allow"}', 'INVALID_JSON'],
    [
      'a number that a double changes',
      '{"tool_name":"a","verdict":"allow","attributes":{"n":0.1234567890123456789}}',
      'INVALID_JSON',
    ],
    ['half a surrogate pair', '{"tool_name":"\\ud800","verdict":"allow"}', 'INVALID_JSON'],
    ['a __proto__ key', '{"tool_name":"a","verdict":"allow","attributes":{"__proto__":{}}}', 'INVALID_JSON'],
    ['a byte order mark', '\ufeff{"tool_name":"a","verdict":"allow"}', 'INVALID_JSON'],
    ['bytes that are no UTF-8', Buffer.from('{"tool_name":"\xff","verdict":"allow"}', 'latin1'), 'INVALID_JSON'],
    ['a list', '[1]', 'INVALID_EVENT'],
    ['null', 'null', 'INVALID_EVENT'],
    ['a wrong type', '{"tool_name":7,"verdict":"allow"}', 'INVALID_EVENT'],
    ['an unknown verdict', '{"tool_name":"a","verdict":"maybe"}', 'INVALID_EVENT'],
    ['an unknown field', '{"tool_name":"a","verdict":"allow","colour":"red"}', 'INVALID_EVENT'],
    ['a reserved tool', '{"tool_name":"gait.journal.repair","verdict":"allow"}', 'INVALID_EVENT'],
    ['a control character in an id', '{"tool_name":"a","verdict":"allow","intent_id":"a\\u0007"}', 'INVALID_EVENT'],
    ['a line that is too long', Buffer.alloc(8_388_608, 0x20), 'LINE_TOO_LONG'],
  ])('%s stops the stream with its line, and what came before is kept', async (_, bad, code) => {
    const journal = await startedJournal(tempDir());
    const stdin = [...named('a', 'b'), '\n', bad, '\n', ...named('c')];
    const result = await appendTo(journal, { stdin }, '--json');
    expect(result.code).toBe(6);
    expect(result.json).toMatchObject({
      ok: false,
      operation: 'append',
      journal,
      error_code: code,
      error_category: 'invalid_input',
      retryable: false,
      line: 4,
      appended: 2,
      skipped: 0,
      last_sequence: 2,
      details: { line: 4 },
    });
    expect(result.objects.slice(0, -1)).toMatchObject([{ sequence: 1 }, { sequence: 2 }]);
    expect(await toolsIn(journal)).toEqual(['a', 'b']);
  });

  test('a bad first line, alone in its commit, is named too, and nothing is written', async () => {
    const journal = await startedJournal(tempDir());
    const before = readFileSync(journal);
    const { code, json } = await appendTo(journal, { stdin: [eventLine({ verdict: 'x' })] }, '--json');
    expect([code, json['line'], json['error_code'], json['last_sequence']]).toEqual([6, 1, 'INVALID_EVENT', 0]);
    expect(readFileSync(journal)).toEqual(before);
  });

  test('text mode says where to resume', async () => {
    const journal = await startedJournal(tempDir());
    const { code, stdout, stderr } = await appendTo(journal, { stdin: [...named('a'), 'x\n'] });
    expect([code, stdout]).toEqual([6, 'session append: appended=1 skipped=0 last_sequence=1\n']);
    expect(stderr).toMatch(/^run session append error: line 2: .*\nhint: .*\n$/);
  });

  test('--skip-invalid goes on and counts', async () => {
    const journal = await startedJournal(tempDir());
    const stdin = [...named('a'), 'x\n', eventLine({ verdict: 'x' }), ...named('b'), '7\n', ...named('c'), '{'];
    const { code, json, stderr } = await appendTo(journal, { stdin }, '--skip-invalid', '--json');
    expect(code).toBe(0);
    expect(json).toMatchObject({ ok: true, appended: 3, skipped: 4, last_sequence: 3 });
    expect(await toolsIn(journal)).toEqual(['a', 'b', 'c']);
    expect(stderr.match(/line \d+/g)?.toSorted()).toEqual(['line 2', 'line 3', 'line 5', 'line 7']);
  });

  test('--skip-invalid reports twenty lines and counts the rest', async () => {
    const journal = await startedJournal(tempDir());
    const { json, stderr } = await appendTo(journal, { stdin: ['x\n'.repeat(50)] }, '--skip-invalid', '--json');
    expect(json).toMatchObject({ appended: 0, skipped: 50 });
    const lines = stderr.split('\n').filter((line) => line !== '');
    expect(lines.slice(0, 20).every((line, i) => line.includes(`line ${i + 1}:`))).toBe(true);
    expect(lines.slice(20).every((line) => line.includes('30'))).toBe(true);
  });

  test('an expected sequence holds for the stream, and nothing is appended when it has passed', async () => {
    const journal = await startedJournal(tempDir());
    const stdin = [eventLine().repeat(5_000)];
    expect((await appendTo(journal, { stdin }, '--expect-sequence', '0')).code).toBe(0);
    const late = await appendTo(journal, { stdin: named('late') }, '--expect-sequence', '7', '--json');
    expect(late.code).toBe(1);
    expect(late.json).toMatchObject({ error_code: 'SEQUENCE_CONFLICT', appended: 0, last_sequence: 5_000 });
    expect((await readStatus(journal)).event_count).toBe(5_000);
  });

  test('an event that came before keeps its receipt', async () => {
    const journal = await startedJournal(tempDir());
    const stdin = [eventLine({ idempotency_key: 'k' }), eventLine(), eventLine({ idempotency_key: 'k' })];
    const { objects, json } = await appendTo(journal, { stdin }, '--json');
    expect(objects.slice(0, 3)).toMatchObject([{ sequence: 1 }, { sequence: 2 }, { sequence: 1 }]);
    expect(json['last_sequence']).toBe(2);
    const conflict = await appendTo(journal, { stdin: [eventLine({ idempotency_key: 'k', actor: 'x' })] }, '--json');
    expect([conflict.code, conflict.json['error_code'], conflict.json['line']]).toEqual([6, 'IDEMPOTENCY_CONFLICT', 1]);
  });

  test.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('%s ends a stream that waits for input', async (signal, expected) => {
    const journal = await startedJournal(tempDir());
    const stdin = new Readable({ read() {} });
    stdin.push(eventLine());
    let interrupt: (signal: 'SIGINT' | 'SIGTERM') => void = () => {};
    const { code, json } = await appendTo(
      journal,
      {
        stdin,
        onListening: (listener) => (interrupt = listener),
        onStdout: (text) => {
          // A moment later the stream is idle again, waiting for input that never comes.
          if (text.includes('leaf_hash')) setTimeout(() => interrupt(signal), 20);
        },
      },
      '--json',
    );
    expect(code).toBe(expected);
    expect(json).toMatchObject({ ok: false, interrupted: signal, appended: 1, last_sequence: 1 });
    expect(json).not.toHaveProperty('error_code');
    expect((await readStatus(journal)).last_sequence).toBe(1);
  });

  test('when nobody reads the receipts any more, it stops and says so by its exit code', async () => {
    const journal = await startedJournal(tempDir());
    const stdoutError = Object.assign(new Error('gone'), { code: 'EPIPE' });
    const stdin = new Readable({ read() {} });
    stdin.push(eventLine());
    const { code, stdout, stderr } = await appendTo(journal, { stdin, stdoutError }, '--json');
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toBe('session append: appended=1 skipped=0 last_sequence=1\n');
  });

  test('receipts that cannot be written are an I/O error', async () => {
    const journal = await startedJournal(tempDir());
    const stdoutError = Object.assign(new Error('full'), { code: 'ENOSPC' });
    const { code, stderr } = await appendTo(journal, { stdin: named('a'), stdoutError }, '--json');
    expect([code, stderr]).toEqual([1, expect.stringMatching(/last_sequence=1\nrun session append error: /)]);
  });

  test('a stream that breaks is an error, and what was acknowledged is kept', async () => {
    const journal = await startedJournal(tempDir());
    const stdin = Readable.from(
      (function* () {
        yield eventLine();
        throw Object.assign(new Error('broken'), { code: 'EIO' });
      })(),
      { objectMode: false },
    );
    const { code, json } = await appendTo(journal, { stdin }, '--json');
    expect([code, json['ok']]).toEqual([1, false]);
    expect((await readStatus(journal)).last_sequence).toBe(json['last_sequence']);
  });
});
