import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { runCli } from '../support/cli.js';
import { tempDir } from '../support/temp-dir.js';

const canCache = 'enableCompileCache' in process.getBuiltinModule('node:module');

test(`compiled code is kept in the user's own cache folder, on a Node that can (${process.version})`, async () => {
  const home = tempDir();
  for (const cache of [join(home, '.cache'), join(home, 'other')]) {
    const env = { HOME: home, XDG_CACHE_HOME: cache === join(home, '.cache') ? '' : cache };
    expect(await runCli(['version'], { env })).toMatchObject({ code: 0 });
    expect(existsSync(join(cache, 'gait', 'compiled'))).toBe(canCache);
  }
});

test('nothing is written for a user without a home, or with a cache folder that is no absolute path', async () => {
  const folder = tempDir();
  mkdirSync(join(folder, 'cache'));
  expect(await runCli(['version'], { cwd: folder, env: { HOME: '', XDG_CACHE_HOME: 'cache' } })).toMatchObject({
    code: 0,
  });
  expect(existsSync(join(folder, 'cache', 'gait'))).toBe(false);
});
