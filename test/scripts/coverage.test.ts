import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, test } from 'vitest';
import { repositoryRoot } from '../support/paths.js';
import { tempDir } from '../support/temp-dir.js';

const script = join(repositoryRoot, 'scripts', 'coverage.mjs');

/** Ten lines, one statement each; lines 6 to 10 are the body of a function. */
const code = `export const a1 = 1;
export const a2 = 2;
export const a3 = 3;
export function body(out) {
  if (out === undefined) return;
  out.push(6);
  out.push(7);
  out.push(8);
  out.push(9);
  out.push(10);
}
`;
const built = `${code}//# sourceMappingURL=a.js.map\n`;
const statementLines = [1, 2, 3, 5, 6, 7, 8, 9, 10];
const bodyFrom = code.indexOf('  out.push(6)');
const bodyTo = code.indexOf('}\n');

describe('the coverage gate', () => {
  test('fails when neither the tests nor their children ran enough lines', () => {
    const root = plantedRoot({ inProcess: [1, 2, 3, 5] });
    plantDump(root, 'one', [{ startOffset: bodyFrom, endOffset: bodyTo, count: 0 }]);
    expect(gate(root)).toBe(1);
  });

  test('passes when child processes ran what the tests themselves did not', () => {
    const root = plantedRoot({ inProcess: [1, 2, 3, 5] });
    plantDump(root, 'one', []);
    expect(gate(root)).toBe(0);
  });

  test('unites children that each ran a part', () => {
    const middle = code.indexOf('  out.push(8)');
    const root = plantedRoot({ inProcess: [1, 2, 3, 5] });
    plantDump(root, 'first', [{ startOffset: middle, endOffset: bodyTo, count: 0 }]);
    expect(gate(root)).toBe(1);
    plantDump(root, 'second', [{ startOffset: bodyFrom, endOffset: middle, count: 0 }]);
    expect(gate(root)).toBe(0);
  });

  test('passes by what the bundler adds of its own, which has no source and names no map', () => {
    const root = plantedRoot({ inProcess: statementLines });
    writeFileSync(join(root, 'dist', 'src', 'a.js'), code);
    rmSync(join(root, 'dist', 'src', 'a.js.map'));
    plantDump(root, 'one', []);
    expect(gate(root)).toBe(0);
  });

  test('fails on a map that is named and is not there', () => {
    const root = plantedRoot({ inProcess: statementLines });
    rmSync(join(root, 'dist', 'src', 'a.js.map'));
    plantDump(root, 'one', []);
    expect(gate(root)).toBe(1);
  });

  test('goes on without the dump of a child that was killed while it wrote it, and counts nothing for it', () => {
    const root = plantedRoot({ inProcess: [1, 2, 3, 5] });
    writeFileSync(join(root, '.coverage', 'children', 'killed.json'), '{"result":[{"url":');
    expect(gate(root)).toBe(1);
    plantDump(root, 'whole', []);
    expect(gate(root)).toBe(0);
  });

  test('fails on a report without lines', () => {
    const root = plantedRoot({ inProcess: [] });
    writeFileSync(join(root, '.coverage', 'report', 'coverage-final.json'), '{}');
    expect(gate(root)).toBe(1);
  });
});

interface Range {
  readonly startOffset: number;
  readonly endOffset: number;
  readonly count: number;
}

/** A checkout with one source, `src/a.ts`, its build, and a report of the lines that tests ran in their own process. */
function plantedRoot(options: { readonly inProcess: readonly number[] }): string {
  const root = tempDir();
  for (const dir of ['src', 'dist/src', '.coverage/report', '.coverage/children']) {
    mkdirSync(join(root, dir), { recursive: true });
  }
  const source = join(root, 'src', 'a.ts');
  writeFileSync(source, code);
  writeFileSync(join(root, 'dist', 'src', 'a.js'), built);
  // Each line begins at the same place in the source.
  const mappings = code.split('\n').map((_, line) => (line === 0 ? 'AAAA' : 'AACA'));
  writeFileSync(
    join(root, 'dist', 'src', 'a.js.map'),
    JSON.stringify({ version: 3, sources: ['../../src/a.ts'], names: [], mappings: mappings.join(';') }),
  );
  const statements = statementLines.map((line) => {
    return [`${line}`, { start: { line, column: 0 }, end: { line, column: 1 } }] as const;
  });
  const counts = statementLines.map((line) => [`${line}`, options.inProcess.includes(line) ? 1 : 0] as const);
  const coverage = { path: source, statementMap: Object.fromEntries(statements), s: Object.fromEntries(counts) };
  writeFileSync(join(root, '.coverage', 'report', 'coverage-final.json'), JSON.stringify({ [source]: coverage }));
  return root;
}

/** Adds what a child process that ran all of `src/a.ts` except `notRun` would leave behind. */
function plantDump(root: string, name: string, notRun: readonly Range[]): void {
  const whole = { startOffset: 0, endOffset: built.length, count: 1 };
  const url = pathToFileURL(join(root, 'dist', 'src', 'a.js')).href;
  const functions = [{ functionName: '', isBlockCoverage: true, ranges: [whole, ...notRun] }];
  writeFileSync(join(root, '.coverage', 'children', `${name}.json`), JSON.stringify({ result: [{ url, functions }] }));
}

function gate(root: string): number | null {
  return spawnSync(process.execPath, [script, root]).status;
}
