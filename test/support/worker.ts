import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { join } from 'node:path';
import type { Receipt } from '../../src/index.js';
import { repositoryRoot } from './paths.js';

/** What the scripts in test/crash/workers print, one JSON object a line. */
export interface WorkerMessage {
  /** An append was acknowledged: the correlation id it was sent with, and its receipt. */
  readonly ack?: string;
  readonly receipt?: Receipt;
  /** An append was refused with this code. */
  readonly refused?: string;
  /** The journal is open, or the worker stands still where it was told to. */
  readonly state?: 'open' | 'stopped';
  /** Whether it left its lock directory lying after a commit. */
  readonly isKept?: boolean;
}

/** A child process that runs one of the scripts in test/crash/workers. */
export class Worker {
  readonly child: ChildProcessWithoutNullStreams;
  /** Whole lines only: what a killed worker did not finish printing was not said. */
  readonly messages: WorkerMessage[] = [];
  readonly ended: Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }>;
  stderr = '';
  #rest = '';
  #wake: () => void = () => undefined;
  #hasEnded = false;

  constructor(script: string, settings: object) {
    const path = join(repositoryRoot, 'test', 'crash', 'workers', script);
    this.child = spawn(process.execPath, [path, JSON.stringify(settings)], { stdio: 'pipe' });
    this.child.stdout.setEncoding('utf8').on('data', (chunk: string) => this.#take(chunk));
    this.child.stderr.setEncoding('utf8').on('data', (chunk: string) => (this.stderr += chunk));
    this.ended = new Promise((resolve, reject) => {
      this.child.on('error', reject);
      this.child.on('close', (code, signal) => {
        this.#hasEnded = true;
        this.#wake();
        resolve({ code, signal });
      });
    });
  }

  get pid(): number {
    if (this.child.pid === undefined) throw new Error('the worker did not start');
    return this.child.pid;
  }

  /** Acknowledged appends, in the order of their printing. */
  get receipts(): Map<string, Receipt> {
    const receipts = new Map<string, Receipt>();
    for (const { ack, receipt } of this.messages) {
      if (ack === undefined || receipt === undefined) continue;
      if (receipts.has(ack)) throw new Error(`${ack} was acknowledged twice`);
      receipts.set(ack, receipt);
    }
    return receipts;
  }

  /** Resolves with the first message that fits; false when the worker ended without it. */
  async saying(isIt: (message: WorkerMessage) => boolean): Promise<boolean> {
    for (;;) {
      if (this.messages.some(isIt)) return true;
      if (this.#hasEnded) return false;
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  async kill(): Promise<void> {
    this.child.kill('SIGKILL');
    await this.ended;
  }

  #take(chunk: string): void {
    const lines = (this.#rest + chunk).split('\n');
    this.#rest = lines.pop() ?? '';
    this.messages.push(...lines.map((line) => JSON.parse(line) as WorkerMessage));
    this.#wake();
  }
}
