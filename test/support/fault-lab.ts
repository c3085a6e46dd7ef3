/** What only `vitest --mode long` needs: the longest files first, and in the end all counts together. */
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { BaseSequencer, type TestSpecification } from 'vitest/node';
import { FAULT_COUNTS } from './paths.js';

/** Each of these takes a minute or more. One that began last would run alone. */
const LONGEST_FIRST = [
  'kill-storm',
  'many-writers',
  'failpoints',
  'power-cuts.test',
  'power-cuts-around',
  'power-cuts-recovery',
  'hostile-files',
  'model',
  'kernel-calls',
];

export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification): number => {
      const place = LONGEST_FIRST.findIndex((name) => moduleId.includes(`/${name}`));
      return place === -1 ? LONGEST_FIRST.length : place;
    };
    return (await super.sort(files)).toSorted((a, b) => rank(a) - rank(b));
  }
}

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
