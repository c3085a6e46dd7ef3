import { appendFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { tempDir } from '../support/temp-dir.js';
import { oracleKey, plainRecord, signedTrace } from '../trace/oracle.js';
import { eventLine, gait, startedJournal, type GaitResult } from './gait.js';

let root: string;
let first: string;
let second: string;

const at = (minute: number): string => `2026-02-01T09:${String(minute).padStart(2, '0')}:00Z`;

beforeAll(async () => {
  root = tempDir();
  first = await startedJournal(root, 's1');
  second = await startedJournal(root, 's2');
  const feed = async (journal: string, events: readonly object[]): Promise<void> => {
    const stdin = events.map((event) => eventLine({ ...event }));
    expect((await gait(['run', 'session', 'append', '--journal', journal, '--stdin'], { stdin })).code).toBe(0);
  };
  await feed(first, [
    { created_at: at(0), actor: 'agent-1' },
    { created_at: at(10), tool_name: 'fs.delete', verdict: 'block', reason_codes: ['rule|7'], correlation_id: 'req-7' },
    { created_at: at(20) },
  ]);
  await feed(second, [{ created_at: at(9) }, { created_at: at(30), tool_name: 'sh.run' }]);
  const record = { ...plainRecord, tool_name: 'fs.delete\u001b[2J', created_at: at(10), correlation_id: 'req-7' };
  writeFileSync(join(root, 'trace_1.json'), signedTrace(record, oracleKey('one')));
});

const timeline = async (...args: readonly string[]): Promise<GaitResult> =>
  await gait(['timeline', '--root', root, ...args]);
const places = ({ json }: GaitResult): string[] =>
  (json['entries'] as { kind: string; session_id?: string; sequence?: number }[]).map(
    ({ kind, session_id: id, sequence }) => (kind === 'trace' ? kind : `${id} ${sequence}`),
  );

test('timeline merges the journals and traces of a root', async () => {
  const result = await timeline('--json');
  expect([result.code, result.objects.length]).toEqual([0, 1]);
  expect(places(result)).toEqual(['s1 1', 's2 1', 's1 2', 'trace', 's1 3', 's2 2']);
  expect(result.json).toMatchObject({
    ok: true,
    operation: 'timeline',
    root,
    journals: 2,
    trace_files: 1,
    limit: 1_000,
  });
  expect(result.json['cut_at']).toBeUndefined();
});

test('timeline shows a table with both times, and makes hostile text harmless', async () => {
  const { code, stdout, stderr } = await timeline();
  const lines = stdout.trimEnd().split('\n');
  expect([code, stderr, lines.length]).toEqual([0, '', 7]);
  expect(lines[0]?.split(/\s{2,}/)).toEqual('CREATED_AT OBSERVED_AT SESSION SEQ KIND VERDICT TOOL WHAT'.split(' '));
  expect(lines[1]?.split(/\s{2,}/)).toEqual([at(0), '-', 's1', '1', 'event', 'allow', 'fs.read', 'actor=agent-1']);
  expect(lines[4]).toContain(`${at(10)}  ${String(plainRecord['observed_at'])}  `);
  expect(stdout).not.toContain('\u001b');
});

test.each<[string, readonly string[], readonly string[]]>([
  ['one session', ['--session', 's2'], ['s2 1', 's2 2']],
  ['journals', [], ['s2 1', 's2 2']],
  ['a tool', ['--tool', 'fs.d*'], ['s1 2', 'trace']],
  ['a verdict', ['--verdict', 'BLOCK'], ['s1 2', 'trace']],
  ['a correlation id', ['--correlation-id', 'req-7'], ['s1 2', 'trace']],
  ['a window', ['--from', at(9), '--to', '2026-02-01T10:10:00+01:00'], ['s2 1', 's1 2', 'trace']],
  ['around an event', ['--session', 's1', '--around', '2', '--window', '10m'], ['s1 1', 's1 2', 's1 3']],
  ['around a time', ['--around', at(9), '--window', '60s'], ['s2 1', 's1 2', 'trace']],
  ['no more than so many', ['--limit', '2'], ['s1 1', 's2 1']],
  ['by emission', ['--by', 'observed_at', '--from', '2026-11-01T00:00:00Z'], ['trace']],
])('timeline of %s', async (what, flags, expected) => {
  const result = what === 'journals' ? await gait(['timeline', second, '--json']) : await timeline(...flags, '--json');
  expect([result.code, places(result)]).toEqual([0, expected]);
});

test('the variable with a correlation id names the run, and asks for nothing', async () => {
  const { json } = await gait(['timeline', '--root', root, '--json'], { env: { GAIT_CORRELATION_ID: 'x' } });
  expect([json['correlation_id'], (json['entries'] as unknown[]).length]).toEqual(['x', 6]);
});

test('timeline says in every format when it cut', async () => {
  const cut = await timeline('--limit', '2');
  expect(cut.stdout.trimEnd().split('\n').at(-1)).toMatch(new RegExp(`^cut after 2 entries: .* ${at(10)} `));
  expect((await timeline('--limit', '2', '--format', 'markdown')).stdout).toContain('\n\ncut after 2 entries');
  expect((await timeline('--limit', '2', '--json')).json['cut_at']).toBe(at(10));
  expect((await timeline('--limit', '2', '--format', 'ndjson')).json).toMatchObject({
    kind: 'summary',
    cut_at: at(10),
  });
  expect((await timeline('--limit', '6')).stdout).not.toContain('cut');
});

test('timeline as NDJSON is an entry a line and a summary; as json what --json gives', async () => {
  const { code, objects } = await timeline('--format', 'ndjson');
  const { json } = await timeline('--json');
  expect([code, objects.slice(0, -1)]).toEqual([0, json['entries']]);
  expect(objects.at(-1)).toMatchObject({ kind: 'summary', ok: true, entries: 6, problem_count: 0 });
  const { correlation_id: _, ...same } = (await timeline('--format', 'json')).json;
  expect(json).toMatchObject(same);
});

test('timeline as Markdown is one table, whatever the cells hold', async () => {
  const { stdout } = await timeline('--format', 'markdown');
  const lines = stdout.trimEnd().split('\n');
  expect(lines).toHaveLength(8);
  for (const line of lines) expect(line.replaceAll('\\|', '').split('|')).toHaveLength(10);
  expect(stdout).toContain('rule\\|7');
});

test('nothing is an answer too', async () => {
  const { code, stdout } = await timeline('--from', '2030-01-01T00:00:00Z');
  expect([code, stdout]).toEqual([0, 'nothing happened here\n']);
});

test('timeline shows what it can, names what it cannot read, and does not exit with 0', async () => {
  const folder = tempDir();
  const journal = await startedJournal(folder);
  await gait(['run', 'session', 'append', '--journal', journal, '--tool', 't', '--verdict', 'allow']);
  appendFileSync(journal, 'rubbish\n');
  const { code, stdout, stderr } = await gait(['timeline', '--root', folder]);
  expect([code, stdout.split('\n').length]).toEqual([2, 3]);
  expect(stderr).toContain(`not complete: ${journal}`);
  const { json } = await gait(['timeline', '--root', folder, '--json']);
  expect(json).toMatchObject({
    ok: false,
    problem_count: 1,
    problems: [{ path: journal, error_code: 'JOURNAL_CORRUPT' }],
  });
});

describe('timeline refuses', () => {
  test.each<[string, readonly string[]]>([
    ['a root and journals', ['x.jsonl']],
    ['an unknown format', ['--format', 'xml']],
    ['--json and a table', ['--json', '--format', 'table']],
    ['a window that is no duration', ['--around', '1', '--window', 'soon']],
    ['a time that is none', ['--from', 'yesterday']],
    ['around an event of several journals', ['--around', '2']],
    ['a verdict that is none', ['--verdict', 'maybe']],
    ['a limit of nothing', ['--limit', '0']],
  ])('%s', async (_, flags) => {
    const { code, json } = await timeline('--json', ...flags.filter((flag) => flag !== '--json'));
    expect([code, json['error_code']]).toEqual([6, 'INVALID_ARGUMENT']);
  });

  test('a root that is not there, with the error as JSON when JSON was asked for', async () => {
    const { code, json } = await gait(['timeline', '--root', join(root, 'gone'), '--format', 'ndjson']);
    expect([code, json['error_code']]).toEqual([6, 'FILE_NOT_FOUND']);
  });
});

test('the help says which time to trust for what', async () => {
  const { stdout } = await gait(['timeline', '--help']);
  const text = stdout.replace(/\s+/g, ' ');
  expect(text).toMatch(/created_at .*bound by the digests.*observed_at: .*not to prove an order/);
});
