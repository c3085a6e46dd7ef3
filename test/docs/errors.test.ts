import { describe, expect, test } from 'vitest';
import { EXIT_CODES } from '../../cli/exit-codes.js';
import { ERROR_CODES, type ErrorCode } from '../../src/errors.js';
import { readDocument } from './documents.js';

const document = readDocument('docs/errors.md');
const sections = new Map(
  document
    .split(/^## /m)
    .slice(1)
    .map((section) => [section.slice(0, section.indexOf('\n')), section]),
);

test('docs/errors.md has a heading for every code and for nothing else', () => {
  expect([...sections.keys()].toSorted()).toEqual(Object.keys(ERROR_CODES).toSorted());
});

describe.each(Object.keys(ERROR_CODES) as ErrorCode[])('%s', (code) => {
  test('has the documented category, exit code and retryability', () => {
    const { category, retryable } = ERROR_CODES[code];
    const facts = `\`${category}\` · exit ${EXIT_CODES[category]} · ${retryable ? 'retryable' : 'not retryable'}`;
    expect(sections.get(code)?.split('\n')[2]).toBe(facts);
  });

  test('says what happened and what to do', () => {
    const [, , , ...text] = sections.get(code)?.split('\n') ?? [];
    expect(text.join(' ').trim().split('. ').length).toBeGreaterThan(1);
  });
});

test('the table of categories has every category with its exit code', () => {
  const rows = [...document.matchAll(/^\| `(\w+)` +\| (\d+) /gm)].map(([, category, code]) => [category, Number(code)]);
  expect(Object.fromEntries(rows)).toEqual(EXIT_CODES);
});
