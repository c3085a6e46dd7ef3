import { appendFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { lastLineBytes } from '../../perf/context.js';
import { newFolder } from '../support/journal-fixtures.js';

test.each([
  ['only\n', 4],
  ['one\ntwö\n', 4],
  [`a\n${'b'.repeat(65_535)}\n`, 65_535],
])('the last line is measured', (content, bytes) => {
  const path = join(newFolder(), 'journal.jsonl');
  writeFileSync(path, content);
  expect(lastLineBytes(path)).toBe(bytes);
});

test('of a journal that is longer than any string', () => {
  const path = join(newFolder(), 'journal.jsonl');
  writeFileSync(path, '');
  truncateSync(path, 2 ** 30);
  appendFileSync(path, '\nlast\n');
  expect(lastLineBytes(path)).toBe(4);
});
