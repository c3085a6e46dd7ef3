/** An open journal, as its user holds it: checks what comes in, queues it, seals when it is due, closes once. */
import { GaitError, isGaitError } from '../errors.js';
import { AutoCompact } from './auto-compact.js';
import { AutoSeal } from './auto-seal.js';
import { CommitQueue, type AppendRequest } from './commit-queue.js';
import { Committer } from './committer.js';
import { normalizeEvent } from './event.js';
import { frameTexts, type FrameTexts } from './event-frame.js';
import { isReservedTool } from './event-fields.js';
import {
  dropPayload,
  takeAllInline,
  takeInline,
  takeWithPayload,
  type Intake,
  type TakenEvent,
} from './payload-intake.js';
import { refuseUnknown, type WriterSettings } from './settings.js';
import { readStatus } from './status.js';
import type { JournalPaths } from './store/index.js';
import type { CompactOptions, CompactionResult } from './compaction-types.js';
import type { CheckpointResult, Receipt, SessionStatus } from './answer-types.js';
import type { AppendOptions, CheckpointOptions, Journal } from './handle-types.js';
import type { EventInput } from './types.js';

const NO_OPTIONS: AppendOptions = {};

type Resolve = AppendRequest['resolve'];
type Reject = AppendRequest['reject'];

export class JournalWriter implements Journal {
  readonly #settings: WriterSettings;
  readonly #paths: JournalPaths;
  readonly #committer: Committer;
  readonly #queue: CommitQueue;
  readonly #autoSeal: AutoSeal;
  readonly #autoCompact: AutoCompact;
  readonly #texts: FrameTexts;
  #closing: Promise<void> | undefined;
  /** Those that were asked for: closing waits for them. */
  #compactions: Promise<unknown> = Promise.resolve();

  private constructor(settings: WriterSettings, paths: JournalPaths, committer: Committer) {
    this.#settings = settings;
    this.#paths = paths;
    this.#committer = committer;
    this.#texts = frameTexts(committer.frame);
    this.#queue = new CommitQueue((requests) => this.#commit(requests));
    this.#autoSeal = new AutoSeal(settings.seal, () => this.#sealRest());
    this.#autoCompact = new AutoCompact(settings.compactOver);
  }

  /** Opens an initialised journal. Changes nothing when it is refused. */
  static async open(paths: JournalPaths, settings: WriterSettings): Promise<JournalWriter> {
    return new JournalWriter(settings, paths, await Committer.open(paths, settings));
  }

  get path(): string {
    return this.#paths.journal;
  }

  append(event: EventInput, options: AppendOptions = NO_OPTIONS): Promise<Receipt> {
    // No promise in between: with many callers each one more is a tenth of what an append costs.
    return new Promise((resolve, reject) => {
      const settle = ([receipt]: Receipt[]): void => {
        if (receipt === undefined) reject(new GaitError('INTERNAL', 'an append without a receipt'));
        else resolve(receipt);
      };
      this.#request([event], options, settle, reject);
    });
  }

  appendAll(events: readonly EventInput[], options: AppendOptions = NO_OPTIONS): Promise<Receipt[]> {
    return new Promise((resolve, reject) => {
      if (events.length === 0) resolve([]);
      else this.#request(events, options, resolve, reject);
    });
  }

  checkpoint(options: CheckpointOptions = {}): Promise<CheckpointResult> {
    return this.#alone(() => this.#committer.seal(options));
  }

  rebuildChain(chainOut?: string): Promise<string> {
    return this.#alone(() => this.#committer.rebuildChain(chainOut));
  }

  async complete(options: CheckpointOptions = {}): Promise<CheckpointResult> {
    this.#refuseStranger();
    return this.#alone(() => this.#committer.complete(options));
  }

  async compact(options: CompactOptions = {}): Promise<CompactionResult> {
    refuseUnknown(options, ['dryRun', 'onProgress', 'out', 'signal']);
    this.#refuseClosed();
    const run = this.#compact(options);
    this.#compactions = Promise.allSettled([this.#compactions, run]);
    return run;
  }

  async status(): Promise<SessionStatus> {
    await this.#queue.idle();
    return readStatus(this.#paths.journal, { fileSystem: this.#settings.world.fs });
  }

  close(): Promise<void> {
    return (this.#closing ??= this.#close());
  }

  /** A journal of the engine's own, such as a ledger, takes no events of callers, and does not end because one of them says so. */
  #refuseStranger(): void {
    const { sessionId } = this.#committer.frame;
    if (this.#settings.isEngine || !isReservedTool(sessionId)) return;
    throw new GaitError('INVALID_ARGUMENT', `session ${sessionId} is the engine's own: nobody else may append to it`, {
      hint: 'gait hold, gait prune and gait erase write to a ledger',
      details: { field: 'session_id', found: sessionId },
    });
  }

  #refuseClosed(): void {
    if (this.#closing !== undefined) throw new GaitError('HANDLE_CLOSED', 'the journal handle is closed');
  }

  /** Throws what is wrong with the request before it is queued. */
  #request(events: readonly EventInput[], options: AppendOptions, resolve: Resolve, reject: Reject): void {
    const { expectedSequence, payload, companion } = options;
    if (expectedSequence !== undefined && !(Number.isSafeInteger(expectedSequence) && expectedSequence >= 0)) {
      throw new GaitError('INVALID_ARGUMENT', 'expectedSequence must be a whole number, 0 for an empty session');
    }
    if (payload !== undefined && events.length !== 1) {
      throw new GaitError('INVALID_ARGUMENT', 'a payload belongs to one event: use append');
    }
    if (companion !== undefined && (events.length !== 1 || payload !== undefined)) {
      throw new GaitError('INVALID_ARGUMENT', 'a companion belongs to one event, which has no payload');
    }
    this.#refuseClosed();
    this.#refuseStranger();
    const intake = this.#intake();
    const encoded = payload === undefined ? takeAllInline(intake, events, this.#settings.isEngine) : undefined;
    if (encoded !== undefined) {
      this.#queue.push({ events: encoded, expectedSequence, resolve, reject, companion });
      return;
    }
    const normal = events.map((event, index) =>
      named(index, events.length, () => normalizeEvent(event, this.#settings.isEngine)),
    );
    const inline = normal.map((event, index) => named(index, events.length, () => takeInline(intake, event)));
    if (companion !== undefined) {
      throw new GaitError('LINE_TOO_LONG', 'the attributes are too long for the line of an event with a companion');
    }
    this.#requestWithPayloads(intake, normal, inline, options).then(resolve, reject);
  }

  /** Events keep their order among themselves; others may come in between while the payloads are stored. */
  async #requestWithPayloads(
    intake: Intake,
    events: readonly EventInput[],
    inline: readonly (TakenEvent | undefined)[],
    { expectedSequence, payload }: AppendOptions,
  ): Promise<Receipt[]> {
    const taken: TakenEvent[] = [];
    try {
      for (const [index, event] of events.entries()) {
        const ready = payload === undefined ? inline[index] : undefined;
        taken.push(ready ?? (await takeWithPayload(intake, event, payload)));
      }
      this.#refuseClosed();
      return await new Promise((resolve, reject) => {
        const onRepeat = (index: number): void => {
          const stored = taken[index]?.payload;
          if (stored !== undefined) dropPayload(intake, stored);
        };
        const encoded = taken.map((each) => each.encoded);
        this.#queue.push({ events: encoded, expectedSequence, resolve, reject, onRepeat });
      });
    } catch (error) {
      for (const { payload: stored } of taken) {
        if (stored !== undefined && isSurelyNotWritten(error)) dropPayload(intake, stored);
      }
      throw error;
    }
  }

  #intake(): Intake {
    const { world } = this.#settings;
    return { world, paths: this.#paths, frame: this.#committer.frame, texts: this.#texts, nowMs: world.clock() };
  }

  async #commit(requests: readonly AppendRequest[]): Promise<void> {
    try {
      await this.#committer.underLock(async () => {
        await this.#committer.append(requests);
        await this.#sealIfDue();
      });
    } catch (error) {
      // Those that were settled above stay so.
      for (const request of requests) request.reject(error);
    }
    this.#committer.saveIndex();
  }

  /** A step of its own between two commits, with the lock held. */
  async #alone<T>(work: () => Promise<T>): Promise<T> {
    this.#refuseClosed();
    const result = await this.#betweenCommits(work);
    this.#autoSeal.disarm();
    this.#considerCompaction();
    return result;
  }

  #betweenCommits<T>(work: () => Promise<T>): Promise<T> {
    return this.#queue.run(() => this.#committer.underLock(work));
  }

  #compact(options: CompactOptions): Promise<CompactionResult> {
    return this.#committer.compact(options, (work) => this.#betweenCommits(work));
  }

  #considerCompaction(): void {
    if (this.#closing !== undefined) return;
    this.#autoCompact.consider(this.#committer.log, () => this.#compact({}));
  }

  async #sealIfDue(): Promise<void> {
    const unsealed = this.#committer.unsealedEvents;
    if (unsealed === 0) return;
    const { policy } = this.#autoSeal;
    if (this.#autoSeal.isDue(unsealed)) {
      await this.#autoSeal.attempt(() => this.#committer.seal(policy));
      this.#considerCompaction();
    } else {
      this.#autoSeal.arm();
    }
  }

  /** Own lock round, for the timer and for close. */
  #sealRest(): Promise<void> {
    return this.#betweenCommits(async () => {
      if (this.#committer.unsealedEvents === 0) return;
      await this.#committer.seal(this.#autoSeal.policy);
      this.#considerCompaction();
    });
  }

  async #close(): Promise<void> {
    await this.#compactions;
    await this.#autoCompact.idle();
    await this.#queue.idle();
    this.#autoSeal.disarm();
    const { policy } = this.#autoSeal;
    if (policy.onClose === true && this.#committer.isHealthy) await this.#autoSeal.attempt(() => this.#sealRest());
    await this.#committer.close();
    const failure = this.#autoSeal.failure ?? this.#autoCompact.failure;
    if (failure !== undefined) throw failure;
  }
}

/** After other failures the event may yet be found in the file; its payload must be there then. */
function isSurelyNotWritten(error: unknown): boolean {
  if (!isGaitError(error)) return false;
  return error.category === 'invalid_input' || error.code === 'LOCK_TIMEOUT' || error.code === 'SEQUENCE_CONFLICT';
}

/** Errors of one event of several say which one. */
function named<T>(index: number, count: number, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (count === 1 || !isGaitError(error)) throw error;
    throw new GaitError(error.code, `event ${index}: ${error.message}`, {
      hint: error.hint,
      details: { ...error.details, index },
      cause: error,
    });
  }
}
