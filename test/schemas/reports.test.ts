/** What is reported on evidence of every kind keeps to the schema of its kind: good, damaged, signed or not, by whomever. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { isGaitError, startSession, verify, type ArtifactReport } from '../../src/index.js';
import { formatPublicKey } from '../../src/sign/index.js';
import { runCli } from '../support/cli.js';
import { tempDir } from '../support/temp-dir.js';
import { goFiles, signer, stranger, writeEvidence, type Evidence } from './evidence.js';
import { complaints, undeclaredKeys } from './schema-files.js';

const SCHEMAS: Readonly<Record<ArtifactReport['kind'], string>> = {
  journal: 'verify-report',
  root: 'root-report',
  runpack: 'runpack-report',
  chain: 'chain-report',
  note: 'proof-report',
  inclusion_proof: 'proof-report',
  consistency_proof: 'proof-report',
  trace: 'trace-report',
};

let evidence: Evidence;

beforeAll(async () => {
  evidence = await writeEvidence();
});

function expectDeclared(schema: string, value: unknown): void {
  expect(complaints(schema, value)).toEqual([]);
  expect(undeclaredKeys(schema, value)).toEqual([]);
}

/** Without a key, with the right one, and with another one. */
async function reportsOn(path: string): Promise<ArtifactReport[]> {
  const keys = [[], [signer.publicKey], [stranger.publicKey]];
  return await Promise.all(keys.map(async (publicKeys) => verify(path, { publicKeys })));
}

test.each([
  ['runpack', 'runpack'],
  ['chain', 'chain'],
  ['note', 'note'],
  ['inclusionProof', 'inclusion_proof'],
  ['consistencyProof', 'consistency_proof'],
] as const)('reports on our %s keep to the schema, whatever key is given', async (file, kind) => {
  const reports = await reportsOn(evidence[file]);
  expect(reports.map(({ verdict }) => verdict)).toEqual(['unchecked', 'valid', 'invalid']);
  for (const report of reports) {
    expect(report.kind).toBe(kind);
    expectDeclared(SCHEMAS[kind], report);
  }
});

test('a report on a proof that does not hold keeps to the schema', async () => {
  const path = join(tempDir(), 'wrong.proof');
  writeFileSync(path, readFileSync(evidence.inclusionProof, 'utf8').replace('\nindex 2\n', '\nindex 1\n'));
  const report = await verify(path);
  expect(report).toMatchObject({ ok: false, kind: 'inclusion_proof' });
  expectDeclared('proof-report', report);
});

test('a report on a journal with a payload that no event names keeps to the schema', async () => {
  const path = join(tempDir(), 's1.jsonl');
  await startSession(path, { session_id: 's1', run_id: 'run_1' });
  const payloads = join(`${path}.gait`, 'payloads', 'aa');
  mkdirSync(payloads, { recursive: true });
  writeFileSync(join(payloads, 'a'.repeat(64)), 'x');
  const report = await verify(path);
  expect(report.warnings.map(({ kind }) => kind)).toContain('payload_orphaned');
  expectDeclared('verify-report', report);
});

test.each([
  ['runpack', /\.zip$/, 10],
  ['chain', /_chain\.json$/, 5],
  ['trace', /traces\/.*\.json$/, 7],
] as const)('reports on each %s of the Go tool keep to the schema, good and damaged', async (kind, name, atLeast) => {
  const reports: ArtifactReport[] = [];
  for (const path of goFiles(name)) {
    try {
      reports.push(...(await reportsOn(path)));
    } catch (error) {
      // Some are no runpack at all.
      expect([isGaitError(error) && error.code, kind]).toEqual(['INVALID_RUNPACK', 'runpack']);
    }
  }
  expect(new Set(reports.map(({ ok }) => ok))).toEqual(new Set([true, false]));
  expect(new Set(reports.map(({ path }) => path)).size).toBeGreaterThanOrEqual(atLeast);
  for (const report of reports) {
    expect(report.kind).toBe(kind);
    expectDeclared(SCHEMAS[kind], report);
  }
});

describe('the command line', () => {
  test('prints reports by the schemas, one object a line', async () => {
    const keyFile = join(tempDir(), 'public.key');
    writeFileSync(keyFile, formatPublicKey(signer.publicKey));
    const { runpack, chain, note, inclusionProof, consistencyProof } = evidence;
    const [trace = ''] = goFiles(/trace1\.json$/);
    const paths = [runpack, chain, note, inclusionProof, consistencyProof, trace];
    const { code, stdout } = await runCli(['verify', ...paths, '--public-key', keyFile, '--json']);
    // The trace is signed by another key.
    expect(code).toBe(2);
    const printed = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(printed.map(({ path }) => basename(String(path)))).toEqual(paths.map((path) => basename(path)));
    for (const { operation, correlation_id: _, next_commands: next, ...report } of printed) {
      expect([operation, Array.isArray(next)]).toEqual(['verify', report['kind'] === 'runpack']);
      expectDeclared(SCHEMAS[report['kind'] as ArtifactReport['kind']], report);
    }
  });

  test('prints checkpoints by the schema: with every file, a chain alone, the end of a session, and after it', async () => {
    const folder = tempDir();
    const run = async (command: string, ...flags: readonly string[]): Promise<Record<string, unknown>> => {
      const target = ['--journal', 's1.jsonl', '--json'];
      const { code, stdout } = await runCli(['run', 'session', command, ...target, ...flags], { cwd: folder });
      expect([command, code]).toEqual([command, 0]);
      return JSON.parse(stdout) as Record<string, unknown>;
    };
    await run('start', '--session-id', 's1', '--run-id', 'run_1');
    await run('append', '--tool', 'sh.run', '--verdict', 'allow');
    const outputs = [
      await run('checkpoint', '--out', 'cp1.zip', '--note-out', 's1.note', '--key-mode', 'dev', '--with-payloads'),
      await run('checkpoint', '--rebuild-chain'),
      await run('close'),
      await run('close'),
    ];
    for (const output of outputs) expectDeclared('checkpoint-result#/$defs/output', output);
    expect(outputs.map(({ checkpoint }) => checkpoint !== undefined)).toEqual([true, false, true, true]);
    expect(outputs.map((output) => output['already_closed'])).toEqual([undefined, undefined, false, true]);
    for (const output of [outputs[0], outputs[2]]) expect(complaints('checkpoint-result', output)).toEqual([]);
  });
});

test('a checkpoint returns every field that its schema has', () => {
  expect(Object.keys(evidence.checkpoint).toSorted()).toEqual([
    'chain_path',
    'checkpoint',
    'leaf_hash',
    'leaf_index',
    'note',
  ]);
  expectDeclared('checkpoint-result', evidence.checkpoint);
});
