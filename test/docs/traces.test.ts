/** docs/traces.md: every block runs as printed, in order, in one folder, and answers what the page says it does. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { expect, test } from 'vitest';
import { gaitBin } from '../support/cli.js';
import { repositoryRoot } from '../support/paths.js';
import { tempDir } from '../support/temp-dir.js';
import { readDocument } from './documents.js';

const page = readDocument('docs/traces.md');
const blocks = [...page.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)].map(([, language = '', code = '']) => ({
  language,
  code,
}));

function run(language: string, code: string, folder: string): string {
  const [command, args] =
    language === 'sh' ? ['sh', ['-c', `set -eu\n${code}`]] : [process.execPath, ['--input-type=module', '-e', code]];
  const env = { ...process.env, PATH: `${join(folder, 'bin')}${delimiter}${process.env['PATH']}` };
  const { status, stdout, stderr } = spawnSync(command, args, { cwd: folder, encoding: 'utf8', env });
  if (status !== 0) throw new Error(`exit ${status}\n${code}\n${stdout}${stderr}`);
  return stdout;
}

/** Whether a line is one of the output: blanks are alike, and `…` is any text. */
function isIn(output: string, line: string): boolean {
  const parts = line.trim().split(/\s*…\s*/);
  const pattern = parts
    .map((part) =>
      part
        .split(/\s+/)
        .map((word) => word.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&'))
        .join('\\s+'),
    )
    .join('.*');
  return new RegExp(pattern).test(output);
}

test('the incident happens as told, and every question gets the answer that is printed', () => {
  const folder = tempDir();
  mkdirSync(join(folder, 'bin'));
  const script = `#!/bin/sh\nexec '${process.execPath}' '${gaitBin}' "$@"\n`;
  writeFileSync(join(folder, 'bin', 'gait'), script, { mode: 0o755 });
  mkdirSync(join(folder, 'node_modules'));
  symlinkSync(repositoryRoot, join(folder, 'node_modules', 'gait-journal'), 'dir');
  let output = '';
  let answers = 0;
  for (const { language, code } of blocks) {
    if (language !== 'text') {
      output = run(language, code, folder);
      continue;
    }
    for (const line of code.trimEnd().split('\n')) {
      answers += 1;
      expect({ line, output, isThere: isIn(output, line) }).toMatchObject({ line, isThere: true });
    }
  }
  expect(blocks.filter(({ language }) => !['sh', 'js', 'text'].includes(language))).toEqual([]);
  expect(answers).toBeGreaterThan(10);
});

test('every file that the page links to is there', () => {
  const links = [...page.matchAll(/\]\(([^)#]+)/g)].map(([, link = '']) => join(repositoryRoot, 'docs', link));
  expect(links.length).toBeGreaterThan(3);
  expect(links.filter((link) => !existsSync(link))).toEqual([]);
});
