import { spawnSync, type SpawnSyncReturns } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { verify } from '../../src/index.js';
import { gaitBin } from '../support/cli.js';
import { repositoryRoot } from '../support/paths.js';
import { tempDir } from '../support/temp-dir.js';
import { exampleIn, readDocument } from './documents.js';

const readme = readDocument('README.md');

describe('the examples of the README', () => {
  test('library: runs as it stands against the built package', async () => {
    const folder = tempDir();
    mkdirSync(join(folder, 'node_modules'));
    symlinkSync(repositoryRoot, join(folder, 'node_modules', 'gait-journal'));
    writeFileSync(join(folder, 'example.mjs'), exampleIn(readme, 'example:library'));
    const { status, stdout, stderr } = runIn(folder, process.execPath, ['example.mjs']);
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout).toBe('kept as event 1, durable\nfs.write allow\nvalid 1\n');
    expect(await verify(join(folder, 'sessions', 's1.jsonl'))).toMatchObject({ ok: true });
  });

  test('command line: every line succeeds as it stands', async () => {
    const folder = tempDir();
    const bin = join(folder, 'bin');
    mkdirSync(bin);
    writeFileSync(join(bin, 'gait'), `#!/bin/sh\nexec '${process.execPath}' '${gaitBin}' "$@"\n`, { mode: 0o755 });
    const script = `set -eu\n${exampleIn(readme, 'example:cli')}`;
    const { status, stdout } = runIn(folder, 'sh', ['-c', script], {
      PATH: `${bin}${delimiter}${process.env['PATH']}`,
    });
    expect(status).toBe(0);
    expect(stdout).toContain('"last_sequence":2');
    const report = await verify(join(folder, 'sessions', 's1.jsonl'));
    expect(report).toMatchObject({ ok: true, coverage: { events: 2 } });
  });
});

describe('the commands of the README', () => {
  test.each([
    ['command:demo', 'npm ci --ignore-scripts && npm run demo', 'demo'],
    ['command:test', 'npm ci --ignore-scripts && npm test', 'test'],
  ])('%s is one line that sets up and runs a script of the package', (marker, command, script) => {
    expect(exampleIn(readme, marker).trim()).toBe(command);
    const manifest = JSON.parse(readDocument('package.json')) as { readonly scripts: Readonly<Record<string, string>> };
    expect(Object.keys(manifest.scripts)).toContain(script);
  });
});

test.each([
  'README.md',
  'CHANGELOG.md',
  'CONTRIBUTING.md',
  'docs/architecture.md',
  'docs/format.md',
  'docs/errors.md',
  'docs/go-compatibility.md',
])('every file and heading that %s links to is there', (document) => {
  const links = [...readDocument(document).matchAll(/\]\(([^)#\s]*)(?:#([^)]*))?\)/g)].filter(
    ([, path]) => !path?.startsWith('https:'),
  );
  const broken = links.filter(([, path = '', heading]) => {
    const target = path === '' ? join(repositoryRoot, document) : join(repositoryRoot, dirname(document), path);
    return !existsSync(target) || (heading !== undefined && !headingsOf(target).includes(heading));
  });
  expect(broken.map(([link]) => link)).toEqual([]);
});

/** The anchors that a Markdown page has, as they are commonly derived from its headings. */
function headingsOf(path: string): string[] {
  return [...readFileSync(path, 'utf8').matchAll(/^#+ (.+)$/gm)].map(([, title = '']) =>
    title
      .toLowerCase()
      .replaceAll(/[^\w -]/g, '')
      .replaceAll(' ', '-'),
  );
}

function runIn(
  cwd: string,
  command: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): SpawnSyncReturns<string> {
  return spawnSync(command, args, { cwd, encoding: 'utf8', env: { ...process.env, ...env } });
}
