/** Reads segments as docs/format.md describes them, with code of its own. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { newJournal, QUICK, toolCall, withJournal } from '../support/journal-fixtures.js';
import { KEY } from '../support/sealed-session.js';
import { exampleIn, readDocument } from './documents.js';

const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

/** Keys that the table of the manifest documents. */
function documentedKeys(): string[] {
  const text = readDocument('docs/format.md');
  const table = text.slice(text.indexOf('<!-- table:segment -->'), text.indexOf('A reader that has no index begins'));
  return [...table.matchAll(/^\| ([^|]*)\|/gm)]
    .flatMap(([, cell = '']) => [...cell.matchAll(/`(\w+)`/g)].map(([, key = '']) => key))
    .toSorted();
}

test('the segments of a journal are what the document says, and give the old journal back', async () => {
  const path = await newJournal(3);
  const before: Buffer[] = [];
  await withJournal(
    path,
    async (journal) => {
      for (const round of [1, 2]) {
        await journal.append(toolCall(round), { payload: { content: Buffer.from(`evidence ${round}`) } });
        await journal.checkpoint({ key: KEY });
        before.push(readFileSync(path));
        await journal.compact();
      }
      await journal.append(toolCall(9), {});
    },
    QUICK,
  );
  const folder = `${path}.gait/segments`;
  const names = readdirSync(folder).toSorted();
  const bases = [...new Set(names.map((name) => name.split('.')[0] ?? ''))];
  expect(names).toEqual(bases.flatMap((base) => [`${base}.json`, `${base}.jsonl.gz`, `${base}.leaves`]));

  const contents = bases.map((base) => gunzipSync(readFileSync(join(folder, `${base}.jsonl.gz`))));
  expect(contents[0]).toEqual(before[0]);
  const unpack = exampleIn(readDocument('docs/format.md'), 'example:unpack').replaceAll('s1.jsonl', `'${path}'`);
  expect(execFileSync('sh', ['-c', unpack])).toEqual(Buffer.concat(contents));
  const kept = (before[1] ?? Buffer.alloc(0)).toString().split('\n');
  expect(contents[1]?.toString()).toBe(kept.slice(2).join('\n'));

  let leaf = 0;
  for (const [at, base] of bases.entries()) {
    const content = contents[at] ?? Buffer.alloc(0);
    const lines = content.toString().split('\n').slice(0, -1);
    const leaves = lines.map((line) => createHash('sha256').update('\0').update(line).digest());
    const manifest = JSON.parse(readFileSync(join(folder, `${base}.json`), 'utf8')) as Record<string, never>;
    expect(Object.keys(manifest).toSorted()).toEqual(documentedKeys());
    expect(readFileSync(join(folder, `${base}.leaves`))).toEqual(Buffer.concat(leaves));
    expect(manifest).toMatchObject({
      leaf_start: leaf,
      leaf_end: leaf + lines.length,
      raw_bytes: content.length,
      content_sha256: sha256(content),
      leaves_sha256: sha256(Buffer.concat(leaves)),
      checkpoint_index: at + 1,
      signed: true,
    });
    const checkpoint = (JSON.parse(lines.at(-1) ?? '') as { checkpoint: Record<string, unknown> }).checkpoint;
    expect(manifest).toMatchObject({ root_hash: checkpoint['root_hash'], sealed_at: checkpoint['created_at'] });
    expect(base).toBe([leaf, leaf + lines.length].map((n) => String(n).padStart(16, '0')).join('-'));
    leaf += lines.length;
  }
});
