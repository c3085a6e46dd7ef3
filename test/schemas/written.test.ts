import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { verifyJournal } from '../../src/index.js';
import { runCli, type CliResult } from '../support/cli.js';
import { repositoryRoot } from '../support/paths.js';
import { tempDir } from '../support/temp-dir.js';
import { fullEvent, reportOfDamage, writeSession, type WrittenSession } from './samples.js';
import { complaints, undeclaredKeys } from './schema-files.js';

function expectDeclared(schema: string, value: unknown): void {
  expect(complaints(schema, value)).toEqual([]);
  expect(undeclaredKeys(schema, value)).toEqual([]);
}

describe('the library', () => {
  let session: WrittenSession;

  beforeAll(async () => {
    session = await writeSession();
  });

  test('writes lines that keep to the schema', () => {
    const texts = readFileSync(session.path, 'utf8').trimEnd().split('\n');
    expect(texts).toHaveLength(9);
    for (const text of texts) expectDeclared('journal-line', JSON.parse(text));
  });

  test('stores events that keep to the schema', () => {
    const events = session.lines.flatMap((line) => (line.recordType === 'event' ? [line.event] : []));
    expect(Object.keys(events[0] ?? {})).toEqual(expect.arrayContaining(Object.keys(fullEvent)));
    for (const event of events) expectDeclared('event', event);
  });

  test('returns receipts and statuses that keep to the schema', () => {
    expect(session.receipts).toHaveLength(3);
    for (const receipt of session.receipts) expectDeclared('receipt', receipt);
    expect(session.statuses).toHaveLength(4);
    for (const status of session.statuses) expectDeclared('status', status);
  });

  test('takes an event with every field that its schema lists', () => {
    expectDeclared('event-input', fullEvent);
  });

  test('reports on a good and on a damaged journal by the schema', async () => {
    const good = await verifyJournal(session.path);
    expect(good.ok).toBe(true);
    expectDeclared('verify-report', good);
    const bad = await reportOfDamage(session.lines);
    expect(bad.problems.length).toBeGreaterThan(1);
    expect(bad.warnings.length).toBeGreaterThan(0);
    expectDeclared('verify-report', bad);
  });
});

describe('the Go tool', () => {
  const folder = join(repositoryRoot, 'test', 'vectors', 'gait-go');
  const journals = readdirSync(folder)
    .map((name) => join(folder, name, 'journal.jsonl'))
    .filter((path) => existsSync(path));

  test('wrote lines that keep to the schema', () => {
    const lines = journals.flatMap((path) => readFileSync(path, 'utf8').split('\n').filter(isJson));
    expect(lines.length).toBeGreaterThan(30);
    for (const line of lines) expectDeclared('journal-line', JSON.parse(line));
  });
});

describe('the command line', () => {
  const root = tempDir();
  const target = ['--session', 's1', '--root', root, '--json'];

  test('prints statuses, receipts and events by the schema', async () => {
    const started = successOf(await runCli(['run', 'session', 'start', ...target]));
    expectDeclared('status', started['status']);
    const flags = ['--tool', 'fs.write', '--verdict', 'allow', '--attributes', '{"b":1}', '--actor', 'me'];
    const appended = successOf(await runCli(['run', 'session', 'append', ...target, ...flags]));
    expectDeclared('receipt', appended['receipt']);
    expectDeclared('event', appended['event']);
    const status = successOf(await runCli(['run', 'session', 'status', ...target]));
    expectDeclared('status', status['status']);
  });

  test('prints a receipt a line for a stream, by the schema', async () => {
    const input = `${JSON.stringify(fullEvent)}\n{"tool_name":"a","verdict":"block"}\n`;
    const { code, stdout } = await runCli(['run', 'session', 'append', ...target, '--stdin'], { input });
    expect(code).toBe(0);
    const [first, second] = stdout.trimEnd().split('\n');
    for (const line of [first, second]) expect(complaints('receipt', JSON.parse(line ?? ''))).toEqual([]);
  });

  test('prints the lines of a journal by the schema', async () => {
    const { stdout } = await runCli(['run', 'session', 'show', ...target]);
    for (const line of stdout.trimEnd().split('\n')) expectDeclared('journal-line', JSON.parse(line));
  });

  test('prints reports by the schema, also of a damaged journal', async () => {
    expectReport(await runCli(['verify', ...target]), 0);
    const damaged = join(tempDir(), 'damaged.jsonl');
    writeFileSync(damaged, readFileSync(join(root, 's1.jsonl'), 'utf8').replace('"me"', '"we"'));
    expectReport(await runCli(['verify', damaged, '--json']), 2);
  });

  test.each([
    ['an unknown flag', ['run', 'session', 'start', '--json', '--jornal', 'x'], 'INVALID_ARGUMENT', 6],
    ['a flag before --json', ['run', 'session', 'status', '--nope', '--json'], 'INVALID_ARGUMENT', 6],
    [
      'a wrong event',
      ['run', 'session', 'append', ...target, '--tool', 'gait.x', '--verdict', 'allow'],
      'INVALID_EVENT',
      6,
    ],
    ['a missing journal', ['verify', join(root, 'none.jsonl'), '--json'], 'JOURNAL_NOT_FOUND', 6],
    ['no command', ['run', '--json'], 'INVALID_ARGUMENT', 6],
  ])('prints the envelope of the schema for %s', async (_, args, code, exit) => {
    const result = await runCli(args);
    expect(result.code).toBe(exit);
    const envelope = JSON.parse(result.stdout) as Record<string, unknown>;
    expectDeclared('error-envelope', envelope);
    expect(envelope['error_code']).toBe(code);
  });

  test('prints the envelope with how far a stream came, when a line ends it', async () => {
    const input = '{"tool_name":"a","verdict":"allow"}\n{"tool_name":"a"}\n';
    const result = await runCli(['run', 'session', 'append', ...target, '--stdin'], { input });
    expect(result.code).toBe(6);
    const [receipt, envelope] = result.stdout.trimEnd().split('\n');
    expect(complaints('receipt', JSON.parse(receipt ?? ''))).toEqual([]);
    expectDeclared('error-envelope', JSON.parse(envelope ?? ''));
    expect(JSON.parse(envelope ?? '')).toMatchObject({ appended: 1, line: 2 });
  });
});

function successOf({ code, stdout }: CliResult): Record<string, unknown> {
  expect(code).toBe(0);
  return JSON.parse(stdout) as Record<string, unknown>;
}

/** The report is the command's object without what every object of a command has. */
function expectReport({ code, stdout }: CliResult, exit: number): void {
  expect(code).toBe(exit);
  const { operation, journal, correlation_id: _, ...report } = JSON.parse(stdout) as Record<string, unknown>;
  expect([operation, typeof journal]).toEqual(['verify', 'string']);
  expectDeclared('verify-report', report);
}

function isJson(line: string): boolean {
  try {
    JSON.parse(line);
    return true;
  } catch {
    return false;
  }
}
