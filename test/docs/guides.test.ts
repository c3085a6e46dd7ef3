/** Every block of the guides, run as printed, in their order, in one folder for each guide, and held to the output shown. */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { repositoryRoot } from '../support/paths.js';
import { blocksOf, GUIDES, readDocument } from './documents.js';
import { Workshop } from './workshop.js';

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
  'docs/retention.md': [
    /^medium +session/m,
    'ours',
    'prune ok: nothing to remove',
    /^hold set: /m,
    'the session is not held any more',
    'erase ok: ',
    /1 pruned \(proven\), 0 missing/,
  ],
};

describe.each(GUIDES)('%s', (path) => {
  const document = readDocument(path);

  test('works as printed, and prints what it shows', () => {
    const blocks = blocksOf(document);
    expect(blocks.length).toBeGreaterThan(1);
    const workshop = new Workshop();
    let [all, last] = ['', ''];
    for (const block of blocks) {
      if (block.language === 'text') {
        expect(linesMissing(block.code, last)).toEqual([]);
        continue;
      }
      last = workshop.run(block);
      all += last;
    }
    for (const expected of PRINTED[path] ?? []) expect(all).toMatch(expected);
  });

  test('links to nothing that is not there', () => {
    const links = [...document.matchAll(/\]\(([^)#:]+)(?:#[^)]*)?\)/g)].map(([, link = '']) => link);
    expect(links.filter((link) => !existsSync(join(repositoryRoot, dirname(path), link)))).toEqual([]);
  });
});

/** Lines shown that the output does not have: blanks are alike, and `…` is any text. */
function linesMissing(shown: string, output: string): string[] {
  return shown
    .trimEnd()
    .split('\n')
    .filter((line) => {
      const parts = line.trim().split(/\s*…\s*/);
      const pattern = parts.map((part) => part.split(/\s+/).map(escaped).join('\\s+')).join('.*');
      return !new RegExp(pattern).test(output);
    });
}

function escaped(word: string): string {
  return word.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
