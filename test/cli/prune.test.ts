/** `gait prune`, `hold`, `erase` and `verify --root`, as somebody at a terminal sees them. */
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { initKeys } from '../../src/index.js';
import { addCompacted, addSession, DAY_MS, event, newRoot, NOW, type Root } from '../retention/roots.js';
import { fullSnapshot } from '../retention/snapshot.js';
import { tempDir } from '../support/temp-dir.js';
import { gait, type GaitResult } from './gait.js';

let place: Root;
let folder: string;
let keys: { readonly privateKeyPath: string; readonly publicKeyPath: string };

/** One session is old by any clock, the other was appended to just now by the real one, which commands go by. */
beforeEach(async () => {
  place = newRoot();
  folder = tempDir();
  keys = initKeys({ outDir: join(folder, 'keys') });
  await addSession(place, 'old', { ageDays: 4_000 });
  const today = (NOW - Date.now()) / DAY_MS;
  await addCompacted(place, 'live', { ageDays: [4_000, 3_900, today] });
});

const root = (): readonly string[] => ['--root', place.root];
const key = (): readonly string[] => ['--private-key', keys.privateKeyPath];

async function prune(...args: readonly string[]): Promise<GaitResult> {
  return await gait(['prune', ...root(), ...args]);
}

async function digest(...args: readonly string[]): Promise<string> {
  return String((await prune('--dry-run', '--json', ...args)).json['plan_digest']);
}

describe('gait prune', () => {
  test('without --dry-run or --plan explains itself and does nothing, exit 6', async () => {
    const before = fullSnapshot(place.root);
    for (const args of [[], ['--profile', 'medium'], ['--dry-run', '--plan', 'ab']]) {
      const { code, json, stderr } = await prune(...args, '--json');
      expect([code, json['error_code'], json['operation'], stderr]).toEqual([6, 'INVALID_ARGUMENT', 'prune', '']);
    }
    const { stderr } = await prune();
    expect(stderr).toContain('--dry-run');
    expect(fullSnapshot(place.root)).toEqual(before);
  });

  test('--dry-run prints each item with action, size, rule and reason, the digest, and what to type next', async () => {
    const before = fullSnapshot(place.root);
    const { code, stdout, stderr } = await prune('--dry-run', '--profile', 'medium');
    expect([code, stderr]).toEqual([0, '']);
    const plan = await digest('--profile', 'medium');
    expect(stdout).toMatch(/^prune plan: \d+ items? to remove/);
    expect(stdout).toMatch(/^delete +session .* max_age +medium +old\.jsonl$/m);
    expect(stdout).toMatch(/^delete +segment 1\.\.2 .* live\.jsonl$/m);
    expect(stdout).toContain(`plan digest: ${plan}`);
    expect(stdout).toContain(`gait prune --root ${place.root} --profile medium --plan ${plan} --private-key FILE`);
    expect(fullSnapshot(place.root)).toEqual(before);
  });

  test('--plan DIGEST removes just that, and verify --root is green', async () => {
    const plan = await digest('--profile', 'medium');
    const { code, stdout } = await prune('--profile', 'medium', '--plan', plan, '--actor', 'ops', ...key());
    expect([code, existsSync(place.path('old'))]).toEqual([0, false]);
    expect(stdout).toMatch(/^prune ok: \d items removed/);
    expect(stdout).toContain('removed session old (old.jsonl');
    const verified = await gait(['verify', ...root(), '--json']);
    expect([verified.code, verified.json]).toMatchObject([
      0,
      { kind: 'root', ok: true, pruned: 1, removed_sessions: 1, missing: 0 },
    ]);
    const text = await gait(['verify', place.root]);
    expect(text.stdout).toContain('live.jsonl: pruned (proven)');
    const named = await gait(['verify', place.path('live'), '--json']);
    expect([named.code, named.json['retention']]).toEqual([0, 'pruned (proven)']);
  });

  test('--plan FILE takes the saved dry run, its profile and filter with it', async () => {
    const file = join(folder, 'plan.json');
    const dry = await prune('--dry-run', '--profile', 'medium', '--session', 'old', '--report-out', file, '--json');
    expect(dry.json).toMatchObject({ report_path: file, delete_count: 1 });
    const done = await prune('--plan', file, '--json', ...key());
    expect([done.code, done.json]).toMatchObject([0, { dry_run: false, removed_count: 1 }]);
    expect([existsSync(place.path('old')), existsSync(place.path('live'))]).toEqual([false, true]);
  });

  test.each([
    ['no plan', '{"hello":1}'],
    ['no JSON', 'what'],
    ['a plan with other items', 'edited'],
  ])('--plan refuses a file with %s', async (_, content) => {
    const { stdout } = await prune('--dry-run', '--profile', 'medium', '--json');
    const file = join(folder, 'plan.json');
    writeFileSync(file, content === 'edited' ? stdout.replaceAll('"delete"', '"keep"') : content);
    const { code, json } = await prune('--plan', file, '--json', ...key());
    expect([code, json['error_code']]).toEqual([6, 'INVALID_ARGUMENT']);
    expect(existsSync(place.path('old'))).toBe(true);
  });

  test('a plan that is out of date exits 8, says what differs, and removes nothing', async () => {
    const plan = await digest('--profile', 'medium');
    await gait(['hold', 'set', ...root(), '--session', 'old', '--reason', 'case 12', '--actor', 'legal']);
    const { code, json } = await prune('--profile', 'medium', '--plan', plan, '--json', ...key());
    expect([code, json['error_code'], json['error_category']]).toEqual([8, 'PLAN_STALE', 'unsafe_operation']);
    expect(JSON.stringify(json['details'])).toContain('case 12');
    expect(existsSync(place.path('old'))).toBe(true);
  });

  test('needs a key, and a digest that is one', async () => {
    const plan = await digest('--profile', 'medium');
    const unsigned = await prune('--profile', 'medium', '--plan', plan, '--json');
    expect([unsigned.code, unsigned.json['error_code']]).toEqual([6, 'INVALID_ARGUMENT']);
    const unknown = await prune('--profile', 'medium', '--plan', 'f'.repeat(64), '--json', ...key());
    expect(unknown.code).toBe(8);
    expect(existsSync(join(place.root, 'gait.ledger.jsonl'))).toBe(false);
  });

  test('--report-out is refused where something is, or inside the root, before anything is removed', async () => {
    const plan = await digest('--profile', 'medium');
    const taken = join(folder, 'taken');
    writeFileSync(taken, 'mine');
    for (const path of [taken, join(place.root, 'report.json')]) {
      const { code } = await prune('--profile', 'medium', '--plan', plan, '--report-out', path, '--json', ...key());
      expect([path, code, existsSync(place.path('old'))]).toEqual([path, 6, true]);
    }
    expect(readFileSync(taken, 'utf8')).toBe('mine');
  });

  test('takes the profile from the configuration, and refuses an unknown one or an unknown kind', async () => {
    const config = join(folder, 'config.yaml');
    writeFileSync(config, 'retention:\n  profile: medium\n');
    const { json } = await prune('--dry-run', '--config', config, '--json');
    expect(json).toMatchObject({ default_profile: 'medium', named_by_caller: false });
    expect(Number(json['delete_count'])).toBeGreaterThan(0);
    for (const wrong of [
      ['--profile', 'meduim'],
      ['--kind', 'sessions'],
    ]) {
      expect((await prune('--dry-run', ...wrong, '--json')).code).toBe(6);
    }
  });

  test('without any profile nothing goes', async () => {
    const config = join(folder, 'none.yaml');
    writeFileSync(config, '');
    expect((await prune('--dry-run', '--config', config, '--json')).json['delete_count']).toBe(0);
  });
});

describe('gait hold', () => {
  const who = ['--reason', 'case 12', '--actor', 'legal'];

  test('set, list and release, each with its JSON and its text', async () => {
    const set = await gait(['hold', 'set', ...root(), '--session', 'old', ...who, ...key(), '--json']);
    expect(set.json).toMatchObject({
      ok: true,
      operation: 'set',
      signed: true,
      hold: { hold: 1, session_id: 'old', reason: 'case 12', actor: 'legal' },
    });
    expect((await gait(['hold', 'list', ...root()])).stdout).toMatch(/^1 +old .* legal +case 12 +in force /m);
    expect((await prune('--dry-run', '--profile', 'medium')).stdout).toMatch(
      /^keep +session .*held.*case 12.*old\.jsonl$/m,
    );
    const released = await gait([
      'hold',
      'release',
      ...root(),
      '--session',
      'old',
      '--reason',
      'closed',
      '--actor',
      'x',
    ]);
    expect([released.code, released.stdout]).toMatchObject([0, expect.stringContaining('not held any more')]);
    expect((await gait(['hold', 'list', ...root()])).stdout).toBe('no holds\n');
    const all = await gait(['hold', 'list', ...root(), '--all', '--json']);
    expect(all.json['holds']).toMatchObject([{ hold: 1, released: { actor: 'x', reason: 'closed' } }]);
  });

  test.each([['--session'], ['--reason'], ['--actor']])('set needs %s', async (flag) => {
    const args = ['--session', 'old', ...who];
    args.splice(args.indexOf(flag), 2);
    const { code, json } = await gait(['hold', 'set', ...root(), ...args, '--json']);
    expect([code, json['details']]).toEqual([6, { flag: flag.slice(2) }]);
    expect(existsSync(join(place.root, 'gait.ledger.jsonl'))).toBe(false);
  });
});

describe('gait erase', () => {
  const why = ['--reason', 'request 31', '--actor', 'dpo'];

  async function withPayload(): Promise<void> {
    await addSession(place, 'p1', {
      ageDays: 1,
      work: async (journal) => void (await journal.append(event(3), { payload: { content: Buffer.from('secret') } })),
    });
  }

  test('removes a payload, and verify says so', async () => {
    await withPayload();
    const erased = await gait(['erase', ...root(), '--session', 'p1', '--sequence', '3', ...why, ...key()]);
    expect([erased.code, erased.stderr]).toEqual([0, '']);
    expect(erased.stdout).toMatch(/^erase ok: session=p1 sequence=3 sha256=[0-9a-f]{64}$/m);
    const { code, json } = await gait(['verify', place.path('p1'), '--json']);
    expect([code, json]).toMatchObject([0, { ok: true, coverage: { erased_payloads: 1 } }]);
  });

  test('of a held session exits 3', async () => {
    await withPayload();
    await gait(['hold', 'set', ...root(), '--session', 'p1', '--reason', 'case', '--actor', 'legal']);
    const args = ['--session', 'p1', '--sequence', '3', ...why, ...key(), '--json'];
    const { code, json } = await gait(['erase', ...root(), ...args]);
    expect([code, json['error_code']]).toEqual([3, 'POLICY_BLOCKED']);
  });

  test.each([['--session'], ['--sequence'], ['--reason'], ['--actor'], ['--private-key']])('needs %s', async (flag) => {
    const args = ['--session', 'p1', '--sequence', '3', ...why, ...key()];
    args.splice(args.indexOf(flag), 2);
    const { code, json } = await gait(['erase', ...root(), ...args, '--json']);
    expect([code, json['details']]).toEqual([6, { flag: flag.slice(2) }]);
  });
});

test('gait verify --root exits 2 when something is gone that no tombstone is for', async () => {
  const plan = await digest('--profile', 'medium');
  await prune('--profile', 'medium', '--plan', plan, ...key());
  rmSync(place.path('live'));
  const { code, json } = await gait(['verify', ...root(), '--public-key', keys.publicKeyPath, '--json']);
  expect([code, json['missing']]).toEqual([2, 1]);
  expect(json['problems']).toContainEqual(expect.objectContaining({ kind: 'session_missing', path: 'live.jsonl' }));
});

test('the ledger is nobody’s session: it cannot be started or appended to', async () => {
  const start = await gait(['run', 'session', 'start', ...root(), '--session', 'gait.ledger', '--json']);
  expect([start.code, start.json['error_code']]).toEqual([6, 'INVALID_ARGUMENT']);
  await gait(['hold', 'set', ...root(), '--session', 'old', '--reason', 'r', '--actor', 'a']);
  const args = ['run', 'session', 'append', ...root(), '--session', 'gait.ledger', '--tool', 'x', '--verdict', 'allow'];
  const append = await gait([...args, '--json']);
  expect([append.code, append.json['error_code']]).toEqual([6, 'INVALID_ARGUMENT']);
  const close = await gait(['run', 'session', 'close', ...root(), '--session', 'gait.ledger', '--json']);
  expect([close.code, close.json['error_code']]).toEqual([6, 'INVALID_ARGUMENT']);
});
