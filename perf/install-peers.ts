/**
 * Installs the peers of the benchmarks into perf/peers/node_modules, from the lock file there. All of them are optional
 * dependencies of that folder: an addon that cannot be built here is left out, and the benchmarks say so.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { peersDir } from './paths.js';

/** Does nothing when they are installed. Prints to standard error; a failure is said, and the bench goes on without. */
export function installPeers(): void {
  if (existsSync(join(peersDir, 'node_modules', '.package-lock.json'))) return;
  process.stderr.write('installing the peers into perf/peers (once; better-sqlite3 may have to be compiled) ...\n');
  const { status, error } = spawnSync('npm', ['ci', '--no-audit', '--no-fund'], {
    cwd: peersDir,
    stdio: ['ignore', 2, 2],
  });
  if (error !== undefined || status !== 0) {
    process.stderr.write(`the peers could not be installed: ${error?.message ?? `npm ci exited with ${status}`}\n`);
  }
}
