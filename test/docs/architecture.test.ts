import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { repositoryRoot } from '../support/paths.js';
import { readDocument } from './documents.js';

const document = readDocument('docs/architecture.md');

test('docs/architecture.md says what every source file owns, and names no file that is not there', () => {
  const documented = [...document.matchAll(/^\| `((?:src|cli)\/[^`]+\.ts)` +\| \S/gm)].map(([, file = '']) => file);
  expect(documented.toSorted()).toEqual([...sourcesIn('src'), ...sourcesIn('cli')].toSorted());
});

test('docs/architecture.md names no file in passing that is not in its table', () => {
  const sources = sourcesIn('src');
  const mentioned = [...document.matchAll(/`((?:[a-z/]+\/)?[a-z0-9-]+\.ts)`/g)].map(([, file]) => file ?? '');
  const unknown = mentioned.filter((file) => !['src/', 'cli/', 'test/'].some((folder) => file.startsWith(folder)));
  expect(unknown.length).toBeGreaterThan(5);
  expect(unknown.filter((file) => !sources.some((source) => source.endsWith(`/${file}`)))).toEqual([]);
});

function sourcesIn(folder: string): string[] {
  return readdirSync(join(repositoryRoot, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => `${folder}/${file.replaceAll('\\', '/')}`);
}
