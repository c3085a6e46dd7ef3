import { randomInt } from 'node:crypto';
import { defineConfig, type ViteUserConfigFnObject } from 'vitest/config';
import { LongestFirst } from './test/support/longest-first.js';

/** What `npm test` draws with: the same samples on every run, so that what was red is red again. */
const USUAL_SEED = 20_261_121;

/** Every test of a run draws with one seed; other samples are looked for in the long form. */
function seedOfTheRun(mode: string): string {
  const given = process.env['GAIT_TEST_SEED'] ?? '';
  if (given !== '') return given;
  return String(mode === 'long' ? randomInt(1, 2 ** 31) : USUAL_SEED);
}

const config: ViteUserConfigFnObject = defineConfig(({ mode }) => ({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/support/build-once.ts', 'test/support/fault-counts.ts'],
    ...(mode === 'long' ? { sequence: { sequencer: LongestFirst } } : {}),
    env: { GAIT_TEST_SEED: seedOfTheRun(mode) },
    setupFiles: ['test/support/child-coverage.ts', 'test/support/property-seed.ts'],
    // Real processes: tests send signals, change their directory and count descriptors, which worker threads share.
    pool: 'forks',
    // One for each core: the long tests wait for disks and for other processes, the others compute.
    maxWorkers: '100%',
    // Generous, because crash and contention tests start hundreds of processes on machines with two cores. A time is
    // never what a test asserts.
    testTimeout: 600_000,
    hookTimeout: 600_000,
    coverage: {
      provider: 'v8',
      include: ['src/**/*.ts', 'cli/**/*.ts'],
      // One machine-readable report; scripts/coverage.mjs adds the child processes and holds the threshold.
      reporter: ['json'],
      reportsDirectory: '.coverage/report',
    },
  },
}));

export default config;
