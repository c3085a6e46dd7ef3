/** What the Go tool answered on its own artifacts, and where this verifier answers otherwise. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { verifyChain, verifyRunpack, writeRunpack } from '../../../src/journal/runpack/index.js';
import { nodeFileSystem, resolveJournalPaths } from '../../../src/journal/store/index.js';
import type { SessionEvent } from '../../../src/journal/index.js';
import { parsePublicKey } from '../../../src/sign/index.js';
import { codeOf, goVectors, kinds, newFolder, world } from './packs.js';

interface Answer {
  readonly cwd: string;
  readonly args: readonly string[];
  readonly exit: number;
  readonly output: Readonly<Record<string, unknown>>;
}

const answers = (JSON.parse(readFileSync(join(goVectors, 'expected.json'), 'utf8')) as { results: Answer[] }).results;
const publicKey = parsePublicKey(readFileSync(join(goVectors, 'keys', 'run_sig_public.key'), 'utf8'));

const packAnswers = answers.filter(({ args }) => args[0] === 'verify' && (args[1] ?? '').endsWith('.zip'));
const chainAnswers = answers.filter(({ args }) => args[1] === 'session-chain');

/** Stricter than the Go tool: file, kind of problem, why. */
const DEVIATIONS: Readonly<Record<string, readonly [kind: string, reason: string]>> = {
  'runpacks/z_dup_after.zip': [
    'duplicate_entry',
    'the Go tool takes the first entry of a name, most other tools the last (W15)',
  ],
  'runpacks/z_unsafe.zip': ['undeclared_entry', 'an entry outside the manifest, named ../../evil.txt (W15)'],
};

function optionsOf(args: readonly string[]): { publicKeys?: readonly Buffer[]; requireSignature?: boolean } {
  const isStrict = args.includes('strict');
  return { ...(args.includes('--public-key') ? { publicKeys: [publicKey] } : {}), requireSignature: isStrict };
}

describe('runpacks of the Go tool', () => {
  test('are all here', () => {
    expect(packAnswers.length).toBe(32);
    expect(chainAnswers.length).toBe(6);
  });

  test.each(packAnswers.map((answer) => [`${answer.cwd} ${answer.args.join(' ')}`, answer] as const))(
    '%s: the verdict of the Go tool, or a listed stricter one',
    async (_name, { cwd, args, exit, output }) => {
      const file = args[1] ?? '';
      const verified = verifyRunpack(nodeFileSystem, join(goVectors, cwd, file), optionsOf(args));
      if (exit === 6) {
        expect(await codeOf(verified)).toBe('INVALID_RUNPACK');
        return;
      }
      const report = await verified;
      const deviation = DEVIATIONS[file];
      expect(report.ok).toBe(exit === 0 && deviation === undefined);
      if (deviation !== undefined) expect(kinds(report)).toContain(deviation[0]);
      expect({
        run_id: report.run_id,
        manifest_digest: report.manifest_digest,
        files_checked: report.files_checked,
        missing_files: report.missing_files,
        hash_mismatches: report.hash_mismatches,
        signature_status: report.signature_status,
        signature_note: report.signature_note,
        signature_errors: report.signature_errors,
        signatures_total: report.signatures_total,
        signatures_valid: report.signatures_valid,
      }).toEqual({
        missing_files: [],
        hash_mismatches: [],
        signature_errors: [],
        signatures_total: 0,
        signatures_valid: 0,
        ...Object.fromEntries(Object.entries(output).filter(([field]) => field !== 'ok' && field !== 'path')),
      });
    },
  );
});

describe('chains of the Go tool', () => {
  test.each(chainAnswers.map((answer) => [answer.cwd, answer] as const))(
    '%s: the answer of the Go tool',
    async (_name, { cwd, args, exit, output }) => {
      const report = await verifyChain(nodeFileSystem, join(goVectors, cwd, args[2] ?? ''));
      expect(report.ok).toBe(exit === 0);
      expect(report.session_id).toBe(output['session_id']);
      expect(report.run_id).toBe(output['run_id']);
      expect(report.checkpoints_checked).toBe(output['checkpoints_checked']);
      expect(report.linkage_errors).toEqual(output['linkage_errors'] ?? []);
      expect(report.checkpoint_errors).toEqual(output['checkpoint_errors'] ?? []);
      expect(report.signature_status).toBe('missing');
      if (exit === 0) expect(report.verdict).toBe('unsigned');
    },
  );
});

describe('the writer', () => {
  test.each([
    [1, 1, 3, '2026-11-21T01:56:20.31881364Z'],
    [2, 4, 5, '2026-11-21T01:56:20.336367773Z'],
  ])('gives checkpoint %i of a Go journal the very digests of the Go tool', async (index, first, last, createdAt) => {
    const lines = readFileSync(join(goVectors, 'sealed', 'journal.jsonl'), 'utf8')
      .trimEnd()
      .split('\n');
    const events = lines
      .map((line) => (JSON.parse(line) as { event?: SessionEvent }).event)
      .filter((event) => event !== undefined)
      .filter(({ sequence }) => sequence >= first && sequence <= last);
    const folder = newFolder();
    const written = await writeRunpack(world, {
      out: join(folder, 'cp.zip'),
      journal: resolveJournalPaths(world.fs, join(folder, 'journal.jsonl')),
      events,
      runId: 'run_sealed',
      checkpointIndex: index,
      createdAt,
      producerVersion: '0.0.0-dev',
      env: { os: 'linux', arch: 'amd64', runtime: 'go' },
    });
    const theirs = await verifyRunpack(nodeFileSystem, join(goVectors, 'sealed', `cp${index}.zip`));
    expect(written.manifestDigest).toBe(theirs.manifest_digest);
    expect(written.runId).toBe(theirs.run_id);
  });
});
