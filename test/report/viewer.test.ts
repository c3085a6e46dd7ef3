/** The page's own check, without a browser: every bit of every line counts, and it shares no code with the library. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { reportData, type ReportData } from '../../src/index.js';
import { check } from '../../viewer/check.js';
import { readKey } from '../../viewer/note.js';
import { leafHash, Tree } from '../../viewer/tree.js';
import { repositoryRoot } from '../support/paths.js';
import { KEY, sealedSession } from '../support/sealed-session.js';

const keys = [readKey(KEY.publicKey.toString('base64'))];
let data: ReportData;

beforeAll(async () => {
  data = await reportData((await sealedSession(30)).journal, { publicKeys: [KEY.publicKey] });
});

describe('the check in the page', () => {
  test('accepts what gait wrote', () => {
    const { faults, root, signatures, signedSize } = check(data, keys);
    expect(faults).toEqual([]);
    expect([root, signatures]).toEqual([data.report.coverage.root_hash, 3]);
    expect(signedSize).toBe(data.lines.length - 1);
  });

  test('finds a flipped bit in every line, at its first, middle and last character', () => {
    for (const [at, line] of data.lines.entries()) {
      for (const place of [0, line.length >> 1, line.length - 1]) {
        const flipped = line.slice(0, place) + String.fromCharCode(line.charCodeAt(place) ^ 1) + line.slice(place + 1);
        expect(check({ ...data, lines: data.lines.with(at, flipped) }, keys).faults).not.toEqual([]);
      }
    }
  });

  test('finds a line that is gone, doubled or swapped with the next', () => {
    for (const at of data.lines.keys()) {
      const line = data.lines[at] ?? '';
      const next = data.lines[at + 1];
      const changed = [data.lines.toSpliced(at, 1), data.lines.toSpliced(at, 0, line)];
      if (next !== undefined) changed.push(data.lines.toSpliced(at, 2, next, line));
      for (const lines of changed) expect(check({ ...data, lines }, keys).faults).not.toEqual([]);
    }
  });

  test.each([1, 2, 3, 7, 8, 16, 31])(
    'reaches the same root from the newest %d lines and a frontier',
    async (maxLines) => {
      const { journal } = await sealedSession(30);
      const part = await reportData(journal, { publicKeys: [KEY.publicKey], maxLines });
      expect(part.lines).toEqual(data.lines.length > maxLines ? part.lines.slice(-maxLines) : part.lines);
      const verdict = check(part, keys);
      expect([verdict.faults, verdict.root]).toEqual([[], part.report.coverage.root_hash]);
      const [first = ''] = part.window.frontier;
      const forged = {
        ...part.window,
        frontier: [first.replace(/^./, (d) => (d === '0' ? '1' : '0')), ...part.window.frontier.slice(1)],
      };
      expect(check({ ...part, window: forged }, keys).faults).not.toEqual([]);
    },
  );
});

/** A forger who changes an event and makes everything behind it fit again, up to what only the signer could make. */
function relinked(what: { readonly roots: boolean; readonly notes: boolean }): ReportData {
  const tree = new Tree(0, []);
  let prev: string | undefined;
  const lines = data.lines.map((text, at) => {
    const line = JSON.parse(text) as Record<string, Record<string, unknown>> & { prev?: string; note?: string };
    if (prev !== undefined) line.prev = prev;
    if (at === 3 && line['event'] !== undefined) line['event']['verdict'] = 'block';
    const root = tree.root(at);
    if (what.roots && line['checkpoint'] !== undefined)
      line['checkpoint']['root_hash'] = Buffer.from(root).toString('hex');
    if (what.notes && line.note !== undefined) {
      line.note = line.note.replace(
        /^(.*\n\d+\n)[^\n]*/,
        (_, head: string) => `${head}${Buffer.from(root).toString('base64')}`,
      );
    }
    const changed = JSON.stringify(line);
    const hash = leafHash(changed);
    tree.append(hash);
    prev = Buffer.from(hash).toString('hex');
    return changed;
  });
  const coverage = { ...data.report.coverage, root_hash: Buffer.from(tree.root(tree.size)).toString('hex') };
  return { ...data, lines, report: { ...data.report, coverage } };
}

describe('a forger who links everything anew', () => {
  test.each([
    ['leaves the roots', { roots: false, notes: false }, 'its root is not that of the lines before it'],
    ['leaves the notes', { roots: true, notes: false }, 'its note names another root'],
    ['has no key', { roots: true, notes: true }, 'the signature of the note does not verify'],
  ])('and %s is found', (_, what, reason) => {
    const { faults, signatures } = check(relinked(what), keys);
    expect(faults.map((fault) => fault.reason)).toEqual(expect.arrayContaining([reason]));
    expect([faults.length > 0, signatures]).toEqual([true, 0]);
  });

  test('passes for unsigned where nobody checks signatures: that is why they are not green', () => {
    const { faults, signatures, unchecked } = check(relinked({ roots: true, notes: true }), []);
    expect([faults, signatures, unchecked]).toEqual([[], 0, 3]);
  });
});

test('the page shares no code with what wrote the evidence', () => {
  const folder = join(repositoryRoot, 'viewer');
  const files = readdirSync(folder).filter((name) => name.endsWith('.ts'));
  const imports = files.flatMap((name) =>
    [...readFileSync(join(folder, name), 'utf8').matchAll(/from '([^']+)'/g)].map(([, from = '']) => from),
  );
  expect(imports.length).toBeGreaterThan(5);
  expect(
    imports.filter((from) => !/^(\.\/[a-z-]+\.js|@noble\/(ed25519|hashes\/(sha2|utils)\.js))$/.test(from)),
  ).toEqual([]);
});
