/** The package as a stranger gets it: packed, installed into an empty project, compiled against, run. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { repositoryRoot } from '../support/paths.js';
import { tempDir } from '../support/temp-dir.js';

interface Packed {
  readonly filename: string;
  readonly size: number;
  readonly files: readonly { readonly path: string }[];
}

/** A clean build has 0.8 MB; what an earlier build left behind comes on top. */
const MAX_PACKED_BYTES = 1_200_000;

let project: string;
let packed: Packed;

/** Runs a command in the project; its output, once it has ended well. */
function run(command: string, ...args: readonly string[]): string {
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd: project, encoding: 'utf8' });
  if (error !== undefined) throw error;
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} exited with ${status}\n${stdout}${stderr}`);
  return stdout;
}

beforeAll(() => {
  project = tempDir();
  writeFileSync(join(project, 'package.json'), '{"name":"stranger","private":true,"type":"module"}\n');
  // What was built for the tests is packed: a build of its own would pull the files away from under the others.
  const json = run('npm', 'pack', repositoryRoot, '--ignore-scripts', '--json', '--pack-destination', project);
  [packed] = JSON.parse(json) as [Packed];
  const types = JSON.parse(readFileSync(join(repositoryRoot, 'package.json'), 'utf8')) as {
    readonly devDependencies: Readonly<Record<string, string>>;
  };
  const wanted = ['typescript', '@types/node'].map((name) => `${name}@${types.devDependencies[name] ?? ''}`);
  const quiet = ['--ignore-scripts', '--no-audit', '--no-fund', '--prefer-offline'];
  run('npm', 'install', ...quiet, join(project, packed.filename), ...wanted);
});

describe('the package', () => {
  test('holds what it needs, nothing of the workshop, and is small', () => {
    const paths = packed.files.map(({ path }) => path);
    for (const path of [
      'dist/src/index.js',
      'dist/src/index.d.ts',
      'dist/cli/main.js',
      'dist/cli/LICENSES.txt',
      'dist/report/page.js',
      'dist/report/page.css',
      'demo/events.ndjson',
      'schemas/doctor-report.schema.json',
      'LICENSE',
      'README.md',
      'SECURITY.md',
    ]) {
      expect(paths).toContain(path);
    }
    expect(paths.filter((path) => /^(test|perf|scripts|\.ci|viewer|src|cli)\//.test(path))).toEqual([]);
    expect(packed.size).toBeLessThan(MAX_PACKED_BYTES);
    expect(statSync(join(project, packed.filename)).size).toBe(packed.size);
  });

  test('compiles into a strict ESM project that checks its declarations, and runs there', () => {
    writeFileSync(
      join(project, 'tsconfig.json'),
      JSON.stringify({
        compilerOptions: {
          target: 'es2023',
          module: 'nodenext',
          strict: true,
          exactOptionalPropertyTypes: true,
          noUncheckedIndexedAccess: true,
          skipLibCheck: false,
          types: ['node'],
          outDir: 'out',
          rootDir: 'app',
        },
        include: ['app'],
      }),
    );
    mkdirSync(join(project, 'app'));
    writeFileSync(
      join(project, 'app', 'main.ts'),
      `import { initKeys, isGaitError, loadPrivateKey, openJournal, startSession, verify, type Receipt } from 'gait-journal';

const { privateKeyPath } = initKeys({ outDir: 'keys' });
const key = loadPrivateKey({ path: privateKeyPath });
await startSession('s1.jsonl', { session_id: 's1', run_id: 'r1' });
const journal = await openJournal('s1.jsonl');
const receipt: Receipt = await journal.append({ tool_name: 'fs.write', verdict: 'allow', attributes: { path: 'x' } });
await journal.checkpoint({ key });
await journal.close();
const report = await verify('s1.jsonl', { publicKeys: [key.publicKey], profile: 'strict' });
try {
  await openJournal('none.jsonl');
} catch (error) {
  console.log(isGaitError(error) ? error.code : error, receipt.sequence, report.verdict);
}
`,
    );
    expect(run('npx', '--no-install', 'tsc')).toBe('');
    expect(run(process.execPath, join('out', 'main.js'))).toBe('JOURNAL_NOT_FOUND 1 valid\n');
  });

  test('brings the command, the demo, the page of a report and the schemas', () => {
    const bin = join(project, 'node_modules', '.bin', 'gait');
    expect(run(bin, 'version')).toMatch(/^gait \d/);
    expect(JSON.parse(run(bin, 'demo', '--json'))).toMatchObject({ ok: true });
    run(bin, 'run', 'session', 'start', '--session', 's2', '--root', 'sessions');
    run(bin, 'report', '--session', 's2', '--root', 'sessions', '--out', 'report.html');
    expect(readFileSync(join(project, 'report.html'), 'utf8')).toContain('Content-Security-Policy');
    const script =
      "console.log((await import('gait-journal/schemas/receipt.schema.json', { with: { type: 'json' } })).default.$id)";
    expect(run(process.execPath, '--no-warnings', '--input-type=module', '-e', script)).toBe(
      'urn:gait:schema:receipt:1\n',
    );
  });
});
