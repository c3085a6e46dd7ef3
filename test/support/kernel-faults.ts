/** A process whose calls to the kernel are counted and made to fail by `strace`, one operation at a time. */
import { type ChildProcessWithoutNullStreams, spawn, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Receipt } from '../../src/index.js';
import { repositoryRoot } from './paths.js';

/** Calls that change a disk, or make a change durable. */
const SYSCALLS = [
  'write',
  'pwrite64',
  'fdatasync',
  'fsync',
  'ftruncate',
  'openat',
  'rename',
  'mkdir',
  'link',
  'unlink',
  'rmdir',
  'utimensat',
] as const;

/** What the operation said in the end. */
export interface Answer {
  readonly receipts: readonly Receipt[];
  /** Of the error it ended with. */
  readonly code?: string;
}

/** One call below the root, as it was made: the how manieth of its name. */
export interface KernelCall {
  readonly call: string;
  readonly nth: number;
}

/** The process died of what was done to it. */
class Ended extends Error {}

export class TracedProcess {
  readonly #folder: string;
  #child: ChildProcessWithoutNullStreams;
  #lines: AsyncIterator<string>;

  private constructor(folder: string) {
    this.#folder = folder;
    ({ child: this.#child, lines: this.#lines } = begin(folder));
  }

  /** @param folder of its own */
  static async start(folder: string): Promise<TracedProcess> {
    const traced = new TracedProcess(folder);
    await traced.#line();
    return traced;
  }

  /** Does the operation; every call of the main thread is on record. @returns those that name something below `root` */
  async calls(operation: string, root: string): Promise<KernelCall[]> {
    await this.#traced(operation, root, []);
    const counts = new Map<string, number>();
    const found: KernelCall[] = [];
    for (const line of this.#record()) {
      const call = /^(\w+)\(/.exec(line)?.[1] ?? '';
      const nth = (counts.get(call) ?? 0) + 1;
      counts.set(call, nth);
      // What is only opened to be read has its faults, too; what Node opens for itself is none of ours.
      if (line.includes(root)) found.push({ call, nth });
    }
    return found;
  }

  /**
   * Does the operation while one call fails. @returns its answer, and whether the call was made and was one below `root`
   *
   * The how manieth call it is can differ from one run to the next by what Node does for itself: should one of these fail, by
   * which threads wake each other, Node ends itself. Then there is no answer and no hit.
   */
  async failing(
    operation: string,
    root: string,
    { call, nth }: KernelCall,
    errno: string,
  ): Promise<Answer & { readonly isHit: boolean }> {
    const isHit = (): boolean => this.#record().some((line) => line.includes('(INJECTED)') && line.includes(root));
    try {
      const answer = await this.#traced(operation, root, ['-e', `inject=${call}:error=${errno}:when=${nth}`]);
      return { ...answer, isHit: isHit() };
    } catch (error) {
      if (!(error instanceof Ended) || isHit()) throw error;
      ({ child: this.#child, lines: this.#lines } = begin(this.#folder));
      await this.#line();
      return { receipts: [], isHit: false };
    }
  }

  async end(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    this.#child.stdin.end();
    await new Promise((resolve) => this.#child.once('close', resolve));
  }

  get #log(): string {
    return join(this.#folder, 'trace.log');
  }

  async #traced(operation: string, root: string, inject: readonly string[]): Promise<Answer> {
    const only = ['-e', `trace=${SYSCALLS.join()}`];
    const args = ['-y', '-s', '0', '-o', this.#log, ...only, ...inject, '-p', String(this.#child.pid)];
    const strace = spawn('strace', args, { stdio: ['ignore', 'ignore', 'pipe'] });
    const ended = new Promise((resolve) => strace.once('close', resolve));
    try {
      await attached(strace.stderr);
      this.#child.stdin.write(`${JSON.stringify({ operation, root })}\n`);
      return JSON.parse(await this.#line()) as Answer;
    } finally {
      strace.kill('SIGINT');
      await ended;
    }
  }

  #record(): string[] {
    return readFileSync(this.#log, 'utf8').split('\n');
  }

  async #line(): Promise<string> {
    const { value, done } = await this.#lines.next();
    if (done !== true) return value;
    const { exitCode, signalCode } = this.#child;
    throw new Ended(`the traced process has ended, ${exitCode ?? signalCode ?? 'it is not known how'}`);
  }
}

function begin(folder: string): { child: ChildProcessWithoutNullStreams; lines: AsyncIterator<string> } {
  const script = join(repositoryRoot, 'test', 'fault', 'workers', 'operations.mjs');
  const child = spawn(process.execPath, [script, join(folder, 'warm-up')], { stdio: 'pipe' });
  child.stderr.pipe(process.stderr);
  return { child, lines: createInterface({ input: child.stdout })[Symbol.asyncIterator]() };
}

/** It says so on standard error before it traces anything. */
async function attached(stderr: NodeJS.ReadableStream): Promise<void> {
  for await (const line of createInterface({ input: stderr })) {
    if (line.includes('attached')) return;
    if (line.includes('ptrace')) throw new Error(line);
  }
}

/** Whether this machine lets one process trace another one that runs already. */
export function canTrace(): boolean {
  const sleeper = spawn('sleep', ['20'], { stdio: 'ignore' });
  const { stderr } = spawnSync('timeout', ['-s', 'INT', '0.3', 'strace', '-p', String(sleeper.pid)], {
    encoding: 'utf8',
  });
  sleeper.kill('SIGKILL');
  return (stderr as string | null)?.includes('attached') === true;
}
