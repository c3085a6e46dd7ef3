/** Judges that know nothing of our code: the oracle from the specification, and whatever unzip this machine has. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { repositoryRoot } from '../support/paths.js';
import { goVectors, key, newFolder, newPack, otherKey, sessionEvent } from '../journal/runpack/packs.js';
import { oracleDigest, oracleVerify } from './runpack-oracle.js';

const runSigKey = Buffer.from(readFileSync(join(goVectors, 'keys', 'run_sig_public.key'), 'utf8').trim(), 'base64');

test('the oracle agrees with the Go tool on a signed manifest, and with nobody else', () => {
  const zip = readFileSync(join(goVectors, 'runpacks', 'signed.zip'));
  // The digests of its payloads are made up: the tool does not look at them.
  expect(oracleVerify(zip, runSigKey).errors).toEqual(['result digest']);
  expect(oracleVerify(zip, otherKey.publicKey).errors).toEqual(['key id', 'signature', 'result digest']);
  const tampered = readFileSync(join(goVectors, 'runpacks', 'z_tamper.zip'));
  expect(oracleVerify(tampered, runSigKey).errors).toContain('digest of intents.jsonl');
});

test('the oracle has the digests that were captured from the Go tool', () => {
  const result = { verdict: 'block', reason_codes: null, violations: null, trace_id: '', trace_path: '' };
  expect(oracleDigest(result)).toBe('00ccbf05a2a09ef74255b187154b74f4c201d2aac23d4cdc21b055fca208d417');
  const text = '92253153caa2757eaf3dbd0cb7aa50151ecbd8617d90a02fac263918e7db94ac::1:1:2';
  expect(createHash('sha256').update(text).digest('hex')).toBe(
    '17cb853cf3d7a4d153013f0b1b3f547949b64852a1ffaf301e6709581cf62e3c',
  );
});

test('whatever is in the events, the oracle accepts the pack, its signature and every record', async () => {
  const text = fc.string({
    unit: fc.constantFrom('a', '"', '\\', '\n', '<', '&', '\u2028', 'é', '\u{1f600}', '\u007f'),
  });
  const list = fc.array(text, { maxLength: 3 });
  const fields = fc.record(
    {
      tool_name: text,
      verdict: fc.constantFrom('allow', 'block', 'dry_run', 'require_approval'),
      intent_id: text,
      trace_id: text,
      trace_path: text,
      reason_codes: list,
      violations: list,
      session_id: text,
    },
    { requiredKeys: ['tool_name', 'verdict', 'session_id'] },
  );
  await fc.assert(
    fc.asyncProperty(fc.array(fields, { maxLength: 5 }), fc.boolean(), async (list_, isSigned) => {
      const events = list_.map((more, i) => sessionEvent(i + 1, more));
      const { path, manifestDigest, runId } = await newPack({ events, key: isSigned ? key : undefined });
      const verdict = oracleVerify(readFileSync(path), isSigned ? key.publicKey : undefined);
      expect(verdict).toMatchObject({ errors: [], isSigned, manifestDigest, runId });
      const intents = verdict.records['intents.jsonl'] ?? [];
      expect(intents.map(({ tool_name }) => tool_name)).toEqual(events.map(({ tool_name }) => tool_name));
      expect(intents.map(({ args }) => (args as { sequence: number }).sequence)).toEqual(events.map((_, i) => i + 1));
    }),
  );
});

test('the unzip of this machine finds no fault in our packs', async () => {
  const { path } = await newPack({ key });
  const listed = spawnSync('unzip', ['-tqq', path], { encoding: 'utf8' });
  if (listed.error !== undefined) console.warn('no unzip here: this judge was not heard');
  expect(listed.error === undefined ? [listed.status, listed.stdout] : [0, '']).toEqual([0, '']);
});

test('a program that appends loads no zip library', () => {
  const script = `
    import { createRequire } from 'node:module';
    const { openJournal, startSession } = await import(${JSON.stringify(join(repositoryRoot, 'dist/src/index.js'))});
    const { mkdtempSync } = await import('node:fs');
    const path = mkdtempSync(process.argv[1] + '/x') + '/s.jsonl';
    await startSession(path, { session_id: 's', run_id: 'r' });
    const journal = await openJournal(path);
    await journal.append({ tool_name: 't', verdict: 'allow' });
    await journal.close();
    const loaded = Object.keys(createRequire(import.meta.url).cache).filter((file) => /ya(u?)zl/.test(file));
    console.log(JSON.stringify(loaded));`;
  const args = ['--input-type=module', '-e', script, newFolder()];
  const { stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8', cwd: repositoryRoot });
  expect([stdout.trim(), stderr]).toEqual(['[]', '']);
});
