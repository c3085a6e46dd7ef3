import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { COMMAND_TREE } from '../../cli/command-tree.js';
import { parseFlags, COMMON_FLAGS } from '../../cli/flags.js';
import { isLeaf, resolveCommand } from '../../cli/resolve-command.js';
import { initKeys, loadPublicKey, proveInclusion, rotateKeys, verify } from '../../src/index.js';
import { runCli } from '../support/cli.js';
import { repositoryRoot } from '../support/paths.js';
import { tempDir } from '../support/temp-dir.js';
import { eventLine, gait, snapshot, startedJournal } from './gait.js';

const vectors = join(repositoryRoot, 'test', 'vectors', 'gait-go');

let folder: string;
let journal: string;
/** Of the first checkpoint, and of the second. */
let oldKey: string;
let newKey: string;
let evidence: Readonly<Record<'journal' | 'runpack' | 'chain' | 'note' | 'inclusion_proof', string>>;

beforeAll(async () => {
  folder = tempDir();
  journal = await startedJournal(folder);
  const [first, second] = [initKeys({ outDir: join(folder, 'keys') }), rotateKeys({ outDir: join(folder, 'keys') })];
  [oldKey, newKey] = [first.publicKeyPath, second.publicKeyPath];
  const session = ['run', 'session'];
  const append = [...session, 'append', '--journal', journal, '--stdin'];
  const seal = [...session, 'checkpoint', '--journal', journal, '--note-out', join(folder, 'note')];
  await gait(append, { stdin: [eventLine().repeat(4)] });
  await gait([...seal, '--private-key', first.privateKeyPath, '--out', join(folder, 'cp1.zip')]);
  await gait(append, { stdin: [eventLine().repeat(2)] });
  await gait([...seal, '--private-key', second.privateKeyPath, '--out', join(folder, 'cp2.zip')]);
  writeFileSync(join(folder, 'proof'), (await proveInclusion(journal, 2)).text);
  evidence = {
    journal,
    runpack: join(folder, 'cp2.zip'),
    chain: join(folder, 's1_chain.json'),
    note: join(folder, 'note'),
    inclusion_proof: join(folder, 'proof'),
  };
});

const keys = (): string[] => ['--public-key', oldKey, '--public-key', newKey];

describe('verify, whatever the evidence is', () => {
  test.each(['journal', 'runpack', 'chain', 'note', 'inclusion_proof'] as const)(
    '%s: the report of the library, the verdict first, the signer by key id, and nothing written',
    async (kind) => {
      const before = snapshot(folder);
      const path = evidence[kind];
      const publicKeys = [oldKey, newKey].map((file) => loadPublicKey({ path: file }));
      const report = await verify(path, { publicKeys, profile: 'strict' });
      const { code, json } = await gait(['verify', path, '--profile', 'strict', ...keys(), '--json']);
      expect([code, json]).toMatchObject([0, { ...report, operation: 'verify', kind, signature_status: 'verified' }]);
      const { stdout, stderr } = await gait(['verify', path, '--profile', 'strict', ...keys()]);
      expect(stdout.split('\n')[0]).toBe(`verify ok: ${path}`);
      const { signed_by: signers } = json as unknown as { signed_by: string[] };
      expect(signers.length).toBeGreaterThan(0);
      for (const signer of signers) expect(stdout).toContain(`signed by: ${signer}\n`);
      expect(stderr).toBe('');
      expect(snapshot(folder)).toEqual(before);
    },
  );

  test.each(['journal', 'runpack', 'chain', 'note', 'inclusion_proof'] as const)(
    '%s: without a key it is ok, but says aloud that nobody is known to have signed it',
    async (kind) => {
      const { code, json } = await gait(['verify', evidence[kind], '--json']);
      expect([code, json['signature_status']]).toEqual([0, 'skipped']);
      const { stdout, stderr } = await gait(['verify', evidence[kind]]);
      expect(stdout).not.toContain('signed by');
      expect(stderr).toMatch(/^warning: .*no public key|^warning: .*--public-key/m);
      const required = await gait(['verify', evidence[kind], '--require-signature', '--json']);
      expect([required.code, required.json['ok']]).toEqual([2, false]);
    },
  );

  test.each(['journal', 'chain', 'runpack', 'note', 'inclusion_proof'] as const)(
    '%s: one of two keys is not enough',
    async (kind) => {
      const { code, json } = await gait(['verify', evidence[kind], '--public-key', oldKey, '--json']);
      expect([code, json['ok'], json['verdict']]).toEqual([2, false, 'invalid']);
    },
  );

  test('of a journal that was changed under its signature, nobody is said to have signed any part', async () => {
    const copy = join(tempDir(), 's1.jsonl');
    writeFileSync(copy, readFileSync(journal, 'utf8').replace('"sequence":2', '"sequence":2,"x":1'));
    const { code, stdout } = await gait(['verify', copy, ...keys()]);
    expect(code).toBe(2);
    expect(stdout).not.toMatch(/^signed (?:by|to)|^covers/m);
    expect(stdout).toMatch(/^problem: line 3, byte \d+, sequence 2: prev_mismatch$/m);
  });

  test('a private key stands in for the public one', async () => {
    const privateKey = newKey.replace('_public', '_private');
    const { code, json } = await gait(['verify', evidence.runpack, '--private-key', privateKey, '--json']);
    expect([code, json['signature_status']]).toEqual([0, 'verified']);
  });

  test('a trace is evidence too', async () => {
    const [trace, key] = [join(vectors, 'traces', 'trace1.json'), join(vectors, 'keys', 'run_sig_public.key')];
    const good = await gait(['verify', trace, '--public-key', key, '--json']);
    const bad = await gait(['verify', join(vectors, 'traces', 't_tamper.json'), '--public-key', key, '--json']);
    expect([good.code, good.json['kind'], bad.code, bad.json['ok']]).toEqual([0, 'trace', 2, false]);
    expect((await gait(['verify', trace, '--public-key', key])).stdout).toMatch(
      /^verify ok: \S+\ntrace: .*\nsigned by: /,
    );
  });

  test('what it is not, it says', async () => {
    const file = join(tempDir(), 'x.txt');
    writeFileSync(file, 'hello');
    expect((await gait(['verify', file, '--json'])).json).toMatchObject({
      ok: false,
      error_code: 'INVALID_ARGUMENT',
      path: file,
    });
  });
});

describe('--since', () => {
  test('finds a truncation behind a receipt or a note that is held', async () => {
    const at = tempDir();
    const path = await startedJournal(at);
    const append = ['run', 'session', 'append', '--journal', path, '--tool', 'a', '--verdict', 'allow', '--json'];
    await gait(append);
    const cut = readFileSync(path);
    const receipt = join(at, 'receipt.json');
    writeFileSync(receipt, (await gait(append)).stdout);
    const note = join(at, 'note');
    await gait(['run', 'session', 'checkpoint', '--journal', path, '--key-mode', 'dev', '--note-out', note]);
    for (const held of [receipt, note]) expect((await gait(['verify', path, '--since', held])).code).toBe(0);
    const older = join(tempDir(), 's1.jsonl');
    writeFileSync(older, cut);
    expect((await gait(['verify', older])).code).toBe(0);
    for (const held of [receipt, note]) {
      const { code, json } = await gait(['verify', older, '--since', held, '--json']);
      expect([code, json]).toMatchObject([2, { problems: [{ kind: 'truncated' }] }]);
    }
  });
});

describe('several paths', () => {
  test('have an object each, in their order, under one correlation id', async () => {
    const paths = [journal, evidence.runpack, evidence.chain];
    const { code, objects } = await gait(['verify', ...paths, ...keys(), '--json']);
    expect([code, objects.map(({ path }) => path)]).toEqual([0, paths]);
    expect(objects.map(({ kind }) => kind)).toEqual(['journal', 'runpack', 'chain']);
    expect(new Set(objects.map(({ correlation_id: id }) => id)).size).toBe(1);
    for (const object of objects) expect(object).toMatchObject({ operation: 'verify', ok: true });
  });

  test('are all checked, and the worst decides: bad evidence before evidence that is not there', async () => {
    const tampered = join(vectors, 'runpacks', 'z_tamper.zip');
    const none = join(folder, 'none');
    const missing = await gait(['verify', none, journal, '--json']);
    expect([missing.code, missing.objects.map(({ ok }) => ok)]).toEqual([6, [false, true]]);
    expect(missing.objects[0]).toMatchObject({ path: none, error_code: 'FILE_NOT_FOUND' });
    const bad = await gait(['verify', none, tampered, journal, '--json']);
    expect([bad.code, bad.objects.map(({ ok }) => ok)]).toEqual([2, [false, false, true]]);
    const told = await gait(['verify', none, tampered, journal]);
    expect(told.code).toBe(2);
    expect(told.stdout).toMatch(
      /^verify error: \S*none: [^]*^verify failed: \S*z_tamper\.zip [^]*^verify ok: \S*s1\.jsonl \(signatures not checked\)$/m,
    );
    for (const line of told.stderr.split('\n').filter((text) => text.startsWith('warning'))) {
      expect(line).toMatch(/^warning: \S*(?:z_tamper\.zip|s1\.jsonl): /);
    }
  });

  test('stop at Ctrl-C without a verdict on the rest', async () => {
    const args = ['verify', journal, journal, '--json'];
    const { code, objects } = await gait(args, { onListening: (interrupt) => interrupt('SIGINT') });
    expect([code, objects]).toEqual([130, []]);
  });
});

describe('a report on a bad runpack', () => {
  test('names the entry, what was expected and found, and what the Go tool says', async () => {
    const path = join(vectors, 'runpacks', 'z_tamper.zip');
    const { json } = await gait(['verify', path, '--json']);
    const { code, stdout } = await gait(['verify', path]);
    expect([code, stdout.split('\n')[0]]).toEqual([2, expect.stringContaining(`verify failed: ${path}`)]);
    expect(stdout).toContain('hash mismatches: 1\n');
    expect(stdout).toContain('signature status: skipped');
    const [mismatch] = json['hash_mismatches'] as { path: string; expected: string; actual: string }[];
    for (const word of Object.values(mismatch ?? {})) expect(stdout).toContain(word);
    expect(stdout).toMatch(/^problem: entry intents\.jsonl: hash_mismatch$/m);
    expect((await gait(['verify', join(vectors, 'runpacks', 'z_missing.zip')])).stdout).toContain(
      'missing files: refs.json\n',
    );
  });

  test('is harmless for a terminal, whatever the names in it are', async () => {
    const at = join(tempDir(), '\u001b[2Jx');
    mkdirSync(at);
    const path = join(at, 'a.zip');
    writeFileSync(path, readFileSync(join(vectors, 'runpacks', 'z_tamper.zip')));
    const { stdout, stderr } = await gait(['verify', path, path]);
    expect(`${stdout}${stderr}`).toMatch(/^[\n\u0020-\u007e]*$/);
  });

  test.each(['z_tamper.zip', 'z_munsig.zip', 'signed.zip'])('%s: the commands it names next exist', async (name) => {
    const { json } = await gait(['verify', join(vectors, 'runpacks', name), '--json']);
    const commands = json['next_commands'] as string[];
    expect(commands.length).toBeGreaterThan(0);
    for (const command of commands) {
      const { node, rest } = resolveCommand(COMMAND_TREE, command.split(' ').slice(1));
      if (!isLeaf(node)) throw new Error(command);
      parseFlags(rest, [...(await node.load()).flags, ...COMMON_FLAGS]);
    }
  });
});

describe('verify session-chain', () => {
  test('says it in the words of the Go tool, by argument or by flag', async () => {
    const { chain } = evidence;
    for (const args of [[chain], ['--chain', chain]]) {
      const { code, stdout } = await gait(['verify', 'session-chain', ...args, ...keys()]);
      expect([code, stdout.split('\n').slice(0, 2)]).toEqual([
        0,
        [`verify session-chain: ok (${chain})`, 'session=s1 run=run_s1 checkpoints=2'],
      ]);
      expect(stdout).toContain('signed to: event 6\n');
    }
    const bad = join(vectors, 'bad-runpack-overwritten', 'journal_chain.json');
    const { code, stdout } = await gait(['verify', 'session-chain', bad]);
    expect(code).toBe(2);
    expect(stdout).toMatch(/^verify session-chain failed: \S+$/m);
    expect(stdout).toMatch(/^checkpoint errors: checkpoint 1 manifest digest mismatch/m);
  });

  test('a chain in another folder finds its packs beside it (W30), and a strict check needs a key', async () => {
    const { code, stdout } = await runCli(['verify', 'session-chain', evidence.chain], { cwd: tempDir() });
    expect([code, stdout.split('\n')[0]]).toEqual([0, `verify session-chain: ok (${evidence.chain})`]);
    const strict = await gait(['verify', 'session-chain', evidence.chain, '--profile', 'strict', '--json']);
    expect([strict.code, strict.json]).toMatchObject([
      6,
      { chain_path: evidence.chain, error_code: 'INVALID_ARGUMENT' },
    ]);
  });
});

describe('verify chain', () => {
  const key = join(vectors, 'keys', 'run_sig_public.key');
  const run = join(vectors, 'runpacks', 'signed.zip');
  const trace = (name: string): string => join(vectors, 'traces', name);

  test('answers for the run and the trace, each with its own object', async () => {
    const args = ['verify', 'chain', '--run', run, '--trace', trace('trace1.json'), '--public-key', key];
    const { code, json } = await gait([...args, '--json']);
    expect([code, json]).toMatchObject([
      0,
      {
        ok: true,
        run: { ok: true, path: run, run_id: 'run_sig', signature_status: 'verified' },
        trace: { ok: true, signature_status: 'verified', trace_id: 'f4b99470eb559ee30c29f0d2', verdict: 'block' },
      },
    ]);
    const { stdout } = await gait(args);
    expect(stdout).toMatch(
      /^verify chain: ok\nrunpack: \S*signed\.zip \(valid\)\n[^]*^trace: \S*trace1\.json \(verified\)$/m,
    );
  });

  test('a bad trace, or a bad run, is exit 2', async () => {
    const badTrace = ['--run', run, '--trace', trace('t_tamper.json')];
    const badRun = ['--run', join(vectors, 'runpacks', 'z_tamper.zip'), '--trace', trace('trace1.json')];
    for (const [flags, runOk, traceOk] of [
      [badTrace, true, false],
      [badRun, false, true],
    ] as const) {
      const { code, json } = await gait(['verify', 'chain', ...flags, '--public-key', key, '--json']);
      expect([code, json]).toMatchObject([2, { ok: false, run: { ok: runOk }, trace: { ok: traceOk } }]);
    }
  });

  test('an error has the run in it too, as far as it came', async () => {
    const flagError = await gait(['verify', 'chain', '--json']);
    expect([flagError.code, flagError.json]).toMatchObject([6, { ok: false, run: { ok: false } }]);
    const noTrace = ['verify', 'chain', '--run', run, '--trace', trace('none.json'), '--public-key', key, '--json'];
    expect((await gait(noTrace)).json).toMatchObject({ error_code: 'FILE_NOT_FOUND', run: { ok: true } });
  });

  test('a run is found by its id, here and in the home folder', async () => {
    const [here, home] = [tempDir(), tempDir()];
    mkdirSync(join(here, 'gait-out'));
    mkdirSync(join(home, '.gait', 'runpacks'), { recursive: true });
    writeFileSync(join(here, 'gait-out', 'runpack_run_a.zip'), readFileSync(run));
    writeFileSync(join(home, '.gait', 'runpacks', 'runpack_run_b.zip'), readFileSync(run));
    for (const id of ['run_a', 'run_b']) {
      for (const args of [
        ['verify', 'chain', '--run', id],
        ['verify', id],
      ]) {
        const { code, stdout } = await runCli([...args, '--json'], { cwd: here, env: { HOME: home } });
        expect([args, code]).toEqual([args, 0]);
        expect(stdout).toContain(`runpack_${id}.zip`);
      }
    }
  });
});
