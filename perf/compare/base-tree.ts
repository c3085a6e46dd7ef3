/** The base, checked out and built in a temporary folder, with head's harness beside its library. */
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { repositoryRoot } from '../paths.js';

export interface BaseTree {
  /** Full hash of the commit. */
  readonly commit: string;
  /** Folder of compiled modules, as .perf-dist is for head. */
  readonly perfDist: string;
  remove(): void;
}

/** @param dir a folder that is not there yet @throws Error when there is no such commit, or it does not build */
export function buildBase(revision: string, dir: string): BaseTree {
  const commit = output(
    repositoryRoot,
    'git',
    'rev-parse',
    '--verify',
    '--end-of-options',
    `${revision}^{commit}`,
  ).trim();
  output(repositoryRoot, 'git', 'worktree', 'add', '--detach', dir, commit);
  const remove = (): void => {
    output(repositoryRoot, 'git', 'worktree', 'remove', '--force', dir);
  };
  try {
    installDependencies(dir);
    output(dir, 'npm', 'run', 'build');
    const perfDist = join(dir, '.perf-dist');
    rmSync(perfDist, { recursive: true, force: true });
    mkdirSync(perfDist);
    output(
      dir,
      process.execPath,
      join('node_modules', 'typescript', 'bin', 'tsc'),
      '-p',
      'tsconfig.build.json',
      '--outDir',
      perfDist,
    );
    cpSync(join(repositoryRoot, '.perf-dist', 'perf'), join(perfDist, 'perf'), { recursive: true });
    return { commit, perfDist, remove };
  } catch (error) {
    remove();
    throw error;
  }
}

/** Head's own, when both were locked to the same. */
function installDependencies(dir: string): void {
  const lockOf = (root: string): string => readFileSync(join(root, 'package-lock.json'), 'utf8');
  const modules = join(repositoryRoot, 'node_modules');
  if (lockOf(dir) === lockOf(repositoryRoot) && existsSync(modules)) symlinkSync(modules, join(dir, 'node_modules'));
  else output(dir, 'npm', 'ci', '--ignore-scripts', '--no-audit', '--no-fund');
}

/** Runs a command to its end; throws with what it said when it fails. */
function output(cwd: string, command: string, ...args: string[]): string {
  const { error, status, stdout, stderr } = spawnSync(command, args, { cwd, encoding: 'utf8' });
  if (error !== undefined) throw error;
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} exited with ${status}\n${stdout}${stderr}`);
  return stdout;
}
