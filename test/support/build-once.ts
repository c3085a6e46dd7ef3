import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { gaitBin } from './cli.js';
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
 * Runs once before all tests: prints the seed of the run, builds the project as `npm run build` does, so that tests can start the real CLI as a
 * process of its own, and prepares the folder into which those processes write their coverage.
 *
 * Types are the business of `npm run check`: the compiler's complaints are printed, and the run goes on with what it
 * emitted. Only a compiler that emits nothing stops the tests.
 */
export default function setup(project: TestProject): void {
  console.log(`GAIT_TEST_SEED=${project.config.env['GAIT_TEST_SEED'] ?? ''}`);
  const compiler = join(dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin', 'tsc');
  const compiled = runNode(compiler, '-p', 'tsconfig.build.json');
  if (compiled !== 0 && compiled !== EMITTED_WITH_ERRORS) throw new Error('the library was not built');
  // Tests that start the CLI must then fail, and not pass with one that an earlier run built.
  if (runNode(join('scripts', 'bundle-cli.mjs')) !== 0) rmSync(gaitBin, { force: true });
  if (runNode(join('scripts', 'bundle-page.mjs')) !== 0) throw new Error('the page of gait report was not built');

  const withCoverage = project.vitest.config.coverage.enabled;
  if (withCoverage) {
    rmSync(childCoverageDir, { recursive: true, force: true });
    mkdirSync(childCoverageDir, { recursive: true });
  }
  project.provide('childCoverageDir', withCoverage ? childCoverageDir : '');
}

/** Runs a script to its end; prints what it says when it fails. Returns its exit code. */
function runNode(script: string, ...args: string[]): number | null {
  const { error, status, stdout, stderr } = spawnSync(process.execPath, [script, ...args], {
    cwd: repositoryRoot,
    encoding: 'utf8',
  });
  if (error !== undefined) throw error;
  if (status !== 0) process.stderr.write(`${script} exited with ${status}\n${stdout}${stderr}`);
  return status;
}
