import { mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { basename, dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { openJournal, startSession } from '../../src/index.js';
import { gaitBin, runCli } from '../support/cli.js';
import { repositoryRoot } from '../support/paths.js';
import { tempDir } from '../support/temp-dir.js';

interface Dump {
  readonly result: readonly { readonly url: string }[];
}

/** Runs the CLI and lists the scripts that it loaded from files, its worker threads' included. */
async function loadedBy(args: readonly string[]): Promise<readonly string[]> {
  const dumps = join(tempDir(), 'dumps');
  mkdirSync(dumps);
  const result = await runCli(args, { env: { NODE_V8_COVERAGE: dumps } });
  expect(result).toMatchObject({ code: 0, signal: null });
  const urls = readdirSync(dumps)
    .map((name) => JSON.parse(readFileSync(join(dumps, name), 'utf8')) as Dump)
    .flatMap((dump) => dump.result.map((script) => script.url))
    .filter((url) => url.startsWith('file:'));
  return [...new Set(urls.map((url) => fileURLToPath(url)))];
}

async function newSession(): Promise<string> {
  const path = join(tempDir(), 's.jsonl');
  await startSession(path, { session_id: 's', run_id: 'r' });
  return path;
}

describe('the bundled CLI', () => {
  test('appends with a few files of its own, and no package besides', async () => {
    const path = await newSession();
    const append = ['run', 'session', 'append', '--journal', path, '--tool', 't', '--verdict', 'allow'];
    const loaded = await loadedBy(append);
    expect(loaded).toContain(gaitBin);
    expect(loaded.filter((file) => dirname(file) !== dirname(gaitBin))).toEqual([]);
    expect(loaded.length).toBeLessThanOrEqual(8);
    expect(loaded.map((file) => basename(file))).not.toContain('seldom.js');
  });

  test('reads a status without what only writers need', async () => {
    const names = (await loadedBy(['run', 'session', 'status', '--journal', await newSession()])).map((file) =>
      basename(file),
    );
    expect(names).toContain('reading.js');
    expect(names).not.toContain('writing.js');
    expect(names).not.toContain('seldom.js');
  });

  test("appends without those of Node's modules that an append has no use for", async () => {
    const spy = join(tempDir(), 'spy.cjs');
    writeFileSync(
      spy,
      `const before = new Set(process.moduleLoadList);
       const added = () => process.moduleLoadList.filter((name) => !before.has(name));
       process.on('exit', () => require('node:fs').writeSync(2, JSON.stringify(added())));`,
    );
    const append = ['run', 'session', 'append', '--journal', await newSession(), '--tool', 't', '--verdict', 'allow'];
    const { stderr } = await runCli(append, { env: { NODE_OPTIONS: `--require ${JSON.stringify(spy)}` } });
    const loaded = JSON.parse(stderr) as readonly string[];
    expect(loaded).toContain('NativeModule crypto');
    const useless = ['assert', 'fs/promises', 'perf_hooks', 'readline', 'worker_threads', 'zlib'];
    expect(loaded.filter((name) => useless.includes(name.replace('NativeModule ', '')))).toEqual([]);
  });

  test('finds the kernel lock, whose binary lies in another package', async () => {
    const path = join(tempDir(), 's.jsonl');
    const { code } = await runCli(['run', 'session', 'start', '--journal', path, '--session-id', 's', '--run-id', 'r']);
    expect(code).toBe(0);
    // Only a writer that holds the kernel lock leaves its record here.
    expect(statSync(`${path}.gait/guard`).size).toBeGreaterThan(0);
  });

  test('verifies a long journal in worker threads', async () => {
    const path = await newSession();
    const journal = await openJournal(path, { durability: 'buffered' });
    const event = { tool_name: 't', verdict: 'allow' as const, attributes: { text: 'x'.repeat(60_000) } };
    for (let batch = 0; batch < 12; batch += 1) await journal.appendAll(Array.from({ length: 100 }, () => event));
    await journal.close();
    const names = (await loadedBy(['verify', path])).map((file) => basename(file));
    expect(names.includes('stretch-worker.js')).toBe(availableParallelism() > 1);
  });

  test('names the licence of every package that it holds', () => {
    const folder = dirname(gaitBin);
    const maps = readdirSync(folder).filter((name) => name.endsWith('.js.map'));
    const sources = maps.flatMap((name) => {
      const { sources: found } = JSON.parse(readFileSync(join(folder, name), 'utf8')) as { sources: string[] };
      return found.map((source) => relative(repositoryRoot, join(folder, source)));
    });
    const names = sources.map((source) => /^node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(source)?.[1]);
    const held = new Set(names.filter((name) => name !== undefined));
    expect(held).toContain('proper-lockfile');
    const licences = readFileSync(join(folder, 'LICENSES.txt'), 'utf8').split('\n');
    for (const name of held) expect(licences.some((line) => line.startsWith(`${name} `))).toBe(true);
  });
});
