import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ERROR_CODES } from '../../src/index.js';
import { EXIT_CODE_MEANINGS, EXIT_CODES } from '../../cli/exit-codes.js';
import { errorEnvelope } from '../../cli/json-output.js';
import { GaitError } from '../../src/errors.js';
import { tempDir } from '../support/temp-dir.js';
import { gait, snapshot, startedJournal } from './gait.js';

const session = (command: string, ...args: readonly string[]): string[] => ['run', 'session', command, ...args];

/** A folder with a journal `s1.jsonl` that holds one event. */
async function prepared(): Promise<{ folder: string; journal: string }> {
  const folder = tempDir();
  const journal = await startedJournal(folder);
  await gait(session('append', '--journal', journal, '--tool', 'a', '--verdict', 'allow'));
  return { folder, journal };
}

describe('bad input', () => {
  const append = (...args: readonly string[]): string[] => session('append', '--journal', 'J', ...args);
  const event = (...args: readonly string[]): string[] => append('--tool', 'a', '--verdict', 'allow', ...args);

  test.each<[string, string[], string]>([
    ['an unknown flag', event('--oops'), 'INVALID_ARGUMENT'],
    ['a boolean that is none', event('--stdin=maybe'), 'INVALID_ARGUMENT'],
    ['an extra argument', event('extra'), 'INVALID_ARGUMENT'],
    ['no tool', append('--verdict', 'allow'), 'INVALID_ARGUMENT'],
    ['no verdict', append('--tool', 'a'), 'INVALID_ARGUMENT'],
    ['a blank root', ['run', 'session', 'list', '--root', ''], 'INVALID_ARGUMENT'],
    ['a blank key', ['verify', 'J', '--public-key', ' '], 'INVALID_ARGUMENT'],
    ['a blank note', ['verify', 'J', '--since='], 'INVALID_ARGUMENT'],
    ['a blank prefix', ['keys', 'init', '--out-dir', 'x', '--prefix', ''], 'INVALID_ARGUMENT'],
    [
      'a blank number',
      ['hold', 'release', '--session', 's', '--reason', 'r', '--actor', 'a', '--hold', ''],
      'INVALID_ARGUMENT',
    ],
    ['a blank tool', append('--tool', ' ', '--verdict', 'allow'), 'INVALID_ARGUMENT'],
    ['no journal', session('append', '--tool', 'a', '--verdict', 'allow'), 'INVALID_ARGUMENT'],
    ['two journals', event('--session', 's1'), 'INVALID_ARGUMENT'],
    ['a root alone', event('--root', 'x'), 'INVALID_ARGUMENT'],
    ['an unknown verdict', append('--tool', 'a', '--verdict', 'maybe'), 'INVALID_EVENT'],
    ['a reserved tool', append('--tool', 'gait.journal.repair', '--verdict', 'allow'), 'INVALID_EVENT'],
    ['a control character in a tool', append('--tool', 'a\u0007', '--verdict', 'allow'), 'INVALID_EVENT'],
    ['a control character in an id', event('--intent-id', 'a\u0000b'), 'INVALID_EVENT'],
    ['a control character in the correlation id', event('--correlation-id', 'a\nb'), 'INVALID_ARGUMENT'],
    ['a digest that is none', event('--policy-digest', 'abc'), 'INVALID_EVENT'],
    ['a time that is none', event('--created-at', 'yesterday'), 'INVALID_EVENT'],
    ['attributes that are no JSON', event('--attributes', '{'), 'INVALID_JSON'],
    ['attributes that are a list', event('--attributes', '[]'), 'INVALID_EVENT'],
    ['attributes with a key twice', event('--attributes', '{"a":1,"a":2}'), 'INVALID_JSON'],
    ['attributes with half a surrogate', event('--attributes', '{"a":"\\udc00"}'), 'INVALID_JSON'],
    ['attributes a double would change', event('--attributes', '{"a":9007199254740993}'), 'INVALID_JSON'],
    ['attributes from no file', event('--attributes', '@/nowhere/at/all'), 'INVALID_ARGUMENT'],
    ['a durability that is none', event('--durability', 'maybe'), 'INVALID_ARGUMENT'],
    ['an expected sequence that is none', event('--expect-sequence', 'x'), 'INVALID_ARGUMENT'],
    ['--skip-invalid without --stdin', event('--skip-invalid'), 'INVALID_ARGUMENT'],
    ['--tool with --stdin', append('--stdin', '--tool', 'a'), 'INVALID_ARGUMENT'],
    [
      'a journal that is not there',
      session('append', '--journal', 'J.no', '--tool', 'a', '--verdict', 'allow'),
      'JOURNAL_NOT_FOUND',
    ],
    [
      'a stream for a journal that is not there',
      session('append', '--journal', 'J.no', '--stdin'),
      'JOURNAL_NOT_FOUND',
    ],
    ['start without ids', session('start', '--journal', 'J'), 'INVALID_ARGUMENT'],
    [
      'start with a control character',
      session('start', '--journal', 'J2', '--session-id', 'a\u0001', '--run-id', 'r'),
      'INVALID_ARGUMENT',
    ],
    ['a session id that is no file name', session('start', '--session', '../x', '--root', 'ROOT'), 'INVALID_ARGUMENT'],
    ['status of nothing', session('status'), 'INVALID_ARGUMENT'],
    ['status of no file', session('status', '--journal', 'J.no'), 'JOURNAL_NOT_FOUND'],
    ['a range backwards', session('show', '--journal', 'J', '--from', '3', '--to', '2'), 'INVALID_ARGUMENT'],
    ['a range from 0', session('show', '--journal', 'J', '--from', '0'), 'INVALID_ARGUMENT'],
    ['show of no file', session('show', '--journal', 'J.no'), 'JOURNAL_NOT_FOUND'],
    ['tail of no file', session('tail', '--journal', 'J.no'), 'JOURNAL_NOT_FOUND'],
    ['a tail that is no number', session('tail', '--journal', 'J', '-n', '-5'), 'INVALID_ARGUMENT'],
    ['verify of nothing', ['verify'], 'INVALID_ARGUMENT'],
    ['verify of two paths and a journal', ['verify', 'J', 'J', '--journal', 'J'], 'INVALID_ARGUMENT'],
    ['a strict check without a key', ['verify', 'J', '--profile', 'strict'], 'INVALID_ARGUMENT'],
    ['a profile that is none', ['verify', 'J', '--profile', 'nope'], 'INVALID_ARGUMENT'],
    ['a key from no file', ['verify', 'J', '--public-key', 'J.no'], 'INVALID_KEY'],
    ['a key from no variable', ['verify', 'J', '--public-key-env', 'NO_SUCH'], 'INVALID_ARGUMENT'],
    ['a head to hold on to from no file', ['verify', 'J', '--since', 'J.no'], 'INVALID_ARGUMENT'],
    ['a head to hold on to that is none', ['verify', 'J', '--since', 'J'], 'INVALID_JSON'],
    ['evidence outside the working folder', ['verify', '../x.jsonl'], 'INVALID_PATH'],
    ['a session chain that is not named', ['verify', 'session-chain'], 'INVALID_ARGUMENT'],
    ['a session chain named twice', ['verify', 'session-chain', 'J', '--chain', 'J'], 'INVALID_ARGUMENT'],
    ['a session chain that is a journal', ['verify', 'session-chain', 'J'], 'INVALID_CHAIN'],
    ['a session chain outside the working folder', ['verify', 'session-chain', '../x_chain.json'], 'INVALID_PATH'],
    ['a chain without a run', ['verify', 'chain'], 'INVALID_ARGUMENT'],
    ['a run that is a journal', ['verify', 'chain', '--run', 'J'], 'INVALID_RUNPACK'],
    ['a run that nobody has', ['verify', 'chain', '--run', 'run_nobody'], 'FILE_NOT_FOUND'],
    ['a trace without a key', ['verify', 'chain', '--run', 'J', '--trace', 'J'], 'INVALID_ARGUMENT'],
    ['an evidence pack', ['verify', 'chain', '--run', 'J', '--pack', 'J'], 'INVALID_ARGUMENT'],
    ['a seal without a journal', session('checkpoint'), 'INVALID_ARGUMENT'],
    ['a seal of no file', session('checkpoint', '--journal', 'J.no'), 'JOURNAL_NOT_FOUND'],
    ['a key mode that is none', session('checkpoint', '--journal', 'J', '--key-mode', 'x'), 'INVALID_ARGUMENT'],
    ['prod without a key', session('close', '--journal', 'J', '--key-mode', 'prod'), 'INVALID_ARGUMENT'],
    [
      'dev with a key',
      session('checkpoint', '--journal', 'J', '--key-mode', 'dev', '--private-key-env', 'K'),
      'INVALID_ARGUMENT',
    ],
    ['a signing key from no file', session('checkpoint', '--journal', 'J', '--private-key', 'J.no'), 'INVALID_KEY'],
    ['payloads without a pack', session('checkpoint', '--journal', 'J', '--with-payloads'), 'INVALID_ARGUMENT'],
    [
      'a chain rebuilt and a pack',
      session('checkpoint', '--journal', 'J', '--rebuild-chain', '--out', 'x.zip'),
      'INVALID_ARGUMENT',
    ],
    [
      'a chain rebuilt with payloads',
      session('checkpoint', '--journal', 'J', '--rebuild-chain', '--with-payloads'),
      'INVALID_ARGUMENT',
    ],
    ['a type without a payload', event('--payload-type', 'text/plain'), 'INVALID_ARGUMENT'],
    ['a payload with --stdin', append('--stdin', '--payload', '-'), 'INVALID_ARGUMENT'],
    ['a payload and a range', session('show', '--journal', 'J', '--payload', '1', '--from', '1'), 'INVALID_ARGUMENT'],
    ['a file without a payload', session('show', '--journal', 'J', '--out', 'x'), 'INVALID_ARGUMENT'],
    [
      'the payload of an event that has none',
      session('show', '--journal', 'J', '--payload', '1', '--out', 'x'),
      'PAYLOAD_NOT_FOUND',
    ],
    ['the payload of no event', session('show', '--journal', 'J', '--payload', '9', '--out', 'x'), 'INVALID_ARGUMENT'],
    ['a proof of nothing', ['prove', '--journal', 'J'], 'INVALID_ARGUMENT'],
    ['a proof of two things', ['prove', '--journal', 'J', '--sequence', '1', '--from-size', '1'], 'INVALID_ARGUMENT'],
    ['a proof from no file', ['prove', '--journal', 'J.no', '--sequence', '1'], 'JOURNAL_NOT_FOUND'],
    ['a proof of no event', ['prove', '--journal', 'J', '--sequence', '9'], 'INVALID_ARGUMENT'],
    ['a proof before any signature', ['prove', '--journal', 'J', '--sequence', '1'], 'NOT_SEALED'],
    ['verify of a path named twice', ['verify', 'J', '--journal', 'J'], 'INVALID_ARGUMENT'],
    ['verify of no file', ['verify', 'J.no'], 'FILE_NOT_FOUND'],
    ['an unknown command', ['veryfi'], 'INVALID_ARGUMENT'],
    ['an unknown subcommand', session('stat'), 'INVALID_ARGUMENT'],
    ['a group without a command', ['run', 'session'], 'INVALID_ARGUMENT'],
    ['flags before the command', ['--journal', 'J', 'verify'], 'INVALID_ARGUMENT'],
    ['help on nothing known', ['help', 'nothing'], 'INVALID_ARGUMENT'],
    ['an extra argument to version', ['version', 'x'], 'INVALID_ARGUMENT'],
  ])('%s: code, exit 6, and every file as it was', async (_, args, expected) => {
    const { folder, journal } = await prepared();
    const before = snapshot(folder);
    const places: Record<string, string> = { J: journal, 'J.no': `${journal}.no`, J2: `${journal}.2`, ROOT: folder };
    const real = args.map((arg) => places[arg] ?? arg);
    const { code, objects } = await gait([...real, '--json']);
    expect([code, objects.length]).toEqual([6, 1]);
    expect(objects[0]).toMatchObject({
      ok: false,
      error_code: expected,
      error_category: 'invalid_input',
      retryable: false,
    });
    for (const key of ['operation', 'error', 'hint', 'correlation_id']) expect(objects[0]?.[key], key).toMatch(/./);
    const text = await gait(real);
    expect([text.code, text.stdout]).toEqual([6, '']);
    expect(text.stderr).toMatch(/^[^\n]+ error: [^\n]+\nhint: [^\n]+\n$/);
    expect(snapshot(folder)).toEqual(before);
  });

  test('attributes from a file that is too long or no UTF-8 are refused', async () => {
    const { folder, journal } = await prepared();
    const file = join(folder, 'attributes');
    for (const content of [Buffer.alloc(8_388_608, 0x20), Buffer.from([0x7b, 0xff, 0x7d])]) {
      writeFileSync(file, content);
      const before = snapshot(folder);
      const args = session(
        'append',
        '--journal',
        journal,
        '--tool',
        'a',
        '--verdict',
        'allow',
        '--attributes',
        `@${file}`,
      );
      const { code, json } = await gait([...args, '--json']);
      expect([code, json['error_code']]).toEqual([6, 'INVALID_ARGUMENT']);
      expect(snapshot(folder)).toEqual(before);
    }
  });
});

describe('with --json, one object comes out in every case', () => {
  test.each([
    [session('append', '--oops', '--json')],
    [session('append', '--json', '--oops')],
    [session('append', '-json=true', '--tool')],
    [session('append', '--json', '--tool')],
    [session('status', '--json=maybe')],
    [['--json', 'nothing']],
    [['--json']],
    [['run', '--json']],
    [['nothing', '--json']],
  ])('%j', async (args) => {
    const { code, objects, stderr } = await gait(args);
    expect([code, objects.length, stderr]).toEqual([6, 1, '']);
    expect(objects[0]).toMatchObject({ ok: false, error_code: 'INVALID_ARGUMENT' });
  });

  test('--json=false is text', async () => {
    const { code, stdout } = await gait(session('status', '--json=false', '--oops'));
    expect([code, stdout]).toEqual([6, '']);
  });

  test('the operation and the journal are named where they are known', async () => {
    const { json } = await gait(session('status', '--journal', '/nowhere/x.jsonl', '--json'));
    expect(json).toMatchObject({ operation: 'status', journal: '/nowhere/x.jsonl' });
    expect((await gait(['run', 'session', '--json'])).json['operation']).toBe('session');
  });
});

describe('misspelt words', () => {
  test.each([
    [['verfy', 'x'], 'verify'],
    [session('apend'), 'append'],
    [session('append', '--verdit', 'allow'), '--verdict'],
    [['help', 'exit-code'], 'exit-codes'],
  ])('%j is answered with %s', async (args, meant) => {
    expect((await gait([...args, '--json'])).json['hint']).toContain(meant);
  });
});

describe('exit codes', () => {
  test('are given by the category, for every code there is', () => {
    const codes = Object.values(ERROR_CODES).map(({ category }) => EXIT_CODES[category]);
    expect(new Set(codes)).toEqual(new Set([1, 2, 3, 6, 8]));
    const documented = EXIT_CODE_MEANINGS.map(([code]) => code);
    expect(documented).toEqual([...new Set(documented)]);
    expect(documented).toEqual(expect.arrayContaining([0, 1, 2, 3, 6, 7, 8, 130, 143]));
  });

  test('a path with "lock" in it changes nothing (W28)', async () => {
    const folder = join(tempDir(), 'blocks-timeout-contention');
    mkdirSync(folder);
    const { code, json } = await gait(session('status', '--journal', join(folder, 'lock.jsonl'), '--json'));
    expect([code, json['error_category']]).toEqual([6, 'invalid_input']);
  });

  test('corruption is 2 on every command that meets it (W18), and nothing is written', async () => {
    const { folder, journal } = await prepared();
    await gait(session('append', '--journal', journal, '--tool', 'b', '--verdict', 'allow'));
    const [header, , ...rest] = readFileSync(journal, 'utf8').split('\n');
    writeFileSync(journal, [header, ...rest].join('\n'));
    const before = snapshot(folder);
    for (const args of [
      session('append', '--journal', journal, '--tool', 'a', '--verdict', 'allow', '--json'),
      session('append', '--journal', journal, '--stdin', '--json'),
      session('status', '--journal', journal, '--json'),
      ['verify', journal, '--json'],
    ]) {
      const { code } = await gait(args);
      expect([args[2], code]).toEqual([args[2], 2]);
      // Only the locks' own folder may come and go.
      expect(snapshot(folder)[journal]).toBe(before[journal]);
    }
  });

  test('another writer is contention: exit 1, retryable', async () => {
    const { journal } = await prepared();
    writeFileSync(`${journal}.lock`, JSON.stringify({ pid: 999_999, created_at: new Date().toISOString() }));
    const env = { GAIT_SESSION_LOCK_TIMEOUT: '100ms' };
    const { code, json } = await gait(
      session('append', '--journal', journal, '--tool', 'a', '--verdict', 'allow', '--json'),
      { env },
    );
    expect(code).toBe(1);
    expect(json).toMatchObject({ error_code: 'LOCK_TIMEOUT', error_category: 'state_contention', retryable: true });
  });
});

describe('a hostile value in an error', () => {
  test('is bounded, well-formed and one line', async () => {
    const deep = '['.repeat(100) + ']'.repeat(100);
    const details = {
      long: 'x'.repeat(100_000),
      list: Array.from({ length: 10_000 }, () => 'y'),
      lone: '\ud800',
      nested: JSON.parse(deep) as unknown,
      big: 10n,
      call: (): void => {},
      absent: undefined,
      fine: { line: 3, offsets: [1, 2] },
    };
    const envelope = errorEnvelope(new GaitError('INVALID_EVENT', 'lone \ud800', { details }));
    const text = JSON.stringify(envelope);
    expect(text.length).toBeLessThan(5_000);
    expect(text).not.toContain('\\ud800');
    expect(envelope['details']).toMatchObject({ fine: { line: 3, offsets: [1, 2] }, nested: deep, big: '10' });
    expect(envelope['details']).not.toHaveProperty('absent');
  });

  test('cannot repaint the terminal', async () => {
    const { stderr } = await gait(session('status', '--journal', '/nowhere/\u001b[2J\u202ex.jsonl'));
    expect(stderr).toMatch(/^[\n\u0020-\u007e]*$/);
  });
});

describe('a torn tail', () => {
  test('is recovered by the next append through the CLI', async () => {
    const { journal } = await prepared();
    appendFileSync(journal, '{"record_type":"event","ev');
    const { code, json } = await gait(
      session('append', '--journal', journal, '--tool', 'b', '--verdict', 'allow', '--json'),
    );
    expect(code).toBe(0);
    expect(json['event']).toMatchObject({ tool_name: 'b' });
    expect((await gait(['verify', journal])).code).toBe(0);
  });
});
