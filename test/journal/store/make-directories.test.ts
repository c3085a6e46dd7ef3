/** Directories, made on the real disk. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { errnoOf, nodeFileSystem } from '../../../src/journal/store/index.js';
import { newFolder } from '../../support/journal-fixtures.js';
import { canTrace } from '../../support/kernel-faults.js';
import { need } from '../../support/long-form.js';

function errnoWhen(work: () => void): string | undefined {
  try {
    work();
    return undefined;
  } catch (error) {
    return errnoOf(error);
  }
}

test('missing parents are made, with the permissions asked for, and what is there stays', () => {
  const root = newFolder();
  const path = join(root, 'a', 'b', 'c');
  nodeFileSystem.mkdirs(path, 0o700);
  nodeFileSystem.mkdirs(path, 0o777);
  for (const made of [join(root, 'a'), join(root, 'a', 'b'), path]) expect(statSync(made).mode & 0o777).toBe(0o700);
});

test('a link to a directory is one; a file in the way is named as what it is', () => {
  const root = newFolder();
  mkdirSync(join(root, 'there'));
  symlinkSync(join(root, 'there'), join(root, 'link'));
  writeFileSync(join(root, 'file'), '');
  nodeFileSystem.mkdirs(join(root, 'link', 'below'), 0o750);
  nodeFileSystem.mkdirs(join(root, 'link'), 0o750);
  expect(statSync(join(root, 'there', 'below')).isDirectory()).toBe(true);
  expect(errnoWhen(() => nodeFileSystem.mkdirs(join(root, 'file'), 0o750))).toBe('EEXIST');
  expect(errnoWhen(() => nodeFileSystem.mkdirs(join(root, 'file', 'below'), 0o750))).toBe('ENOTDIR');
});

test.for(['EDQUOT', 'ENOSPC', 'EIO', 'EROFS'])('a kernel that says %s is not misquoted', (errno, context) => {
  need(context, canTrace(), 'strace is not there, or may not trace');
  const store = new URL('../../../dist/src/journal/store/index.js', import.meta.url).href;
  const script = `
    const { errnoOf, nodeFileSystem } = await import(${JSON.stringify(store)});
    try { nodeFileSystem.mkdirs(${JSON.stringify(join(newFolder(), 'a', 'b'))}, 0o750); console.log('made'); }
    catch (error) { console.log(errnoOf(error)); }
  `;
  const inject = ['-f', '-qq', '-o', '/dev/null', '-e', `inject=mkdir:error=${errno}`];
  const { stdout } = spawnSync('strace', [...inject, process.execPath, '--input-type=module', '-e', script], {
    encoding: 'utf8',
  });
  expect(stdout.trim()).toBe(errno);
});
