/** Writes what a commit plans: the lock is asked once more, one write, one sync, the answers. Only under the lock. */
import { setTimeout as sleep } from 'node:timers/promises';
import { GaitError } from '../errors.js';
import { CommitAhead } from './commit-ahead.js';
import { planCommit, type CommitPlan, type PlannedRequest } from './commit-plan.js';
import type { AppendRequest, Waiting } from './commit-queue.js';
import { CompanionCommit } from './companion-commit.js';
import { encodeEvent, type EventFrame } from './event.js';
import { LineBuffer } from './line-buffer.js';
import { OverlapRule } from './overlap-rule.js';
import type { WriterSettings } from './settings.js';
import type { JournalPaths, WriterLock } from './store/index.js';
import type { Receipt } from './answer-types.js';
import type { EventInput } from './types.js';
import type { WriterFile } from './writer-file.js';

/** How long to wait for another loser of a race. He needs a moment, unless he is stopped. */
const STRAY_PATIENCE_MS = 2_000;
const STRAY_PAUSE_MS = 1;

export class CommitWriter {
  readonly companions: CompanionCommit;
  readonly #settings: WriterSettings;
  readonly #path: string;
  readonly #file: WriterFile;
  readonly #lock: WriterLock;
  readonly #lines: LineBuffer = new LineBuffer();
  readonly #rule: OverlapRule = new OverlapRule();
  #unanswered: CommitPlan[] = [];

  constructor(settings: WriterSettings, paths: JournalPaths, file: WriterFile, lock: WriterLock) {
    this.companions = new CompanionCommit(settings.world, paths);
    this.#settings = settings;
    this.#path = paths.journal;
    this.#file = file;
    this.#lock = lock;
  }

  /** How many of those that wait go into the next commit: half of them when the other half is to be made ready meanwhile. */
  shareOf(waiting: number): number {
    return this.#overlaps(waiting) ? Math.ceil(waiting / 2) : waiting;
  }

  /**
   * Settles every request, those of a shared lock at the next {@link CommitWriter.answer}, and takes more from the queue where that saves
   * time.
   *
   * @param catchUp brings the state up to date when somebody changed the file without the lock
   * @param mayGoOn asked between two commits whether there may be another one before this returns
   */
  async append(
    requests: readonly AppendRequest[],
    waiting: Waiting,
    catchUp: () => Promise<void>,
    mayGoOn: () => boolean,
  ): Promise<void> {
    const plan = planCommit(this.#file.state, requests, this.#lines);
    if (requests[0]?.companion === undefined && this.#overlaps(requests.length + waiting.waitingCount)) {
      return new CommitAhead({
        file: this.#file,
        lines: this.#lines,
        rule: this.#rule,
        path: this.#path,
        waiting,
        catchUp,
        mayGoOn,
        write: (next) => this.#put(next),
        settle: (done) => this.#answer(done),
      }).run(plan);
    }
    this.#rule.noteEvents(plan.events.length);
    await this.companions.around(plan, (mustBeDurable) => this.#write(plan, mustBeDurable));
    this.#unanswered.push(plan);
    // A shared lock is given back first: whoever is answered may start another writer and wait for it without a turn of our loop.
    if (this.#settings.lock.mode === 'exclusive') this.answer();
  }

  /** Answers what is written; in shared mode after the lock was given back. */
  answer(): void {
    for (const plan of this.#unanswered.splice(0)) this.#answer(plan);
  }

  #overlaps(requests: number): boolean {
    const { lock, durability, overlap } = this.#settings;
    if (lock.mode !== 'exclusive' || durability !== 'durable' || !this.#file.canSyncLater) return false;
    return overlap === 'always' ? requests > 1 : this.#rule.pays(requests);
  }

  #answer(plan: CommitPlan): void {
    for (const planned of plan.accepted) {
      planned.events.forEach(({ isRepeat }, index) => isRepeat === true && planned.request.onRepeat?.(index));
      planned.request.resolve(this.#receipts(planned));
    }
    for (const { request, error } of plan.refused) request.reject(error);
  }

  /** An event of the journal's own: a repair, a close. */
  async appendEngineEvent(event: EventInput, frame: EventFrame): Promise<void> {
    const encoded = encodeEvent(event, frame, this.#settings.world.clock());
    const ignore = (): void => undefined;
    const request = { events: [encoded], expectedSequence: undefined, resolve: ignore, reject: ignore };
    await this.#write(planCommit(this.#file.state, [request], this.#lines));
  }

  /** @param bytes whole lines, the last one with its LF too @returns the offset behind them */
  async writeLines(bytes: Buffer): Promise<number> {
    if (!this.#lock.isHeld()) {
      throw new GaitError('FENCED', 'the lock was taken over by another writer; nothing was written');
    }
    try {
      this.#file.write(bytes);
    } catch (error) {
      await this.#takeBackStray();
      throw error;
    }
    return this.#file.state.offset + bytes.length;
  }

  /** All or nothing: either every line is in the file and the state, or none is. */
  async #write(plan: CommitPlan, mustBeDurable = false): Promise<void> {
    const isDurable = mustBeDurable || this.#settings.durability === 'durable';
    const range = await this.#put(plan);
    // A repeated event may have been written, but not synced, by somebody who died.
    if (!isDurable || (plan.events.length === 0 && !plan.repeatsOlder)) return;
    const begun = performance.now();
    this.#file.sync(range);
    this.#rule.noteSync(performance.now() - begun);
  }

  /** Writes the lines and takes them into the state. Should their sync fail, this handle is never used again. */
  async #put(plan: CommitPlan): Promise<{ readonly start: number; readonly end: number }> {
    const { state } = this.#file;
    const start = state.offset;
    if (plan.events.length === 0) return { start, end: start };
    const end = await this.writeLines(plan.bytes);
    let byteOffset = start;
    for (const event of plan.events) {
      state.addOwnEvent(event, byteOffset);
      byteOffset += event.lineBytes + 1;
    }
    return { start, end };
  }

  /** Waits for others who lost the same race, as they must take back what lies behind ours first. */
  async #takeBackStray(): Promise<void> {
    const deadline = performance.now() + STRAY_PATIENCE_MS;
    while (!this.#file.takeBackStray()) {
      if (performance.now() >= deadline) {
        const path = this.#path;
        throw new GaitError('HANDLE_POISONED', `lines of a lost race are still in ${path}`, { details: { path } });
      }
      await sleep(STRAY_PAUSE_MS);
    }
  }

  #receipts({ request, events }: PlannedRequest): Receipt[] {
    const { durability } = this.#settings;
    return request.events.map((_, at) => {
      const event = events[at];
      if (event === undefined) throw new GaitError('INTERNAL', 'an event without a place');
      return this.#file.state.receipt(event.sequence, event.leafIndex, event.leafHash, durability);
    });
  }
}
