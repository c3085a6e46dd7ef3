import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { initKeys, loadPublicKey, verifyTraceFile } from '../../src/index.js';
import { tempDir } from '../support/temp-dir.js';
import { sha256 } from '../trace/emitting.js';
import { gait, startedJournal, type GaitOptions, type GaitResult } from './gait.js';

let privateKey: string;
let publicKeys: Uint8Array[];

beforeAll(() => {
  const files = initKeys({ outDir: tempDir() });
  privateKey = files.privateKeyPath;
  publicKeys = [loadPublicKey({ path: files.publicKeyPath })];
});

const digests = {
  args_digest: sha256('args'),
  intent_digest: sha256('intent'),
  policy_digest: sha256('policy'),
};
const DECISION = [
  '--tool fs.delete --verdict block',
  `--args-digest ${digests.args_digest} --intent-digest ${digests.intent_digest} --policy-digest ${digests.policy_digest}`,
].flatMap((flags) => flags.split(' '));

const emit = async (args: readonly string[], options?: GaitOptions): Promise<GaitResult> =>
  await gait(['trace', 'emit', '--private-key', privateKey, ...args], options);

test('trace emit writes a signed trace under a name of its own, and says where', async () => {
  const dir = tempDir();
  const flags = ['--violations', 'v2,v1', '--latency-ms', '1.5', '--created-at', '2026-02-01T10:00:00+01:00'];
  const { code, json } = await emit([...DECISION, ...flags, '--trace-dir', dir, '--json']);
  expect([code, json['ok'], json['operation']]).toEqual([0, true, 'emit']);
  const path = join(dir, `trace_${String(json['trace_id'])}_${String(json['event_id'])}.json`);
  expect(json['path']).toBe(path);
  expect(JSON.parse(readFileSync(path, 'utf8'))).toEqual(json['trace']);
  expect(json['trace']).toMatchObject({
    ...digests,
    created_at: '2026-02-01T09:00:00Z',
    violations: ['v1', 'v2'],
    latency_ms: 1.5,
  });
  expect(verifyTraceFile(path, { publicKeys }).verdict).toBe('valid');
});

test('trace emit with a journal writes the event too', async () => {
  const folder = tempDir();
  const journal = await startedJournal(folder);
  const flags = ['--actor', 'agent-1', '--reason-codes', 'r1,r2', '--intent-id', 'i1'];
  const { code, stdout } = await emit([...DECISION, ...flags, '--journal', journal]);
  expect(code).toBe(0);
  expect(stdout).toMatch(/^trace emit: trace_id=\w{24} event_id=\w{24} tool=fs\.delete verdict=block\n/);
  const [, path = ''] = /^trace: (.*)$/m.exec(stdout) ?? [];
  expect(readdirSync(join(folder, 'traces')).map((name) => join(folder, 'traces', name))).toEqual([path]);
  expect(stdout).toContain(`journal: ${journal} sequence=1\n`);
  const shown = await gait(['run', 'session', 'show', '--journal', journal, '--from', '1', '--json']);
  expect(shown.json).toMatchObject({
    event: { actor: 'agent-1', reason_codes: ['r1', 'r2'], intent_id: 'i1', trace_path: path },
  });
});

test('trace emit takes a record as JSON, with fields that have no flag', async () => {
  const dir = tempDir();
  const record = { tool_name: 'x', verdict: 'allow', ...digests, matched_rule_ids: ['r1'], policy_id: 'p' };
  const { code, json } = await emit(['--stdin', '--trace-dir', dir, '--json'], { stdin: [JSON.stringify(record)] });
  expect([code, json['trace']]).toEqual([0, expect.objectContaining(record)]);
});

test('--trace-out overwrites an older trace, and never one that an event names', async () => {
  const folder = tempDir();
  const out = join(folder, 'trace.json');
  const first = await emit([...DECISION, '--trace-out', out, '--json']);
  const second = await emit([...DECISION, '--trace-out', out, '--json']);
  expect([first.code, second.code]).toEqual([0, 0]);
  expect(JSON.parse(readFileSync(out, 'utf8'))).toEqual(second.json['trace']);
  const journal = await startedJournal(folder);
  const before = [readFileSync(out, 'utf8'), readFileSync(journal, 'utf8')];
  const { code, json } = await emit([...DECISION, '--trace-out', out, '--journal', journal, '--json']);
  expect([code, json['error_code']]).toEqual([6, 'OUTPUT_EXISTS']);
  expect([readFileSync(out, 'utf8'), readFileSync(journal, 'utf8')]).toEqual(before);
});

describe('a correlation id', () => {
  test.each<[string, readonly string[], GaitOptions]>([
    ['from the command line', ['--correlation-id', 'req-7'], {}],
    ['from the environment', [], { env: { GAIT_CORRELATION_ID: 'req-7' } }],
  ])('%s is in the event, the trace, the envelope and the timeline', async (_, flags, options) => {
    const folder = tempDir();
    const journal = await startedJournal(folder);
    const { json } = await emit([...DECISION, '--journal', journal, '--json', ...flags], options);
    expect(json).toMatchObject({ correlation_id: 'req-7', trace: { correlation_id: 'req-7' } });
    const shown = await gait(['run', 'session', 'show', '--journal', journal, '--from', '1', '--json']);
    expect(shown.json).toMatchObject({ event: { correlation_id: 'req-7' } });
    const failed = await emit(['--tool', 'x', '--journal', journal, '--json', ...flags], options);
    expect(failed.json).toMatchObject({ ok: false, correlation_id: 'req-7' });
    await gait(['run', 'session', 'append', '--journal', journal, '--tool', 'other', '--verdict', 'allow']);
    const found = await gait(['timeline', '--root', folder, '--correlation-id', 'req-7', '--json']);
    expect(found.json['entries']).toMatchObject([
      { kind: 'event', correlation_id: 'req-7' },
      { kind: 'trace', correlation_id: 'req-7' },
    ]);
  });

  test('of the record itself comes first', async () => {
    const record = { tool_name: 'x', verdict: 'allow', ...digests, correlation_id: 'own' };
    const args = ['--stdin', '--trace-dir', tempDir(), '--json', '--correlation-id', 'run'];
    const { json } = await emit(args, { stdin: [JSON.stringify(record)] });
    expect(json).toMatchObject({ correlation_id: 'run', trace: { correlation_id: 'own' } });
  });
});

describe('trace emit refuses, and writes nothing:', () => {
  const without = (flag: string): string[] =>
    DECISION.filter((_, at) => DECISION[at] !== `--${flag}` && DECISION[at - 1] !== `--${flag}`);
  test.each<[string, readonly string[], string, (readonly string[])?]>([
    ['no tool', without('tool'), 'INVALID_ARGUMENT'],
    ['no policy', without('policy-digest'), 'INVALID_ARGUMENT'],
    ['a digest that is none', [...without('args-digest'), '--args-digest', 'abc'], 'INVALID_TRACE'],
    ['an unknown verdict', [...without('verdict'), '--verdict', 'maybe'], 'INVALID_TRACE'],
    ['a latency that is no number', [...DECISION, '--latency-ms', 'soon'], 'INVALID_ARGUMENT'],
    ['flags beside --stdin', [...DECISION, '--stdin'], 'INVALID_ARGUMENT', ['{}']],
    ['standard input that is no JSON', ['--stdin'], 'INVALID_JSON', ['{']],
    ['a list', ['--stdin'], 'INVALID_TRACE', ['[]']],
    ['duplicate keys', ['--stdin'], 'INVALID_JSON', ['{"verdict":"allow","verdict":"block"}']],
    [
      'an unknown field',
      ['--stdin'],
      'INVALID_TRACE',
      [JSON.stringify({ tool_name: 'x', verdict: 'allow', ...digests, mood: 1 })],
    ],
    ['an actor without a journal', [...DECISION, '--actor', 'me'], 'INVALID_ARGUMENT'],
  ])('%s', async (_, args, errorCode, stdin = []) => {
    const dir = join(tempDir(), 'traces');
    const { code, json } = await emit([...args, '--trace-dir', dir, '--json'], { stdin });
    expect([code, json['error_code']]).toEqual([6, errorCode]);
    expect(existsSync(dir)).toBe(false);
  });

  test('a record longer than any trace', async () => {
    const stdin = [`{"x":"${'x'.repeat(5 * 1024 * 1024)}"}`];
    expect((await emit(['--stdin', '--json'], { stdin })).json['error_code']).toBe('INVALID_TRACE');
  });

  test('no key', async () => {
    const dir = join(tempDir(), 'traces');
    const { code, json } = await gait(['trace', 'emit', ...DECISION, '--trace-dir', dir, '--json']);
    expect([code, json['error_code'], existsSync(dir)]).toEqual([6, 'INVALID_ARGUMENT', false]);
  });
});

test('a key of one run is warned of', async () => {
  const args = ['trace', 'emit', ...DECISION, '--key-mode', 'dev', '--trace-dir', tempDir()];
  const { code, stderr } = await gait(args);
  expect([code, stderr]).toEqual([0, expect.stringMatching(/^warning: /)]);
});
