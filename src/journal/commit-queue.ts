/**
 * Group commit: appends that arrive while a commit is under way form the next one.
 *
 * A commit that does no waiting runs synchronously, so the queue is drained when the current turn of promise callbacks is
 * over: everybody who was woken by the last commit has had the chance to send the next event.
 */
import type { EncodedEvent } from './event.js';
import type { Receipt } from './answer-types.js';
import type { CompanionFile } from './handle-types.js';
import { monotonicMs } from './store/index.js';

/** What one call of append or appendAll asks for: all of it in one commit, or none. */
export interface AppendRequest {
  readonly events: readonly EncodedEvent[];
  readonly expectedSequence: number | undefined;
  readonly resolve: (receipts: Receipt[]) => void;
  readonly reject: (error: unknown) => void;
  /** Called for an event that turned out to be a repeat, before the request is resolved. */
  readonly onRepeat?: (index: number) => void;
  /** The file of its one event. Such a request has a commit to itself. */
  readonly companion?: CompanionFile | undefined;
}

/** A commit is cut here, so that a flood of events cannot hold the lock for long. */
const MAX_COMMIT_EVENTS = 4_096;
/** Longest that commits follow each other without letting the event loop turn: timers keep our lock fresh. */
const MAX_TURN_MS = 5;

/** Work that stands alone between two commits. It settles its own promise and never rejects. */
type Task = () => Promise<void>;

export class CommitQueue {
  readonly #commit: (requests: readonly AppendRequest[]) => Promise<void>;
  #waiting: (AppendRequest | Task)[] = [];
  #running: Promise<void> | undefined;
  #turnEnds = 0;

  /** @param commit settles every request it is given and never rejects */
  constructor(commit: (requests: readonly AppendRequest[]) => Promise<void>) {
    this.#commit = commit;
  }

  push(request: AppendRequest): void {
    this.#enqueue(request);
  }

  /** Runs `work` after everything pushed before it and before everything pushed after it. */
  run<T>(work: () => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#enqueue(() => work().then(resolve, reject));
    });
  }

  #enqueue(entry: AppendRequest | Task): void {
    this.#waiting.push(entry);
    this.#running ??= this.#drain();
  }

  /** Resolves when everything pushed so far is settled. */
  async idle(): Promise<void> {
    while (this.#running !== undefined) await this.#running;
  }

  async #drain(): Promise<void> {
    for (;;) {
      await this.#endOfTurn();
      if (this.#waiting.length === 0) break;
      const next = this.#take();
      await (typeof next === 'function' ? next() : this.#commit(next));
    }
    this.#running = undefined;
  }

  /** The next task, or the appends up to it. */
  #take(): Task | AppendRequest[] {
    const [first] = this.#waiting;
    if (typeof first === 'function') {
      this.#waiting.shift();
      return first;
    }
    const batch: AppendRequest[] = [];
    let events = 0;
    for (const entry of this.#waiting) {
      if (typeof entry === 'function') break;
      events += entry.events.length;
      if (batch.length > 0 && (events > MAX_COMMIT_EVENTS || entry.companion !== undefined)) break;
      batch.push(entry);
      if (entry.companion !== undefined) break;
    }
    this.#waiting.splice(0, batch.length);
    return batch;
  }

  async #endOfTurn(): Promise<void> {
    const now = monotonicMs();
    if (now < this.#turnEnds) {
      // After all promise callbacks, before the event loop turns.
      await new Promise<void>((resolve) => process.nextTick(resolve));
      return;
    }
    await new Promise<void>((resolve) => setImmediate(resolve));
    this.#turnEnds = monotonicMs() + MAX_TURN_MS;
  }
}
