/** Writes what a commit plans: the lock is asked once more, one write, one sync, the answers. Only under the lock. */
import { setTimeout as sleep } from 'node:timers/promises';
import { GaitError } from '../errors.js';
import { planCommit, type CommitPlan, type PlannedRequest } from './commit-plan.js';
import type { AppendRequest } from './commit-queue.js';
import { CompanionCommit } from './companion-commit.js';
import { encodeEvent, type EventFrame } from './event.js';
import { LineBuffer } from './line-buffer.js';
import type { WriterSettings } from './settings.js';
import { monotonicMs, type JournalPaths, type WriterLock } from './store/index.js';
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
  #unanswered: CommitPlan[] = [];

  constructor(settings: WriterSettings, paths: JournalPaths, file: WriterFile, lock: WriterLock) {
    this.companions = new CompanionCommit(settings.world, paths);
    this.#settings = settings;
    this.#path = paths.journal;
    this.#file = file;
    this.#lock = lock;
  }

  /** Settles every request, those of a shared lock at the next {@link CommitWriter.answer}. */
  async append(requests: readonly AppendRequest[]): Promise<void> {
    const plan = planCommit(this.#file.state, requests, this.#lines);
    await this.companions.around(plan, (mustBeDurable) => this.#write(plan, mustBeDurable));
    this.#unanswered.push(plan);
    // A shared lock is given back first: whoever is answered may start another writer and wait for it without a turn of our loop.
    if (this.#settings.lock.mode === 'exclusive') this.answer();
  }

  /** Answers what is written; in shared mode after the lock was given back. */
  answer(): void {
    for (const plan of this.#unanswered.splice(0)) this.#answer(plan);
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
    const { state } = this.#file;
    const start = state.offset;
    const isDurable = mustBeDurable || this.#settings.durability === 'durable';
    const end = plan.events.length > 0 ? await this.writeLines(plan.bytes) : start;
    // A repeated event may have been written, but not synced, by somebody who died.
    if (isDurable && (plan.events.length > 0 || plan.repeatsOlder)) this.#file.sync({ start, end });
    let byteOffset = start;
    for (const event of plan.events) {
      state.addOwnEvent(event, byteOffset);
      byteOffset += event.lineBytes + 1;
    }
  }

  /** Waits for others who lost the same race, as they must take back what lies behind ours first. */
  async #takeBackStray(): Promise<void> {
    const deadline = monotonicMs() + STRAY_PATIENCE_MS;
    while (!this.#file.takeBackStray()) {
      if (monotonicMs() >= deadline) {
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
