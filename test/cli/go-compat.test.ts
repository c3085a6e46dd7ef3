import { cpSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { repositoryRoot } from '../support/paths.js';
import { tempDir } from '../support/temp-dir.js';
import { gait } from './gait.js';

const vectors = join(repositoryRoot, 'test', 'vectors', 'gait-go');

/** What the Go tool answered, captured; see the note in the file. */
interface Captured {
  readonly cwd: string;
  readonly args: readonly string[];
  readonly exit: number;
  readonly output: Record<string, unknown>;
}

const { results } = JSON.parse(readFileSync(join(vectors, 'expected.json'), 'utf8')) as { results: Captured[] };
const statuses = results.filter(({ args }) => args.slice(0, 3).join(' ') === 'run session status');

/** Where ours answers otherwise, on purpose. Fields of the status, or the exit code of damaged evidence. */
const OTHERWISE: Readonly<Record<string, Readonly<Record<string, unknown>> | number>> = {
  // Damage is no bad input: 2 where the Go tool says 6, or nothing at all (W18).
  'bad-swapped-lines': 2,
  'bad-deleted-line': 2,
  'bad-w1-restarted': 2,
  // A last line without its line feed is not there yet; the next append completes or recovers it.
  'bad-no-final-newline': { event_count: 2, last_sequence: 2, unterminated_bytes: expect.any(Number) as number },
  'bad-torn-tail': { unterminated_bytes: expect.any(Number) as number },
  // Compaction does not set the sequence back (W1).
  'compacted-empty': { last_sequence: 2 },
};

describe('run session status on the journals of the Go tool', () => {
  test('there are some', () => {
    expect(statuses.length).toBeGreaterThan(4);
  });

  test.each(statuses.map((captured) => [captured.cwd, captured] as const))('%s', async (cwd, { exit, output }) => {
    const folder = tempDir();
    cpSync(join(vectors, cwd), folder, { recursive: true });
    const { code, json } = await gait([
      'run',
      'session',
      'status',
      '--journal',
      join(folder, 'journal.jsonl'),
      '--json',
    ]);
    const otherwise = OTHERWISE[cwd];
    if (typeof otherwise === 'number') {
      expect(code).toBe(otherwise);
      expect(json).toMatchObject({ ok: false, operation: 'status', error_category: 'verification_failed' });
      return;
    }
    expect([cwd, code]).toEqual([cwd, otherwise === undefined ? exit : 0]);
    const { journal: _, ...expected } = output;
    const status = { ...(expected['status'] as object | undefined), ...otherwise };
    expect(json).toMatchObject(exit === 0 ? { ...expected, status } : { ok: true, status: { ...otherwise } });
  });
});

describe('flags, fields and exit codes of the Go tool (spec 7.3)', () => {
  test.each([
    ['start', ['--journal', '--session-id', '--run-id', '--json', '--help']],
    [
      'append',
      [
        '--journal',
        '--tool',
        '--verdict',
        '--intent-id',
        '--trace-id',
        '--trace-path',
        '--intent-digest',
        '--policy-digest',
        '--reason-codes',
        '--violations',
        '--json',
        '--help',
      ],
    ],
    ['status', ['--journal', '--json', '--help']],
  ])('%s has its flags', async (command, flags) => {
    const { stdout } = await gait(['run', 'session', command, '--help']);
    for (const flag of flags) expect(stdout).toMatch(new RegExp(`^ {2}${flag}\\b`, 'm'));
  });

  test('objects have its fields, on one line, in the order of their names', async () => {
    const journal = join(tempDir(), 'j.jsonl');
    const start = await gait([
      'run',
      'session',
      'start',
      '-journal',
      journal,
      '-session-id',
      's',
      '-run-id',
      'r',
      '-json',
    ]);
    expect(Object.keys(start.json)).toEqual(['correlation_id', 'journal', 'ok', 'operation', 'status']);
    expect(Object.keys(start.json['status'] as object)).toEqual(
      expect.arrayContaining([
        'checkpoint_count',
        'created_at',
        'event_count',
        'last_sequence',
        'run_id',
        'session_id',
        'started_at',
      ]),
    );
    const append = ['run', 'session', 'append', '--journal', journal, '--tool', 't', '--verdict', 'block', '--json'];
    const { json } = await gait(append);
    expect(Object.keys(json)).toEqual(['correlation_id', 'event', 'journal', 'ok', 'operation', 'receipt']);
    expect(Object.keys(json['event'] as object)).toEqual([
      'created_at',
      'producer_version',
      'run_id',
      'schema_id',
      'schema_version',
      'sequence',
      'session_id',
      'tool_name',
      'verdict',
    ]);
    expect(json['correlation_id']).toMatch(/^[0-9a-f]{24}$/);
    expect((await gait(append)).json['correlation_id']).toBe(json['correlation_id']);
  });

  test('an error has its envelope', async () => {
    const { code, json } = await gait(['run', 'session', 'status', '--journal', 'none.jsonl', '--json']);
    expect(code).toBe(6);
    for (const key of ['correlation_id', 'error', 'error_category', 'error_code', 'hint', 'journal', 'operation']) {
      expect(json).toHaveProperty(key, expect.any(String));
    }
    expect(json).toMatchObject({ ok: false, retryable: false, journal: 'none.jsonl' });
  });
});
