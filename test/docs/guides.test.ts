/** Every shell and JavaScript block of the guides, run as printed, in their order, in one folder for each guide. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { gaitBin } from '../support/cli.js';
import { repositoryRoot } from '../support/paths.js';
import { tempDir } from '../support/temp-dir.js';
import { readDocument } from './documents.js';

const GUIDES = ['docs/embedding.md', 'docs/operating.md', 'docs/auditing.md', 'docs/moving-from-go.md'];

interface Block {
  readonly language: string;
  readonly code: string;
}

function blocksOf(document: string): Block[] {
  return [...document.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)].map(([, language = '', code = '']) => ({
    language,
    code,
  }));
}

/** An empty folder in which `gait` and the package are what was built. */
function newWorkshop(): string {
  const folder = tempDir();
  mkdirSync(join(folder, 'bin'));
  writeFileSync(join(folder, 'bin', 'gait'), `#!/bin/sh\nexec '${process.execPath}' '${gaitBin}' "$@"\n`, {
    mode: 0o755,
  });
  mkdirSync(join(folder, 'node_modules'));
  symlinkSync(repositoryRoot, join(folder, 'node_modules', 'gait-journal'), 'dir');
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}\n');
  return folder;
}

/** Runs a block as a reader would; throws with what it printed when it fails. */
function run({ language, code }: Block, folder: string): string {
  const [command, args] =
    language === 'sh' ? ['sh', ['-c', `set -eu\n${code}`]] : [process.execPath, ['--input-type=module', '-e', code]];
  const env = { ...process.env, PATH: `${join(folder, 'bin')}${delimiter}${process.env['PATH']}`, HOME: folder };
  const { status, stdout, stderr } = spawnSync(command, args, { cwd: folder, encoding: 'utf8', env });
  if (status !== 0) throw new Error(`exit ${status}\n${code}\n${stdout}${stderr}`);
  return stdout + stderr;
}

/** Some of what a reader is told to expect, by guide: text that the blocks together must print. */
const PRINTED: Readonly<Record<string, readonly (string | RegExp)[]>> = {
  'docs/embedding.md': ['1 durable', '[ 2, 3, 4 ]', /^true$/m, 'what was seen', /^1 fs\.write allow$/m],
  'docs/operating.md': [
    'init config:',
    /production|status=/,
    /warn {2}journal_torn_tail/,
    /done {2}journal_torn_tail/,
    'the session is closed',
  ],
  'docs/auditing.md': ['unsigned tail: 1 event', 'exit 2', /verify ok: case\/event2\.proof/, 'report: s1.html'],
  'docs/moving-from-go.md': [
    /verify ok: .*sessions\/old\.jsonl/,
    '"last_sequence":2',
    '1 not linked',
    'signed to: event 2',
  ],
};

describe.each(GUIDES)('%s', (path) => {
  const document = readDocument(path);

  test('holds no block in a language that is not run', () => {
    const blocks = blocksOf(document);
    expect(blocks.length).toBeGreaterThan(1);
    expect(blocks.filter(({ language }) => !['sh', 'js'].includes(language))).toEqual([]);
  });

  test('works as printed', () => {
    const folder = newWorkshop();
    const printed = blocksOf(document)
      .map((block) => run(block, folder))
      .join('');
    for (const expected of PRINTED[path] ?? []) expect(printed).toMatch(expected);
  });

  test('links to nothing that is not there', () => {
    const links = [...document.matchAll(/\]\(([^)#:]+)(?:#[^)]*)?\)/g)].map(([, link = '']) => link);
    expect(links.filter((link) => !existsSync(join(repositoryRoot, dirname(path), link)))).toEqual([]);
  });
});
