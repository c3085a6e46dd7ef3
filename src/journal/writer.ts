/** An open journal, as its user holds it: checks what comes in, queues it, seals when it is due, closes once. */
import { GaitError, isGaitError } from '../errors.js';
import { AutoSeal } from './auto-seal.js';
import { CommitQueue, type AppendRequest } from './commit-queue.js';
import { Committer } from './committer.js';
import { encodeEvent, normalizeEvent } from './event.js';
import type { WriterSettings } from './settings.js';
import { readStatus } from './status.js';
import type { JournalPaths } from './store/index.js';
import type {
  AppendOptions,
  CheckpointOptions,
  CheckpointResult,
  EventInput,
  Journal,
  Receipt,
  SessionStatus,
} from './types.js';

export class JournalWriter implements Journal {
  readonly #settings: WriterSettings;
  readonly #paths: JournalPaths;
  readonly #committer: Committer;
  readonly #queue: CommitQueue;
  readonly #autoSeal: AutoSeal;
  #closing: Promise<void> | undefined;

  private constructor(settings: WriterSettings, paths: JournalPaths, committer: Committer) {
    this.#settings = settings;
    this.#paths = paths;
    this.#committer = committer;
    this.#queue = new CommitQueue((requests) => this.#commit(requests));
    this.#autoSeal = new AutoSeal(settings.seal, () => this.#sealRest());
  }

  /** Opens an initialised journal. Changes nothing when it is refused. */
  static async open(paths: JournalPaths, settings: WriterSettings): Promise<JournalWriter> {
    return new JournalWriter(settings, paths, await Committer.open(paths, settings));
  }

  get path(): string {
    return this.#paths.journal;
  }

  async append(event: EventInput, options: AppendOptions = {}): Promise<Receipt> {
    const [receipt] = await this.#request([event], options);
    if (receipt === undefined) throw new GaitError('INTERNAL', 'an append without a receipt');
    return receipt;
  }

  async appendAll(events: readonly EventInput[], options: AppendOptions = {}): Promise<Receipt[]> {
    return events.length === 0 ? [] : this.#request(events, options);
  }

  checkpoint(options: CheckpointOptions = {}): Promise<CheckpointResult> {
    return this.#alone(() => this.#committer.seal(options));
  }

  complete(options: CheckpointOptions = {}): Promise<CheckpointResult> {
    return this.#alone(() => this.#committer.complete(options));
  }

  async status(): Promise<SessionStatus> {
    await this.#queue.idle();
    return readStatus(this.#paths.journal, { fileSystem: this.#settings.world.fs });
  }

  close(): Promise<void> {
    return (this.#closing ??= this.#close());
  }

  #refuseClosed(): void {
    if (this.#closing !== undefined) throw new GaitError('HANDLE_CLOSED', 'the journal handle is closed');
  }

  #request(events: readonly EventInput[], options: AppendOptions): Promise<Receipt[]> {
    const { expectedSequence } = options;
    if (expectedSequence !== undefined && !(Number.isSafeInteger(expectedSequence) && expectedSequence >= 0)) {
      throw new GaitError('INVALID_ARGUMENT', 'expectedSequence must be a whole number, 0 for an empty session');
    }
    this.#refuseClosed();
    const nowMs = this.#settings.world.clock();
    const encoded = events.map((event, index) => {
      try {
        return encodeEvent(normalizeEvent(event), this.#committer.frame, nowMs);
      } catch (error) {
        throw events.length > 1 ? withIndex(error, index) : error;
      }
    });
    return new Promise((resolve, reject) => {
      this.#queue.push({ events: encoded, expectedSequence, resolve, reject });
    });
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
    const result = await this.#queue.run(() => this.#committer.underLock(work));
    this.#autoSeal.disarm();
    return result;
  }

  async #sealIfDue(): Promise<void> {
    const unsealed = this.#committer.unsealedEvents;
    if (unsealed === 0) return;
    const { policy } = this.#autoSeal;
    if (this.#autoSeal.isDue(unsealed)) await this.#autoSeal.attempt(() => this.#committer.seal(policy));
    else this.#autoSeal.arm();
  }

  /** Own lock round, for the timer and for close. */
  #sealRest(): Promise<void> {
    return this.#queue.run(() =>
      this.#committer.underLock(async () => {
        if (this.#committer.unsealedEvents > 0) await this.#committer.seal(this.#autoSeal.policy);
      }),
    );
  }

  async #close(): Promise<void> {
    await this.#queue.idle();
    this.#autoSeal.disarm();
    const { policy } = this.#autoSeal;
    if (policy.onClose === true && this.#committer.isHealthy) await this.#autoSeal.attempt(() => this.#sealRest());
    await this.#committer.close();
    if (this.#autoSeal.failure !== undefined) throw this.#autoSeal.failure;
  }
}

function withIndex(error: unknown, index: number): unknown {
  if (!isGaitError(error)) return error;
  return new GaitError(error.code, `event ${index}: ${error.message}`, {
    hint: error.hint,
    details: { ...error.details, index },
    cause: error,
  });
}
