/** What verify says of a root that was pruned, and of one that somebody helped along. */
import { appendFileSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { verify, type KeyPair, type VerifyReport } from '../../src/index.js';
import { executePrune, planPrune, setHold, verifyRoot, type RootReport } from '../../src/retention/index.js';
import { openEngineJournal } from '../../src/journal/index.js';
import { addCompacted, addSession, at, KEY, newRoot, NOW, OTHER_KEY, type Root } from './roots.js';

const TRUSTED = { publicKeys: [KEY.publicKey] };

async function pruned(place: Root, profile = 'medium'): Promise<void> {
  const options = { ...at(NOW), profile };
  await executePrune(await planPrune(place.root, options), { ...options, root: place.root, key: KEY, actor: 'ops' });
}

/** One old session went as a whole, one lost its oldest lines, one is young. */
async function prunedRoot(): Promise<Root> {
  const place = newRoot();
  await addSession(place, 'old', { ageDays: 60 });
  await addCompacted(place, 'live', { ageDays: [60, 50, 5, 1] });
  await addSession(place, 'young', { ageDays: 1 });
  await pruned(place);
  return place;
}

const ledgerOf = ({ root }: Root): string => join(root, 'gait.ledger.jsonl');

async function problems(place: Root, publicKeys: readonly Uint8Array[] = TRUSTED.publicKeys): Promise<string[]> {
  const { ok, problems: found, problem_count: count } = await verifyRoot(place.root, { publicKeys });
  expect([ok, found.length]).toEqual([count === 0, count]);
  return found.map(({ kind, path }) => `${kind} ${path}`);
}

/** Line `index` of the ledger with other text; links and roots are as they were. */
function edit(place: Root, find: RegExp, change: (line: string) => string | undefined): void {
  const lines = readFileSync(ledgerOf(place), 'utf8').trimEnd().split('\n');
  const index = lines.findIndex((line) => find.test(line));
  expect(index).toBeGreaterThan(-1);
  const changed = change(lines[index] ?? '');
  lines.splice(index, 1, ...(changed === undefined ? [] : [changed]));
  rmSync(`${ledgerOf(place)}.gait/index`, { force: true });
  writeFileSync(ledgerOf(place), `${lines.join('\n')}\n`);
}

describe('a pruned root', () => {
  test('is valid, and says what is gone, with and without the key', async () => {
    const place = await prunedRoot();
    for (const options of [TRUSTED, {}]) {
      const report = (await verify(place.root, options)) as RootReport;
      expect(report).toMatchObject({
        ok: true,
        kind: 'root',
        verdict: 'valid',
        session_count: 2,
        intact: 1,
        pruned: 1,
        missing: 0,
        removed_sessions: 1,
        problems: [],
      });
      expect(report.sessions).toMatchObject([
        { path: 'live.jsonl', retention: 'pruned (proven)', pruned_to_sequence: 4 },
      ]);
    }
    const one = (await verify(place.path('live'), TRUSTED)) as VerifyReport;
    expect(one).toMatchObject({ ok: true, retention: 'pruned (proven)', coverage: { pruned_to_sequence: 4 } });
  });

  test('is refused as a whole, not called valid or damaged, when it cannot be checked', async () => {
    const place = await prunedRoot();
    await expect(verifyRoot(place.root, { profile: 'strict' })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    await expect(verifyRoot(newRoot().root)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  });

  test('without its ledger proves nothing of what is gone', async () => {
    const place = await prunedRoot();
    renameSync(ledgerOf(place), join(place.root, 'elsewhere'));
    expect(await verify(place.path('live'), TRUSTED)).toMatchObject({ ok: false, retention: 'missing (unproven)' });
    expect(await problems(place)).toEqual(['session_invalid live.jsonl']);
  });

  test('shows by a note of its ledger that the ledger was deleted, cut back or made anew, and else is valid', async () => {
    const place = newRoot();
    await addSession(place, 'old', { ageDays: 60 });
    await addSession(place, 'young', { ageDays: 1 });
    const options = { ...at(NOW), profile: 'medium' };
    const { removals } = await executePrune(await planPrune(place.root, options), {
      ...options,
      root: place.root,
      key: KEY,
      actor: 'ops',
    });
    const since = removals.at(-1)?.note ?? '';
    const check = async (): Promise<RootReport> => verifyRoot(place.root, { ...TRUSTED, since });
    expect(await check()).toMatchObject({ ok: true, removed_sessions: 1 });
    await expect(verifyRoot(place.root, { ...TRUSTED, since: 'no note' })).rejects.toMatchObject({
      code: 'INVALID_NOTE',
    });

    const whole = readFileSync(ledgerOf(place), 'utf8').trimEnd().split('\n');
    rmSync(`${ledgerOf(place)}.gait/index`, { force: true });
    writeFileSync(ledgerOf(place), `${whole.slice(0, 1).join('\n')}\n`);
    expect((await check()).problems.map(({ kind }) => kind)).toContain('ledger_invalid');

    rmSync(ledgerOf(place));
    rmSync(`${ledgerOf(place)}.gait`, { recursive: true });
    // Without the note nothing of it is left to see.
    expect(await verifyRoot(place.root, TRUSTED)).toMatchObject({ ok: true, removed_sessions: 0 });
    expect((await check()).problems).toMatchObject([{ kind: 'ledger_invalid', path: 'gait.ledger.jsonl' }]);
    await setHold(place.root, { sessionId: 'young', reason: 'r', actor: 'a' }, { ...at(NOW), key: KEY });
    expect((await check()).problems.map(({ kind }) => kind)).toContain('ledger_invalid');
  });

  test('shows one more segment that somebody deleted by hand', async () => {
    const place = await prunedRoot();
    const folder = `${place.path('live')}.gait/segments`;
    const [lines] = readdirSync(folder).filter((name) => name.endsWith('.jsonl.gz'));
    rmSync(join(folder, lines ?? ''));
    const report = await verifyRoot(place.root, TRUSTED);
    expect(report).toMatchObject({ ok: false, missing: 1, sessions: [{ retention: 'missing (unproven)' }] });
  });

  test.each([
    ['gone', (path: string) => rmSync(path), 'session_missing young.jsonl'],
    [
      'cut behind what the prune saw',
      (path: string) => {
        const lines = readFileSync(path, 'utf8').split('\n');
        rmSync(`${path}.gait/index`, { force: true });
        writeFileSync(path, `${lines.slice(0, 2).join('\n')}\n`);
      },
      'session_invalid young.jsonl',
    ],
  ])('shows a kept session that is %s', async (_, damage, expected) => {
    const place = await prunedRoot();
    expect(await problems(place)).toEqual([]);
    damage(place.path('young'));
    expect(await problems(place)).toEqual([expected]);
  });

  test('remembers a vanished session over the next prune, which says so', async () => {
    const place = await prunedRoot();
    rmSync(place.path('young'));
    await addSession(place, 'old2', { ageDays: 60 });
    const options = { ...at(NOW), profile: 'medium' };
    const plan = await planPrune(place.root, options);
    const receipt = await executePrune(plan, { ...options, root: place.root, key: KEY });
    expect(receipt.vanished).toMatchObject([{ path: 'young.jsonl', session_id: 'young' }]);
    expect(await problems(place)).toEqual(['session_missing young.jsonl']);
  });
});

describe('a ledger that was tampered with', () => {
  test.each([
    ['an edited tombstone', /prune\.tombstone/, (line: string) => line.replace('"bytes":', '"bytes":1')],
    ['an edited receipt', /prune\.receipt/, (line: string) => line.replace('"removed":', '"removed":1')],
    ['a dropped tombstone', /prune\.tombstone/, () => undefined],
    ['a dropped receipt', /prune\.receipt/, () => undefined],
    ['a dropped intent', /prune\.intent/, () => undefined],
  ])('%s is found, and nothing counts as proved', async (_, find, change) => {
    const place = await prunedRoot();
    edit(place, find, change);
    for (const keys of [TRUSTED.publicKeys, []]) {
      expect(await problems(place, keys)).toEqual(['ledger_invalid gait.ledger.jsonl', 'session_invalid live.jsonl']);
    }
  });

  test('cut off at its end leaves no more than the signed intent', async () => {
    const place = await prunedRoot();
    const lines = readFileSync(ledgerOf(place), 'utf8').trimEnd().split('\n');
    const intent = lines.findIndex((line) => line.includes('prune.intent'));
    rmSync(`${ledgerOf(place)}.gait/index`, { force: true });
    writeFileSync(ledgerOf(place), `${lines.slice(0, intent + 2).join('\n')}\n`);
    const report = await verifyRoot(place.root, TRUSTED);
    expect(report).toMatchObject({ ok: true, warnings: [{ kind: 'removal_unfinished', path: 'gait.ledger.jsonl' }] });
    // Without the checkpoint behind it the intent proves nothing.
    writeFileSync(ledgerOf(place), `${lines.slice(0, intent + 1).join('\n')}\n`);
    expect(await problems(place)).toEqual(['session_invalid live.jsonl']);
  });

  /** What somebody with write access and another key can do. */
  async function forge(place: Root, key: KeyPair | undefined): Promise<void> {
    const [segment] = readdirSync(`${place.path('live')}.gait/segments`).filter((name) => name.endsWith('.jsonl.gz'));
    const name = segment?.replace('.jsonl.gz', '') ?? '';
    const manifest = JSON.parse(readFileSync(`${place.path('live')}.gait/segments/${name}.json`, 'utf8')) as Record<
      string,
      unknown
    >;
    const { leaf_start, leaf_end, first_sequence, last_sequence, content_sha256, root_hash } = manifest;
    const facts = { leaf_start, leaf_end, first_sequence, last_sequence, content_sha256, root_hash };
    const item = { kind: 'segment', path: 'live.jsonl', session_id: 'live', name, bytes: 1, rule: 'max_age', ...facts };
    const ledger = await openEngineJournal(ledgerOf(place), at(NOW));
    const removals = [{ item: { ...item, payloads: [] }, files: [] }];
    const say = { verdict: 'allow' as const, actor: 'mallory' };
    const { sequence: intent } = await ledger.append({
      ...say,
      tool_name: 'gait.prune.intent',
      attributes: { removals },
    });
    const tombstone = { ...item, payloads: [], intent, place: 0 };
    await ledger.append({ ...say, tool_name: 'gait.prune.tombstone', attributes: tombstone });
    const receipt = { intent, removed: 1, removed_bytes: 1, left: [], resumed: false };
    await ledger.append({ ...say, tool_name: 'gait.prune.receipt', attributes: receipt });
    await ledger.checkpoint(key === undefined ? {} : { key });
    await ledger.close();
    for (const file of readdirSync(`${place.path('live')}.gait/segments`)) {
      if (file.startsWith(name) && !file.endsWith('.json')) rmSync(`${place.path('live')}.gait/segments/${file}`);
    }
  }

  test('by a tombstone that nobody signed, proves nothing', async () => {
    const place = await prunedRoot();
    await forge(place, undefined);
    expect(await problems(place)).toEqual(['session_invalid live.jsonl']);
    expect(await problems(place, [])).toEqual(['session_invalid live.jsonl']);
  });

  test('by a tombstone that another key signed, proves nothing to who has the right one', async () => {
    const place = await prunedRoot();
    await forge(place, OTHER_KEY);
    expect(await problems(place)).toEqual(['ledger_invalid gait.ledger.jsonl', 'session_invalid live.jsonl']);
  });

  test('the same, signed with the right key, is a removal like any other', async () => {
    const place = await prunedRoot();
    await forge(place, KEY);
    expect(await problems(place)).toEqual([]);
  });

  test.each([
    ['a tombstone that its intent does not list', 'other.json', 1, 5, ['tombstone_mismatch', 'receipt_mismatch']],
    ['a receipt that speaks of more than its tombstones', 'x.json', 2, 5, ['receipt_mismatch']],
    ['a receipt that speaks of other bytes', 'x.json', 1, 6, ['receipt_mismatch']],
    ['nothing where they agree', 'x.json', 1, 5, []],
  ])('holds %s against whoever signed it', async (_, path, removed, bytes, expected) => {
    const place = await prunedRoot();
    const ledger = await openEngineJournal(ledgerOf(place), at(NOW));
    const say = async (what: string, attributes: Record<string, unknown>): Promise<number> =>
      (await ledger.append({ tool_name: `gait.prune.${what}`, verdict: 'allow', attributes })).sequence;
    const item = { kind: 'trace', path: 'x.json', bytes: 5, rule: 'max_age', sha256: 'ab' };
    const intent = await say('intent', { removals: [{ item, files: ['x.json'] }] });
    await say('tombstone', { ...item, path, intent, place: 0 });
    await say('receipt', { intent, removed, removed_bytes: bytes, left: [], resumed: false });
    await ledger.checkpoint({ key: KEY });
    await ledger.close();
    expect(await problems(place)).toEqual(expected.map((kind) => `${kind} gait.ledger.jsonl`));
  });

  test('holds a second receipt of an intent against whoever signed it', async () => {
    const place = await prunedRoot();
    const ledger = await openEngineJournal(ledgerOf(place), at(NOW));
    const attributes = { intent: 1, removed: 3, removed_bytes: 9, left: [], resumed: false };
    await ledger.append({ tool_name: 'gait.prune.receipt', verdict: 'allow', attributes });
    await ledger.checkpoint({ key: KEY });
    await ledger.close();
    expect(await problems(place)).toEqual(['receipt_mismatch gait.ledger.jsonl']);
  });

  test('stops a prune: a hold may be missing from it', async () => {
    const place = await prunedRoot();
    appendFileSync(ledgerOf(place), '{"record_type":"event"}\n');
    await expect(planPrune(place.root, { ...at(NOW), profile: 'medium' })).rejects.toMatchObject({
      code: 'JOURNAL_CORRUPT',
    });
  });
});
