/** Kept code saves time and decides nothing: what is damaged, foreign or of another source is compiled anew. */
import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { canKeepCode, KeptCode } from '../../cli/kept-code.js';
import { newFolder } from '../support/journal-fixtures.js';

const SOURCE = "exports.answer = () => [41, require('./other.js').one, require('node:path').sep];\n";
const OTHER = 'exports.one = 1;\n';

let folder: string;
let kept: string;

beforeEach(() => {
  folder = newFolder();
  kept = join(folder, 'kept', `node-${process.version}`);
  writeFileSync(join(folder, 'main.js'), SOURCE);
  writeFileSync(join(folder, 'other.js'), OTHER);
});

/** Starts as a process would. Returns what the code answers. */
function start(): unknown {
  const code = new KeptCode(join(folder, 'kept'), createRequire(import.meta.url));
  const { answer } = code.load(join(folder, 'main.js')) as { answer: () => unknown };
  const answered = answer();
  code.keep();
  return answered;
}

/** Changes at every writing, as each is a new file. */
const fileId = (): number => statSync(join(kept, 'main.js')).ino;

test('code that was kept is taken by the next start, and not written again', () => {
  expect(start()).toEqual([41, 1, '/']);
  expect(readdirSync(kept).toSorted()).toEqual(['main.js', 'other.js']);
  expect(statSync(join(kept, 'main.js')).mode & 0o777).toBe(0o600);
  const first = fileId();
  expect(start()).toEqual([41, 1, '/']);
  expect(fileId()).toBe(first);
});

test('code of another source is not taken, were it as long', () => {
  start();
  writeFileSync(join(folder, 'main.js'), SOURCE.replace('41', '42'));
  expect(start()).toEqual([42, 1, '/']);
  expect(start()).toEqual([42, 1, '/']);
});

test('damaged code is not taken, wherever it is damaged, and replaced', () => {
  start();
  const good = readFileSync(join(kept, 'main.js'));
  for (const at of [0, 31, 32, 63, 64, 80, good.length >> 1, good.length - 1]) {
    const bad = Buffer.from(good);
    bad[at] = (bad[at] ?? 0) ^ 1;
    writeFileSync(join(kept, 'main.js'), bad);
    const before = fileId();
    expect(start()).toEqual([41, 1, '/']);
    expect(fileId()).not.toBe(before);
  }
  writeFileSync(join(kept, 'main.js'), good.subarray(0, 40));
  expect(start()).toEqual([41, 1, '/']);
});

test('code that others can write is not taken', () => {
  start();
  chmodSync(join(kept, 'main.js'), 0o622);
  const before = fileId();
  expect(start()).toEqual([41, 1, '/']);
  expect(fileId()).not.toBe(before);
});

test('where nothing can be kept, the code runs all the same', () => {
  mkdirSync(join(folder, 'kept'));
  writeFileSync(kept, 'a file where the folder should be');
  expect(start()).toEqual([41, 1, '/']);
});

test('a Node that is told to measure or to debug sees plain files', () => {
  expect(canKeepCode({ env: {}, execArgv: [] })).toBe(true);
  expect(canKeepCode({ env: { NODE_V8_COVERAGE: '/x' }, execArgv: [] })).toBe(false);
  expect(canKeepCode({ env: { NODE_OPTIONS: '--enable-source-maps' }, execArgv: [] })).toBe(false);
  expect(canKeepCode({ env: {}, execArgv: ['--inspect'] })).toBe(false);
});
