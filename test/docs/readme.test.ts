import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { verify } from '../../src/index.js';
import { repositoryRoot } from '../support/paths.js';
import { exampleIn, readDocument } from './documents.js';
import { Workshop } from './workshop.js';

const readme = readDocument('README.md');

describe('the examples of the README', () => {
  test('library: runs as it stands against the built package', async () => {
    const workshop = new Workshop();
    const { folder } = workshop;
    const { status, stdout, stderr } = workshop.script(exampleIn(readme, 'example:library'));
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout).toBe('kept as event 1, durable\nfs.write allow\nvalid 1\n');
    expect(await verify(join(folder, 'sessions', 's1.jsonl'))).toMatchObject({ ok: true });
  });

  test('command line: every line succeeds as it stands', async () => {
    const workshop = new Workshop();
    const { folder } = workshop;
    const { status, stdout } = workshop.shell(exampleIn(readme, 'example:cli'));
    expect(status).toBe(0);
    expect(stdout).toContain('"last_sequence":2');
    const report = await verify(join(folder, 'sessions', 's1.jsonl'));
    expect(report).toMatchObject({ ok: true, coverage: { events: 2 } });
  });

  test('sealing: a stranger with the public key checks all of it, and finds what is changed later', () => {
    const workshop = new Workshop();
    const { folder } = workshop;
    expect(workshop.shell(exampleIn(readme, 'example:seal')).status).toBe(0);
    rmSync(join(folder, 'keys', 'gait_private.key'));
    const { status, stdout } = workshop.shell(exampleIn(readme, 'example:check'));
    expect(status).toBe(0);
    expect(stdout.match(/^verify ok: /gm)).toHaveLength(4);
    expect(stdout.match(/^signed by: [0-9a-f]{64}$/gm)).toHaveLength(4);

    const journal = join(folder, 'sessions', 's1.jsonl');
    writeFileSync(journal, readFileSync(journal, 'utf8').replace('"verdict":"allow"', '"verdict":"block"'));
    expect(workshop.shell(exampleIn(readme, 'example:check')).status).toBe(2);
  });
});

test('timeline of the README: the decision is found, and its trace', () => {
  const { status, stdout } = new Workshop().shell(exampleIn(readme, 'example:timeline'));
  expect(status).toBe(0);
  expect(stdout.match(/^\| .* \| fs\.delete \|/gm)).toHaveLength(2);
});

test('retention of the README: compacted, held, planned, and the root verifies', () => {
  const { status, stdout } = new Workshop().shell(exampleIn(readme, 'example:retention'));
  expect(status).toBe(0);
  expect(stdout).toContain('compacted=true');
  expect(stdout).toMatch(/^keep .* held, .*s1\.jsonl$/m);
  expect(stdout).toContain('sessions: 1, of which 1 intact');
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
  'docs/traces.md',
  'docs/format.md',
  'docs/errors.md',
  'docs/go-compatibility.md',
  'docs/retention.md',
  'docs/reliability.md',
  'docs/performance.md',
  'SECURITY.md',
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
