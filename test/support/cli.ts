import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { join } from 'node:path';
import { repositoryRoot } from './paths.js';

/** The CLI's entry as users run it; built once before all tests. */
export const gaitBin: string = join(repositoryRoot, 'dist', 'cli', 'main.js');

export interface CliOptions {
  readonly cwd?: string;
  /** Set on top of this process's environment; `undefined` removes a variable. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Written to the child's stdin, which is then closed. */
  readonly input?: string | Uint8Array;
}

export interface CliResult {
  /** The exit code, or null when a signal ended the process. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Starts the built CLI under the Node that runs the tests, for tests that talk to it while it runs. */
export function spawnCli(args: readonly string[], options: CliOptions = {}): ChildProcessWithoutNullStreams {
  return spawn(process.execPath, [gaitBin, ...args], {
    cwd: options.cwd,
    env: { ...process.env, ...options.env },
    stdio: 'pipe',
  });
}

/** Runs the built CLI to its end. Resolves whatever the exit code; rejects only when the process cannot be started. */
export async function runCli(args: readonly string[], options: CliOptions = {}): Promise<CliResult> {
  const child = spawnCli(args, options);
  const ended = exitOf(child);
  child.stdin.end(options.input);
  return await ended;
}

/**
 * Collects a child's output and waits for its end. Call it in the tick of the spawn, before output can be lost.
 * Rejects when the process cannot be started or talked to. A child that ends without reading all of its input is no
 * such failure: what it has to say is in its exit code and on its stderr.
 */
export async function exitOf(child: ChildProcessWithoutNullStreams): Promise<CliResult> {
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => (stdout += chunk));
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (stderr += chunk));
  return await new Promise((resolve, reject) => {
    child.on('error', reject);
    child.stdin.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') reject(error);
    });
    child.on('close', (code, signal) => resolve({ code, signal, stdout, stderr }));
  });
}
