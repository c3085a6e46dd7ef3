import { copyFileSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, join, relative } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import {
  verifyChain,
  writeRunpack,
  type ChainReport,
  type VerifyChainOptions,
} from '../../../src/journal/runpack/index.js';
import { nodeFileSystem } from '../../../src/journal/store/index.js';
import { digested, forgeChain, newSession, relinked, type SealedSession } from './chains.js';
import { entriesOf, key, kinds, newFolder, otherKey, packOptions, redigested, sessionEvent, world } from './packs.js';
import { buildZip } from './zip-builder.js';

const home = process.cwd();
afterEach(() => process.chdir(home));

const withKey = { publicKeys: [key.publicKey] };

async function verified(path: string, options: VerifyChainOptions = {}): Promise<ChainReport> {
  return await verifyChain(nodeFileSystem, path, options);
}

function journalOf({ header, checkpoints }: SealedSession): NonNullable<VerifyChainOptions['journal']> {
  return { header, checkpoints };
}

test('a sealed session verifies, and says how far it is signed', async () => {
  const unsigned = await newSession();
  expect(await verified(unsigned.path)).toMatchObject({
    ok: true,
    verdict: 'unsigned',
    checkpoints_checked: 2,
    runpacks_checked: 2,
    signed_to_sequence: 0,
    linkage_errors: [],
    checkpoint_errors: [],
  });
  const signed = await newSession({ key });
  expect(await verified(signed.path)).toMatchObject({ ok: true, verdict: 'unchecked', signed_to_sequence: 0 });
  expect(await verified(signed.path, withKey)).toMatchObject({ ok: true, verdict: 'valid', signed_to_sequence: 5 });
});

describe('W21: a chain that was edited', () => {
  test('at its end is noticed where the journal is at hand, and said to be unnoticed where not', async () => {
    const session = await newSession();
    const path = forgeChain(session, { checkpoints: session.checkpoints.slice(0, 1) });
    const alone = await verified(path);
    expect(alone.ok).toBe(true);
    expect(alone.warnings.map(({ kind }) => kind)).toContain('not_comparable');
    const compared = await verified(path, { journal: journalOf(session) });
    expect(compared.ok).toBe(false);
    expect(compared.problems).toMatchObject([{ kind: 'journal_mismatch', checkpoint_index: 2, found: 'nothing' }]);
  });

  test('at its start, in the middle or by a checkpoint of its own is found', async () => {
    const session = await newSession();
    const [first, second] = session.checkpoints;
    if (first === undefined || second === undefined) throw new Error('two checkpoints');
    const third = { ...second, checkpoint_index: 3, sequence_start: 6, sequence_end: 6 };
    for (const checkpoints of [[second], relinked([first, third])]) {
      expect((await verified(forgeChain(session, { checkpoints }))).linkage_errors.length).toBeGreaterThan(0);
    }
    const extended = forgeChain(session, { checkpoints: relinked([first, second, third]) });
    expect((await verified(extended)).ok).toBe(false);
    expect(kinds(await verified(extended, { journal: journalOf(session) }))).toContain('journal_mismatch');
  });

  test.each([{ session_id: 's2' }, { run_id: 'run_2' }])('in its ids (%j) is found by its checkpoints', async (ids) => {
    const session = await newSession();
    const report = await verified(forgeChain(session, ids));
    expect(report.linkage_errors).toHaveLength(2);
    expect(report.ok).toBe(false);
  });

  test('in its times or in fields that no digest covers is found by its journal', async () => {
    const session = await newSession();
    const [first, ...rest] = session.checkpoints;
    if (first === undefined) throw new Error('a checkpoint');
    const edits = [
      { created_at: '2020-01-01T00:00:00Z' },
      { checkpoints: [{ ...first, created_at: '2020-01-01T00:00:00Z' }, ...rest] },
      { checkpoints: [{ ...first, relationship: {} }, ...rest] },
    ];
    for (const edit of edits) {
      const path = forgeChain(session, edit);
      expect((await verified(path)).ok).toBe(true);
      expect(kinds(await verified(path, { journal: journalOf(session) }))).toEqual(['journal_mismatch']);
    }
  });

  test('by keys of its own is warned of', async () => {
    const session = await newSession();
    const report = await verified(forgeChain(session, { approved: true }), { journal: journalOf(session) });
    expect(report.warnings).toMatchObject([{ kind: 'unknown_key', found: 'approved' }]);
  });

  test.each<[string, number, object]>([
    ['gap', 1, { sequence_start: 5 }],
    ['gap', 0, { sequence_start: 2 }],
    ['overlap', 1, { sequence_start: 3 }],
    ['range', 1, { sequence_start: 6, sequence_end: 5 }],
    ['range', 1, { sequence_end: 3 }],
    ['range', 0, { sequence_start: 0 }],
    ['index', 1, { checkpoint_index: 3 }],
    ['session', 1, { session_id: 's2' }],
    ['run', 0, { run_id: 'run_2' }],
  ])('a %s is found although every digest was made anew', async (_what, at, change) => {
    const session = await newSession();
    const changed = session.checkpoints.map((checkpoint, i) => (i === at ? { ...checkpoint, ...change } : checkpoint));
    const report = await verified(forgeChain(session, { checkpoints: relinked(changed) }));
    expect(report.ok).toBe(false);
    expect(report.linkage_errors.length).toBeGreaterThan(0);
    expect(kinds(report)).toContain('linkage');
  });

  test('a previous digest on the first checkpoint, a wrong one on the second, a wrong digest: each is found', async () => {
    const session = await newSession();
    const [first, second] = session.checkpoints;
    if (first === undefined || second === undefined) throw new Error('two checkpoints');
    const zeros = '0'.repeat(64);
    const edits = [
      [digested({ ...first, prev_checkpoint_digest: zeros })],
      [digested({ ...first, prev_checkpoint_digest: zeros }), second],
      [first, digested({ ...second, prev_checkpoint_digest: zeros })],
      [first, { ...second, checkpoint_digest: zeros }],
    ];
    for (const checkpoints of edits) {
      expect((await verified(forgeChain(session, { checkpoints }))).linkage_errors.length).toBeGreaterThan(0);
    }
  });
});

describe('W22: a chain around a validly signed runpack of something else', () => {
  test('of another session is refused, with the right key', async () => {
    const session = await newSession({ key });
    const events = [sessionEvent(1, { session_id: 's2' }), sessionEvent(2, { session_id: 's2' })];
    const out = join(session.folder, 'other.zip');
    const other = await writeRunpack(world, packOptions(session.folder, { out, events, key }));
    const [first] = session.checkpoints;
    if (first === undefined) throw new Error('a checkpoint');
    for (const end of [2, 500]) {
      const forged = { ...first, sequence_end: end, runpack_path: 'other.zip', manifest_digest: other.manifestDigest };
      const path = forgeChain(session, { checkpoints: relinked([forged]) });
      const report = await verified(path, { ...withKey, requireSignature: true });
      expect(report.verdict).toBe('invalid');
      expect(report.linkage_errors).toEqual([]);
      expect(report.checkpoint_errors).toHaveLength(1);
      expect(kinds(report)).toEqual(['binding_mismatch']);
    }
  });

  test('of another range of the same session is refused', async () => {
    const session = await newSession({ key });
    const [first] = session.checkpoints;
    if (first === undefined) throw new Error('a checkpoint');
    for (const range of [{ sequence_end: 500 }, { sequence_end: 2 }]) {
      const path = forgeChain(session, { checkpoints: relinked([{ ...first, ...range }]) });
      expect(kinds(await verified(path, withKey))).toEqual(['binding_mismatch']);
    }
    const reversed = forgeChain(session, {
      checkpoints: relinked([{ ...first, sequence_start: 10, sequence_end: 5 }]),
    });
    expect((await verified(reversed, withKey)).ok).toBe(false);
  });
});

describe('signatures', () => {
  test('W23: of another key fail, required or not', async () => {
    const sessions = [await newSession({ key }), await newSession({ key, isSigningCheckpoints: true })];
    const cases = sessions.flatMap(({ path }) => [true, false].map((requireSignature) => ({ path, requireSignature })));
    for (const { path, requireSignature } of cases) {
      const report = await verified(path, { publicKeys: [otherKey.publicKey], requireSignature });
      expect(report).toMatchObject({ ok: false, signature_status: 'failed', signed_to_sequence: 0 });
      expect(report.checkpoint_errors).toEqual([1, 2].map((n) => `checkpoint ${n} signature verification failed`));
    }
  });

  test('that are missing fail where they are required, or a key was given', async () => {
    const { path } = await newSession();
    expect((await verified(path, { requireSignature: true })).ok).toBe(false);
    expect((await verified(path, withKey)).ok).toBe(false);
    expect((await verified(path, { ...withKey, requireSignature: false })).verdict).toBe('unsigned');
  });

  test('W25: a runpack changed and digested anew is not the sealed one, and its checkpoint not the signed one', async () => {
    const session = await newSession({ key, isSigningCheckpoints: true });
    const file = join(session.folder, 'cp1.zip');
    const forged = redigested(entriesOf(file), (name, text) =>
      name === 'intents.jsonl' ? text.replace('tool.1', 'tool.X') : text,
    );
    writeFileSync(file, buildZip(forged));
    expect((await verified(session.path)).checkpoint_errors).toContain('checkpoint 1 manifest digest mismatch');
    const manifest = JSON.parse(String(forged.find(({ name }) => name === 'manifest.json')?.content)) as {
      manifest_digest: string;
    };
    const checkpoints = session.checkpoints.map((checkpoint, i) =>
      i === 0 ? { ...checkpoint, manifest_digest: manifest.manifest_digest } : checkpoint,
    );
    const report = await verified(forgeChain(session, { checkpoints: relinked(checkpoints) }), withKey);
    expect(report).toMatchObject({ ok: false, linkage_errors: [], signature_status: 'failed' });
  });

  test('of the checkpoint itself vouch for a pack that has none, and bind its session', async () => {
    const session = await newSession({ key, isSigningCheckpoints: true });
    expect(await verified(session.path, withKey)).toMatchObject({ verdict: 'valid', signed_to_sequence: 5 });
    const checkpoints = session.checkpoints.map((checkpoint) => ({ ...checkpoint, run_id: 'run_1', tree_size: 9 }));
    const forged = await verified(forgeChain(session, { checkpoints }), withKey);
    expect(forged).toMatchObject({ ok: false, signature_status: 'failed' });
  });
});

describe('runpacks', () => {
  test('that were changed are an integrity failure, told with file, entry and kind', async () => {
    const { folder, path } = await newSession();
    const file = join(folder, 'cp2.zip');
    const entries = entriesOf(file).map((entry) =>
      entry.name === 'intents.jsonl' ? { ...entry, content: String(entry.content).replace('tool.4', 'tool.X') } : entry,
    );
    writeFileSync(file, buildZip(entries));
    const report = await verified(path);
    expect(report.checkpoint_errors).toEqual(['checkpoint 2 runpack integrity failure']);
    expect(report.problems).toMatchObject([
      { kind: 'hash_mismatch', checkpoint_index: 2, runpack: file, entry: 'intents.jsonl' },
    ]);
  });

  test('that are gone, or are none, are told one by one', async () => {
    const { folder, path } = await newSession();
    rmSync(join(folder, 'cp1.zip'));
    writeFileSync(join(folder, 'cp2.zip'), 'not a zip');
    const report = await verified(path);
    expect(report.problems.map(({ kind, checkpoint_index }) => [kind, checkpoint_index])).toEqual([
      ['runpack_unreadable', 1],
      ['runpack_unreadable', 2],
    ]);
    expect(report.checkpoint_errors).toHaveLength(2);
    expect(report.runpacks_checked).toBe(0);
  });

  test('are not needed for a checkpoint that was sealed without one', async () => {
    const session = await newSession();
    const root = 'a'.repeat(64);
    const bare = { runpack_path: '', manifest_digest: root, root_hash: root };
    const checkpoints = relinked(session.checkpoints.map((checkpoint) => ({ ...checkpoint, ...bare })));
    const report = await verified(forgeChain(session, { checkpoints }));
    expect(report).toMatchObject({ ok: true, runpacks_checked: 0 });
    const other = checkpoints.map((checkpoint) => ({ ...checkpoint, root_hash: 'b'.repeat(64) }));
    expect((await verified(forgeChain(session, { checkpoints: other }))).linkage_errors).toHaveLength(2);
  });
});

describe('W30: where runpacks are looked for', () => {
  async function withPath(runpackPath: string, packs?: string): Promise<SealedSession> {
    const session = await newSession(packs === undefined ? {} : { packs });
    const checkpoints = session.checkpoints.map((checkpoint) => ({
      ...checkpoint,
      runpack_path: join(runpackPath, checkpoint.runpack_path),
    }));
    return { ...session, path: forgeChain({ ...session, checkpoints }, {}) };
  }

  test('a chain moves with its runpacks, and is verified from anywhere', async () => {
    const { folder, path } = await newSession();
    process.chdir(newFolder());
    expect((await verified(path)).ok).toBe(true);
    const moved = join(newFolder(), 'moved');
    renameSync(folder, moved);
    expect((await verified(join(moved, basename(path)))).ok).toBe(true);
    process.chdir(moved);
    expect((await verified(basename(path))).ok).toBe(true);
    process.chdir(join(moved, '..'));
    expect((await verified(relative(process.cwd(), join(moved, basename(path))))).ok).toBe(true);
  });

  test('below the working directory, as the Go tool writes them', async () => {
    const cwd = newFolder();
    const session = await withPath('out', join(cwd, 'out'));
    expect((await verified(session.path)).ok).toBe(false);
    process.chdir(cwd);
    expect((await verified(session.path)).ok).toBe(true);
  });

  test('below the folder of the chain, and beside it by name alone', async () => {
    const session = await withPath('out');
    expect((await verified(session.path)).ok).toBe(true);
    mkdirSync(join(session.folder, 'out'));
    for (const name of ['cp1.zip', 'cp2.zip']) {
      renameSync(join(session.folder, name), join(session.folder, 'out', name));
    }
    expect((await verified(session.path)).ok).toBe(true);
  });

  test('a path of the writer that is gone here is looked for by name', async () => {
    expect((await verified((await withPath('/var/lib/agent/packs')).path)).ok).toBe(true);
    expect((await verified((await withPath('../../..')).path)).ok).toBe(true);
  });

  test('nowhere else: not by an absolute path, not by .., not through a link', async () => {
    const elsewhere = newFolder();
    const absolute = await withPath(elsewhere, elsewhere);
    expect((await verified(absolute.path)).checkpoint_errors).toHaveLength(2);
    const escaping = await withPath(relative(absolute.folder, elsewhere), join(elsewhere, 'second'));
    expect((await verified(escaping.path)).checkpoint_errors).toHaveLength(2);
    for (const name of ['cp1.zip', 'cp2.zip']) symlinkSync(join(elsewhere, name), join(absolute.folder, name));
    expect((await verified(absolute.path)).checkpoint_errors).toHaveLength(2);
    expect((await verified(absolute.path, { runpackFolders: [elsewhere] })).ok).toBe(true);
  });

  test('the sealed pack is found behind another of the same name', async () => {
    const session = await newSession();
    const cwd = newFolder();
    copyFileSync(join(session.folder, 'cp2.zip'), join(cwd, 'cp1.zip'));
    process.chdir(cwd);
    expect((await verified(session.path)).ok).toBe(true);
    writeFileSync(join(session.folder, 'cp1.zip'), readFileSync(join(session.folder, 'cp2.zip')));
    expect((await verified(session.path)).checkpoint_errors).toEqual(['checkpoint 1 manifest digest mismatch']);
  });

  test.each(['.', '..', '/', 'a\0b'])('%j is no runpack', async (name) => {
    const session = await newSession();
    const checkpoints = session.checkpoints.map((checkpoint) => ({ ...checkpoint, runpack_path: name }));
    expect(kinds(await verified(forgeChain(session, { checkpoints })))).toEqual(['runpack_unreadable']);
  });
});

test('progress counts checkpoints, and an abort ends the check', async () => {
  const { path } = await newSession();
  const seen: number[] = [];
  await verified(path, { onProgress: ({ checkpoints }) => seen.push(checkpoints) });
  expect(seen).toEqual([1, 2]);
  await expect(verified(path, { signal: AbortSignal.abort(new Error('enough')) })).rejects.toThrow('enough');
});
