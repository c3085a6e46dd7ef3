import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { childCoverageDir, repositoryRoot } from './paths.js';

declare module 'vitest' {
  export interface ProvidedContext {
    /** Where child processes leave their coverage, or '' in a run without coverage. */
    childCoverageDir: string;
  }
}

/** The compiler's exit status for "diagnostics present, outputs generated". */
const EMITTED_WITH_ERRORS = 2;

/**
 * Runs once before all tests: compiles the project, so that tests can start the real CLI as a process of its own, and
 * prepares the folder into which those processes write their coverage.
 *
 * Types are the business of `npm run check`: the compiler's complaints are printed, and the run goes on with what it
 * emitted. Only a compiler that emits nothing stops the tests.
 */
export default function setup(project: TestProject): void {
  const compiler = join(dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin', 'tsc');
  const build = spawnSync(process.execPath, [compiler, '-p', 'tsconfig.build.json'], {
    cwd: repositoryRoot,
    encoding: 'utf8',
  });
  if (build.error !== undefined) throw build.error;
  if (build.status !== 0) process.stderr.write(`tsc exited with ${build.status}\n${build.stdout}${build.stderr}`);
  if (build.status !== 0 && build.status !== EMITTED_WITH_ERRORS) throw new Error('nothing was built');

  const withCoverage = project.vitest.config.coverage.enabled;
  if (withCoverage) {
    rmSync(childCoverageDir, { recursive: true, force: true });
    mkdirSync(childCoverageDir, { recursive: true });
  }
  project.provide('childCoverageDir', withCoverage ? childCoverageDir : '');
}
