/**
 * Group commit: appends that arrive while a commit is under way form the next one.
 *
 * A commit that does no waiting runs synchronously, so the queue is drained when the current turn of promise callbacks is
 * over: everybody who was woken by the last commit has had the chance to send the next event.
 */
import type { EncodedEvent } from './event.js';
import type { Receipt } from './answer-types.js';
import type { CompanionFile } from './handle-types.js';

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

/** What a commit under way may ask of the queue: appends to make ready while its sync runs. */
export interface Waiting {
  /** How much waits, tasks included. */
  readonly waitingCount: number;
  /** Resolves after all promise callbacks: whoever was just answered has had the chance to send the next event. */
  callbacks(): Promise<void>;
  /** Appends that wait, up to the next task or file: at most so many of them, and so many events. */
  take(requests: number, events: number): AppendRequest[];
  /** Takes back, in front of all others, what was taken and not written. */
  putBack(requests: readonly AppendRequest[]): void;
}

/** A commit is cut here, so that a flood of events cannot hold the lock for long. */
export const MAX_COMMIT_EVENTS = 4_096;
/** Longest that commits follow each other without letting the event loop turn: timers keep our lock fresh. */
const MAX_TURN_MS = 5;

/** Work that stands alone between two commits. It settles its own promise and never rejects. */
type Task = () => Promise<void>;

type Commit = (requests: readonly AppendRequest[], waiting: Waiting) => Promise<void>;

export class CommitQueue implements Waiting {
  readonly #commit: Commit;
  readonly #shareOf: (waiting: number) => number;
  #waiting: (AppendRequest | Task)[] = [];
  #running: Promise<void> | undefined;
  #turnEnds = 0;

  /**
   * @param commit settles every request that it is given or takes, unless it puts it back, and never rejects
   * @param shareOf how many of those that wait go into the next commit
   */
  constructor(commit: Commit, shareOf: (waiting: number) => number = (waiting) => waiting) {
    this.#commit = commit;
    this.#shareOf = shareOf;
  }

  get waitingCount(): number {
    return this.#waiting.length;
  }

  putBack(requests: readonly AppendRequest[]): void {
    this.#waiting.unshift(...requests);
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
      await (typeof next === 'function' ? next() : this.#commit(next, this));
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
    if (first?.companion !== undefined) {
      this.#waiting.shift();
      return [first];
    }
    return this.take(this.#shareOf(this.#waiting.length), MAX_COMMIT_EVENTS);
  }

  /** When there is all the room of a commit, the first one is taken however many events it has. */
  take(requests: number, room: number): AppendRequest[] {
    const batch: AppendRequest[] = [];
    let events = 0;
    for (const entry of this.#waiting) {
      if (batch.length >= requests || typeof entry === 'function' || entry.companion !== undefined) break;
      events += entry.events.length;
      if (events > room && (batch.length > 0 || room < MAX_COMMIT_EVENTS)) break;
      batch.push(entry);
    }
    this.#waiting.splice(0, batch.length);
    return batch;
  }

  /** Before the event loop turns. */
  callbacks(): Promise<void> {
    return new Promise((resolve) => process.nextTick(resolve));
  }

  async #endOfTurn(): Promise<void> {
    const now = performance.now();
    if (now < this.#turnEnds) {
      await this.callbacks();
      return;
    }
    await new Promise<void>((resolve) => setImmediate(resolve));
    this.#turnEnds = performance.now() + MAX_TURN_MS;
  }
}
