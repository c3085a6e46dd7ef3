import { defineConfig, type ViteUserConfig } from 'vitest/config';

const config: ViteUserConfig = defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/support/build-once.ts'],
    setupFiles: ['test/support/child-coverage.ts'],
    // Real processes: tests send signals, change their directory and count descriptors, which worker threads share.
    pool: 'forks',
    // One for each core: the long tests wait for disks and for other processes, the others compute.
    maxWorkers: '100%',
    // Generous, because crash and contention tests start hundreds of processes on machines with two cores. A time is
    // never what a test asserts.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    coverage: {
      provider: 'v8',
      include: ['src/**/*.ts', 'cli/**/*.ts'],
      // One machine-readable report; scripts/coverage.mjs adds the child processes and holds the threshold.
      reporter: ['json'],
      reportsDirectory: '.coverage/report',
    },
  },
});

export default config;
