/** No block of code in a document is only looked at: each is run, or held to what gait writes, by a test. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { repositoryRoot } from '../support/paths.js';
import { blocksOf, GUIDES, readDocument } from './documents.js';

/** Documents whose blocks are taken one by one, by the comment before each; and the tests that do so. */
const BY_MARKER: Readonly<Record<string, readonly string[]>> = {
  'README.md': ['readme.test.ts'],
  'docs/format.md': ['format.test.ts', 'format-segments.test.ts'],
};

const documents = [
  ...readdirSync(repositoryRoot).filter((name) => name.endsWith('.md')),
  ...readdirSync(join(repositoryRoot, 'docs')).map((name) => `docs/${name}`),
];

describe.each(documents)('%s', (path) => {
  const document = readDocument(path);

  test('has no block that no test takes', () => {
    const blocks = blocksOf(document);
    if (GUIDES.includes(path)) {
      expect(blocks.filter(({ language }) => !['sh', 'js', 'yaml', 'text'].includes(language))).toEqual([]);
      return;
    }
    const tests = (BY_MARKER[path] ?? []).map((name) =>
      readFileSync(join(repositoryRoot, 'test', 'docs', name), 'utf8'),
    );
    const isTaken = (marker: string | undefined): boolean =>
      marker !== undefined && tests.some((text) => text.includes(`'${marker}'`));
    expect(blocks.filter(({ marker }) => !isTaken(marker))).toEqual([]);
  });

  test('shows commands in fences alone, where they are run', () => {
    expect(document.match(/^ {4,}(?:\$ )?(?:gait|npm|npx|node) .*$/gm) ?? []).toEqual([]);
  });
});

test('a block that nobody takes, or that is fenced otherwise, is found', () => {
  expect(blocksOf('<!-- a -->\n\n```sh\nls\n```\n\n```\nx\n```\n')).toEqual([
    { marker: 'a', language: 'sh', code: 'ls\n' },
    { marker: undefined, language: '', code: 'x\n' },
  ]);
  expect(() => blocksOf('- a list\n\n  ```sh\n  ls\n  ```\n')).toThrow('a fence');
  expect(() => blocksOf('~~~\nls\n~~~\n')).toThrow('a fence');
});
