/** In the end of `vitest --mode long`, all counts of its tests together. In the short form there are none. */
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { FAULT_COUNTS } from './paths.js';

export function setup(): void {
  mkdirSync(dirname(FAULT_COUNTS), { recursive: true });
  rmSync(FAULT_COUNTS, { force: true });
}

export function teardown(): void {
  if (!existsSync(FAULT_COUNTS)) return;
  const lines = readFileSync(FAULT_COUNTS, 'utf8').trimEnd().split('\n').toSorted();
  console.log('\nfault lab: what was looked at');
  for (const line of lines) console.log(`  ${line}`);
}
