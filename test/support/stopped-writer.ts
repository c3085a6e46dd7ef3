import { utimesSync, writeFileSync } from 'node:fs';
import { openJournal, type OpenOptions, type Receipt } from '../../src/index.js';
import { event } from './appending.js';
import { newJournal } from './linear-journal.js';
import { Worker } from './worker.js';

/** Where a writer can be stopped inside its critical section, in the order of passing. */
export const POINTS: readonly Point[] = [
  'before the lock is checked',
  'before the write',
  'after the write',
  'before the sync',
  'after the sync',
  'before the release',
];
export type Point =
  | 'before the lock is checked'
  | 'before the write'
  | 'after the write'
  | 'before the sync'
  | 'after the sync'
  | 'before the release';

/** A process that is stopped in the middle of a commit, until it is told to go on. */
export class StoppedWriter {
  readonly path: string;
  readonly #goFile: string;
  readonly #worker: Worker;

  private constructor(path: string, point: Point, options: OpenOptions) {
    this.path = path;
    this.#goFile = `${path}.go`;
    this.#worker = new Worker('stop.mjs', { path, options, point, goFile: this.#goFile });
  }

  /** A new session with one event, and a writer that stands still, by SIGSTOP, in the middle of appending the next. */
  static async at(point: Point, options: OpenOptions): Promise<StoppedWriter> {
    const path = await newJournal();
    const journal = await openJournal(path, options);
    await journal.append(event('first'));
    await journal.close();
    const writer = new StoppedWriter(path, point, options);
    const isStopped = await writer.#worker.saying(({ state }) => state === 'stopped');
    if (!isStopped) throw new Error(`the worker passed by its point: ${writer.#worker.stderr}`);
    writer.#worker.child.kill('SIGSTOP');
    return writer;
  }

  get pid(): number {
    return this.#worker.pid;
  }

  /** What 60 seconds without a refresh do to the lock directory. */
  ageLock(): void {
    const seconds = Date.now() / 1000 - 60;
    utimesSync(`${this.path}.lock`, seconds, seconds);
  }

  /** SIGCONT, then the end of the worker. Returns what its appends came to. */
  async goOn(): Promise<{ receipts: Map<string, Receipt>; refused: (string | undefined)[] }> {
    writeFileSync(this.#goFile, '');
    this.#worker.child.kill('SIGCONT');
    const { code } = await this.#worker.ended;
    if (code !== 0) throw new Error(`the worker failed: ${this.#worker.stderr}`);
    const refused = this.#worker.messages.flatMap((message) => ('refused' in message ? [message.refused] : []));
    return { receipts: this.#worker.receipts, refused };
  }
}
