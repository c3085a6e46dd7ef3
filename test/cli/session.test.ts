import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readStatus, sha256Hex } from '../../src/index.js';
import { runCli } from '../support/cli.js';
import { tempDir } from '../support/temp-dir.js';
import { gait, snapshot, startedJournal } from './gait.js';

const session = (command: string, ...args: readonly string[]): string[] => ['run', 'session', command, ...args];

describe('run session start', () => {
  test('creates a journal and prints its status', async () => {
    const journal = join(tempDir(), 'a.jsonl');
    const args = session('start', '--journal', journal, '--session-id', 's', '--run-id', 'r', '--json');
    const { code, json } = await gait(args);
    expect(code).toBe(0);
    expect(json).toEqual({
      ok: true,
      operation: 'start',
      journal,
      status: await readStatus(journal),
      correlation_id: sha256Hex(['gait', ...args].join('\u001f')).slice(0, 24),
    });
    expect(json['status']).toMatchObject({ session_id: 's', run_id: 'r', event_count: 0, last_sequence: 0 });
  });

  test('is idempotent, and refuses other ids', async () => {
    const folder = tempDir();
    const journal = await startedJournal(folder);
    const before = readFileSync(journal, 'utf8');
    const again = await gait(session('start', '--journal', journal, '--session-id', 's1', '--run-id', 'run_s1'));
    expect(again.code).toBe(0);
    const other = await gait(session('start', '--journal', journal, '--session-id', 's2', '--run-id', 'r', '--json'));
    expect([other.code, other.json['error_code']]).toEqual([6, 'SESSION_MISMATCH']);
    expect(readFileSync(journal, 'utf8')).toBe(before);
  });

  test('--session names the file and, unless told otherwise, the ids', async () => {
    const root = tempDir();
    const { code, json } = await gait(session('start', '--session', 's1', '--root', root, '--json'));
    expect([code, json['journal']]).toEqual([0, join(root, 's1.jsonl')]);
    expect(json['status']).toMatchObject({ session_id: 's1', run_id: 'run_s1' });
    const named = await gait(
      session('start', '--session', 's2', '--root', root, '--session-id', 'x', '--run-id', 'y', '--json'),
    );
    expect(named.json['status']).toMatchObject({ session_id: 'x', run_id: 'y' });
  });

  test('prints text for people', async () => {
    const journal = join(tempDir(), 'a.jsonl');
    const { stdout, stderr } = await gait(session('start', '-journal', journal, '-session-id=s', '-run-id', 'r'));
    expect(stdout).toBe(
      `session start: session_id=s run_id=r events=0 checkpoints=0 last_sequence=0\njournal: ${journal}\n`,
    );
    expect(stderr).toBe('');
  });
});

describe('run session append', () => {
  test('stores every field and prints the event as stored, with its receipt', async () => {
    const journal = await startedJournal(tempDir());
    const flags = {
      '--tool': ' fs.write ',
      '--verdict': 'Block',
      '--intent-id': 'i1',
      '--trace-id': 't1',
      '--trace-path': './t.json',
      '--intent-digest': 'A'.repeat(64),
      '--policy-digest': 'b'.repeat(64),
      '--reason-codes': 'z, a,,a',
      '--violations': 'v1',
      '--actor': 'bot',
      '--correlation-id': 'c1',
      '--attributes': '{"path":"/x","n":[1,2]}',
      '--idempotency-key': 'k1',
      '--created-at': '2026-01-02T03:04:05Z',
      '--durability': 'buffered',
      '--expect-sequence': '0',
    };
    const { code, json, stdout } = await gait(
      session('append', '--journal', journal, ...Object.entries(flags).flat(), '--json'),
    );
    expect(code).toBe(0);
    const event = {
      schema_id: 'gait.runpack.session_event',
      schema_version: '1.0.0',
      session_id: 's1',
      run_id: 'run_s1',
      sequence: 1,
      tool_name: 'fs.write',
      verdict: 'block',
      intent_id: 'i1',
      trace_id: 't1',
      trace_path: './t.json',
      intent_digest: 'a'.repeat(64),
      policy_digest: 'b'.repeat(64),
      reason_codes: ['a', 'z'],
      violations: ['v1'],
      actor: 'bot',
      correlation_id: 'c1',
      attributes: { path: '/x', n: [1, 2] },
      idempotency_key: 'k1',
      created_at: '2026-01-02T03:04:05Z',
    };
    expect(json).toMatchObject({ ok: true, operation: 'append', journal, event, correlation_id: 'c1' });
    expect(json['receipt']).toMatchObject({ session_id: 's1', sequence: 1, leaf_index: 1, durability: 'buffered' });
    expect(stdout.split('\n')).toHaveLength(2);
    expect(Object.keys(json)).toEqual(Object.keys(json).toSorted());
    const stored = readFileSync(journal, 'utf8').split('\n')[1] ?? '';
    expect(JSON.parse(stored)).toHaveProperty('event', json['event']);
  });

  test('a correlation id of the environment goes into the event, and a flag goes before it', async () => {
    const journal = await startedJournal(tempDir());
    const args = session('append', '--journal', journal, '--tool', 'a', '--verdict', 'allow', '--json');
    const env = { GAIT_CORRELATION_ID: 'from-env' };
    expect((await gait(args, { env })).json).toMatchObject({
      correlation_id: 'from-env',
      event: { correlation_id: 'from-env' },
    });
    expect((await gait([...args, '--correlation-id', 'flag'], { env })).json).toMatchObject({
      correlation_id: 'flag',
      event: { correlation_id: 'flag' },
    });
    expect((await gait(args)).json['event']).not.toHaveProperty('correlation_id');
  });

  test('reads attributes from a file', async () => {
    const folder = tempDir();
    const journal = await startedJournal(folder);
    const file = join(folder, 'attributes.json');
    writeFileSync(file, '{"text":"ü\\n"}\n');
    const args = session('append', '--journal', journal, '--tool', 'a', '--verdict', 'allow', '--json');
    const { json } = await gait([...args, '--attributes', `@${file}`]);
    expect(json['event']).toMatchObject({ attributes: { text: 'ü\n' } });
  });

  test('the same idempotency key writes once', async () => {
    const journal = await startedJournal(tempDir());
    const args = session('append', '--journal', journal, '--tool', 'a', '--verdict', 'allow', '--idempotency-key', 'k');
    const first = await gait([...args, '--json']);
    const second = await gait([...args, '--json']);
    expect(second.code).toBe(0);
    expect(second.json['receipt']).toEqual(first.json['receipt']);
    expect((await readStatus(journal)).event_count).toBe(1);
    const other = await gait([...args, '--json', '--actor', 'else']);
    expect([other.code, other.json['error_code']]).toEqual([6, 'IDEMPOTENCY_CONFLICT']);
  });

  test('an expected sequence that has passed appends nothing', async () => {
    const journal = await startedJournal(tempDir());
    const args = session('append', '--journal', journal, '--tool', 'a', '--verdict', 'allow', '--expect-sequence', '0');
    expect((await gait(args)).code).toBe(0);
    const late = await gait([...args, '--json']);
    expect([late.code, late.json['error_code'], late.json['error_category']]).toEqual([
      1,
      'SEQUENCE_CONFLICT',
      'state_contention',
    ]);
    expect((await readStatus(journal)).event_count).toBe(1);
  });

  test('prints text for people, without what could repaint their terminal', async () => {
    const journal = await startedJournal(tempDir());
    const { stdout } = await gait(session('append', '--journal', journal, '--tool', 'a\u202eb', '--verdict', 'ALLOW'));
    expect(stdout).toBe(`session append: sequence=1 tool=a b verdict=allow\njournal: ${journal}\n`);
  });
});

describe('run session status', () => {
  test('is what the library says, and changes nothing', async () => {
    const folder = tempDir();
    const journal = await startedJournal(folder);
    const before = snapshot(folder);
    const { code, json } = await gait(session('status', '--json', '--journal', journal));
    expect(code).toBe(0);
    expect(json).toMatchObject({ ok: true, operation: 'status', journal, status: await readStatus(journal) });
    const text = await gait(session('status', '--journal', journal));
    expect(text.stdout.split('\n')[0]).toBe(
      'session status: session_id=s1 run_id=run_s1 events=0 checkpoints=0 last_sequence=0',
    );
    expect(snapshot(folder)).toEqual(before);
  });

  test('says that bytes follow the last line', async () => {
    const journal = await startedJournal(tempDir());
    appendFileSync(journal, '{"torn');
    const { code, stderr } = await gait(session('status', '--journal', journal));
    expect([code, stderr]).toEqual([0, expect.stringContaining('6 B after')]);
  });
});

describe('run session list', () => {
  test('lists every session, and the broken ones with their error', async () => {
    const root = tempDir();
    await startedJournal(root, 'b');
    await startedJournal(root, 'a');
    writeFileSync(join(root, 'c.jsonl'), 'no record\n');
    const { code, json } = await gait(session('list', '--root', root, '--json'));
    expect([code, json['ok'], json['operation'], json['root']]).toEqual([0, true, 'list', root]);
    expect(json['sessions']).toMatchObject([
      { ok: true, path: join(root, 'a.jsonl'), status: { session_id: 'a' } },
      { ok: true, path: join(root, 'b.jsonl'), status: { session_id: 'b' } },
      { ok: false, path: join(root, 'c.jsonl'), error_code: 'JOURNAL_CORRUPT' },
    ]);
    const text = await gait(session('list', '--root', root));
    const [heading = '', first = '', , broken] = text.stdout.split('\n');
    expect(heading.indexOf('JOURNAL')).toBe(first.indexOf(root));
    expect(broken).toContain('(JOURNAL_CORRUPT)');
    expect(text.stderr).toContain('c.jsonl');
  });

  test('an empty root has no sessions', async () => {
    const { code, stdout } = await gait(session('list', '--root', tempDir()));
    expect([code, stdout]).toEqual([0, 'no sessions\n']);
  });
});

test('the working folder can be the root of sessions, by its name', async () => {
  const cwd = tempDir();
  const started = await runCli(['run', 'session', 'start', '--session', 's1', '--root', '.'], { cwd });
  expect([started.code, started.stderr]).toEqual([0, '']);
  const listed = await runCli(['run', 'session', 'list', '--root', './', '--json'], { cwd });
  expect(JSON.parse(listed.stdout)).toMatchObject({ ok: true, sessions: [{ path: 's1.jsonl', ok: true }] });
  for (const root of ['..', '../x']) {
    const refused = await runCli(['run', 'session', 'start', '--session', 's1', '--root', root], { cwd });
    expect([root, refused.code]).toEqual([root, 6]);
  }
});
