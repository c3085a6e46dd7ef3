import { createHash } from 'node:crypto';
import { cpSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { repositoryRoot } from '../support/paths.js';
import { tempDir } from '../support/temp-dir.js';
import { gait, startedJournal } from './gait.js';

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

const verifies = results.filter(({ args }) => args[0] === 'verify');

/** Where verify is stricter: exit code, and what it found. */
const STRICTER: Readonly<Record<string, readonly [exit: number, kind: string]>> = {
  // The Go tool takes the first of two entries of a name, others take the last (W15).
  './runpacks/z_dup_after.zip': [2, 'duplicate_entry'],
  // An entry that the manifest does not list, named ../../evil.txt (W15).
  './runpacks/z_unsafe.zip': [2, 'undeclared_entry'],
};

describe('verify on the evidence of the Go tool', () => {
  test('there is some of every kind', () => {
    expect(verifies.length).toBeGreaterThan(35);
  });

  test.each(verifies.map((captured) => [`${captured.cwd} ${captured.args.join(' ')}`, captured] as const))(
    '%s',
    async (_, { cwd, args, exit, output }) => {
      const isFile = (arg: string): boolean => /\.(?:zip|json|key)$/.test(arg);
      const place = (arg: string): string => join(vectors, cwd, arg);
      const { code, json } = await gait(args.map((arg) => (isFile(arg) ? place(arg) : arg)));
      const name = `./${join(cwd, args.find(isFile) ?? '')}`;
      const [expectedExit, kind] = STRICTER[name] ?? [exit, undefined];
      expect([name, code]).toEqual([name, expectedExit]);
      if (exit === 6) {
        expect(json).toMatchObject({ ok: false, error_category: 'invalid_input', retryable: false });
        return;
      }
      if (kind !== undefined) {
        expect((json['problems'] as { kind: string }[]).map((problem) => problem.kind)).toContain(kind);
      }
      // The Go tool leaves empty lists and zeros out; the paths are those of the copy that was verified.
      const { ok, path: _path, chain_path: _chain, ...facts } = output;
      expect(json).toMatchObject({ ...withAtLeast(facts), ok: kind === undefined && ok });
    },
  );
});

/** Lists may be longer than the Go tool's: a chain is also held against the journal beside it. */
function withAtLeast(facts: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const longer = (value: unknown): unknown => (Array.isArray(value) ? expect.arrayContaining(value) : value);
  return Object.fromEntries(Object.entries(facts).map(([key, value]) => [key, longer(value)]));
}

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
    ['checkpoint', ['--journal', '--out', '--chain-out', '--json', '--help']],
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

  test('a checkpoint has its fields, and the lines of its text', async () => {
    const folder = tempDir();
    const journal = await startedJournal(folder);
    const append = ['run', 'session', 'append', '--journal', journal, '--tool', 't', '--verdict', 'block'];
    const seal = (name: string, ...more: string[]): string[] => [
      'run',
      'session',
      'checkpoint',
      '--journal',
      journal,
      '--out',
      join(folder, name),
      ...more,
    ];
    await gait(append);
    const { code, json } = await gait(seal('cp1.zip', '--json'));
    expect(code).toBe(0);
    for (const key of ['chain_path', 'checkpoint', 'correlation_id', 'journal', 'ok', 'operation']) {
      expect(json).toHaveProperty(key);
    }
    // The fields and values of spec 7.3, and of the digest formula in spec 2.5.
    const checkpoint = json['checkpoint'] as Record<string, string>;
    const { manifest_digest: manifest = '' } = checkpoint;
    expect(checkpoint).toMatchObject({
      checkpoint_digest: createHash('sha256').update(`${manifest}::1:1:1`).digest('hex'),
      checkpoint_index: 1,
      run_id: 'run_s1',
      runpack_path: join(folder, 'cp1.zip'),
      schema_id: 'gait.runpack.session_checkpoint',
      schema_version: '1.0.0',
      sequence_end: 1,
      sequence_start: 1,
      session_id: 's1',
    });
    const nothing = await gait(seal('cp2.zip', '--json'));
    expect([nothing.code, nothing.json['error']]).toMatchObject([6, expect.any(String)]);
    await gait(append);
    const { stdout } = await gait(seal('cp2.zip'));
    expect(stdout).toMatch(/^session checkpoint: index=2 runpack=\S+ range=2\.\.2\nsession chain: \S+\n/);
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
