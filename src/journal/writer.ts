/**
 * An open journal: takes events in, commits them in groups, gives receipts.
 *
 * Life of a commit: lock, catch up with other writers, number and link the events, one write, one sync, unlock, receipts,
 * and now and then the index.
 */
import { GaitError, isGaitError } from '../errors.js';
import { AutoSeal } from './auto-seal.js';
import { buildCheckpoint, unsealedRange } from './checkpoint.js';
import { CommitQueue, type AppendRequest } from './commit-queue.js';
import { planCommit, type CommitPlan, type PlannedRequest } from './commit-plan.js';
import { encodeEvent, normalizeEvent, type EventFrame } from './event.js';
import { saveIndex } from './journal-file.js';
import { closeEvent, repairEvent } from './recovery.js';
import type { WriterSettings } from './settings.js';
import { readStatus } from './status.js';
import { DIRECTORY_MODE, WriterLock, type JournalPaths } from './store/index.js';
import type {
  AppendOptions,
  CheckpointOptions,
  CheckpointResult,
  EventInput,
  Journal,
  Receipt,
  SessionStatus,
} from './types.js';
import { WriterFile } from './writer-file.js';

/** The index is written at most this often, and at close. */
const INDEX_INTERVAL_MS = 250;

export class JournalWriter implements Journal {
  readonly #settings: WriterSettings;
  readonly #paths: JournalPaths;
  readonly #file: WriterFile;
  readonly #lock: WriterLock;
  readonly #frame: EventFrame;
  readonly #queue: CommitQueue;
  readonly #autoSeal: AutoSeal;
  #poisonedBy: unknown;
  #closing: Promise<void> | undefined;
  #indexedOffset = 0;
  #indexedAt = performance.now();

  private constructor(
    settings: WriterSettings,
    paths: JournalPaths,
    file: WriterFile,
    lock: WriterLock,
    frame: EventFrame,
  ) {
    this.#settings = settings;
    this.#paths = paths;
    this.#file = file;
    this.#lock = lock;
    this.#frame = frame;
    this.#queue = new CommitQueue((requests) => this.#commit(requests));
    this.#autoSeal = new AutoSeal(settings.seal, () => this.#sealRest());
  }

  /** Opens an initialised journal. Changes nothing when it is refused. */
  static async open(paths: JournalPaths, settings: WriterSettings): Promise<JournalWriter> {
    const { fs } = settings.world;
    const file = await WriterFile.open(settings.world, paths);
    const header = file.state.log.header;
    if (header === undefined) {
      file.close();
      throw new GaitError('JOURNAL_EMPTY', `${paths.journal} has no header yet`, { details: { path: paths.journal } });
    }
    fs.mkdirs(paths.sidecar, DIRECTORY_MODE);
    const lock = new WriterLock(fs, paths.lock, paths.guard, settings.lock);
    const frame = { sessionId: header.session_id, runId: header.run_id, producerVersion: settings.producerVersion };
    const writer = new JournalWriter(settings, paths, file, lock, frame);
    if (settings.lock.mode === 'exclusive') await writer.#lockForGood();
    return writer;
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
    this.#refuseClosed();
    return this.#queue.run(() => this.#underLock(() => this.#seal(options)));
  }

  complete(options: CheckpointOptions = {}): Promise<CheckpointResult> {
    this.#refuseClosed();
    return this.#queue.run(() =>
      this.#underLock(async () => {
        // A close that died before its checkpoint is finished by the next one.
        if (!this.#file.state.log.isClosed) await this.#appendEngineEvent(closeEvent());
        return this.#seal(options);
      }),
    );
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
        return encodeEvent(normalizeEvent(event), this.#frame, nowMs);
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
      await this.#underLock(async () => {
        const plan = planCommit(this.#file.state, requests);
        await this.#write(plan);
        for (const planned of plan.accepted) planned.request.resolve(this.#receipts(planned));
        for (const { request, error } of plan.refused) request.reject(error);
        await this.#sealIfDue();
      });
    } catch (error) {
      // Those that were settled above stay so.
      for (const request of requests) request.reject(error);
    }
    this.#saveIndexNow(INDEX_INTERVAL_MS);
  }

  /** Runs `work` with the lock held and the state caught up. Only from the queue: one at a time. */
  async #underLock<T>(work: () => Promise<T>): Promise<T> {
    if (this.#poisonedBy !== undefined) throw poisoned(this.#paths.journal, this.#poisonedBy);
    const isShared = this.#settings.lock.mode === 'shared';
    if (isShared) await this.#lock.acquire();
    try {
      await this.#catchUp();
      return await work();
    } catch (error) {
      this.#notePoison(error);
      throw error;
    } finally {
      if (isShared) await this.#lock.release();
    }
  }

  async #sealIfDue(): Promise<void> {
    const unsealed = this.#unsealedEvents();
    if (unsealed === 0) return;
    if (this.#autoSeal.isDue(unsealed)) await this.#autoSeal.attempt(() => this.#seal(this.#autoSeal.policy));
    else this.#autoSeal.arm();
  }

  /** Own lock round, for the timer and for close. */
  #sealRest(): Promise<void> {
    return this.#queue.run(() =>
      this.#underLock(async () => {
        if (this.#unsealedEvents() > 0) await this.#seal(this.#autoSeal.policy);
      }),
    );
  }

  #unsealedEvents(): number {
    const { start, end } = unsealedRange(this.#file.state.log);
    return Math.max(end - start + 1, 0);
  }

  async #catchUp(): Promise<void> {
    const torn = await this.#file.catchUp();
    // The repair becomes evidence itself, before anything else is appended.
    if (torn !== undefined) await this.#appendEngineEvent(repairEvent(torn));
  }

  /** An event of the journal's own: a repair, a close. */
  async #appendEngineEvent(event: EventInput): Promise<void> {
    const encoded = encodeEvent(event, this.#frame, this.#settings.world.clock());
    const request = {
      events: [encoded],
      expectedSequence: undefined,
      resolve: () => undefined,
      reject: () => undefined,
    };
    await this.#write(planCommit(this.#file.state, [request]));
  }

  /** All or nothing: either every line is in the file and the state, or none is. */
  async #write(plan: CommitPlan): Promise<void> {
    const { state } = this.#file;
    const start = state.offset;
    const isDurable = this.#settings.durability === 'durable';
    if (plan.lines.length > 0) await this.#writeLines(plan.lines.map(({ text }) => text));
    // A repeated event may have been written, but not synced, by somebody who died.
    if (isDurable && (plan.lines.length > 0 || plan.repeatsOlder)) this.#file.sync(start);
    let byteOffset = start;
    for (const { event } of plan.lines) {
      state.addOwnEvent(event, byteOffset);
      byteOffset += event.lineBytes + 1;
    }
  }

  async #writeLines(lines: readonly string[]): Promise<void> {
    const bytes = Buffer.from(`${lines.join('\n')}\n`);
    if (!this.#lock.isHeld()) {
      throw new GaitError('FENCED', 'the lock was taken over by another writer; nothing was written');
    }
    try {
      this.#file.write(bytes);
    } catch (error) {
      if (isGaitError(error) && error.code === 'FENCED') await this.#takeBackFenced(bytes);
      throw error;
    }
  }

  async #seal(options: CheckpointOptions): Promise<CheckpointResult> {
    const { state } = this.#file;
    const start = state.offset;
    const { producerVersion, world } = this.#settings;
    const built = buildCheckpoint(state.log, {
      producerVersion,
      nowMs: world.clock(),
      key: options.key,
      runpack: undefined,
    });
    await this.#writeLines([built.line]);
    // Always: a signature must never reach further than the disk.
    this.#file.sync(start);
    state.add(Buffer.from(built.line), start);
    this.#autoSeal.disarm();
    const { checkpoint, note } = built;
    const leaf = { leaf_index: state.log.frontier.size - 1, leaf_hash: state.log.head?.toString('hex') ?? '' };
    return { checkpoint, ...(note === undefined ? {} : { note }), ...leaf };
  }

  /** Our lines landed behind somebody else's. They were never acknowledged; take them out under a lock of our own. */
  async #takeBackFenced(bytes: Buffer): Promise<void> {
    await this.#lock.release();
    await this.#lock.acquire();
    if (!this.#file.removeFenced(bytes))
      this.#poisonedBy = new GaitError('FENCED', 'lines of a lost race are still in the file');
  }

  #receipts({ request, events }: PlannedRequest): Receipt[] {
    const { durability } = this.#settings;
    return request.events.map((_, at) => {
      const event = events[at];
      if (event === undefined) throw new GaitError('INTERNAL', 'an event without a place');
      return this.#file.state.receipt(event.sequence, event.leafIndex, event.leaf, durability);
    });
  }

  async #lockForGood(): Promise<void> {
    try {
      await this.#lock.acquire();
      await this.#catchUp();
    } catch (error) {
      await this.#lock.release();
      this.#lock.close();
      this.#file.close();
      throw error;
    }
  }

  async #close(): Promise<void> {
    await this.#queue.idle();
    this.#autoSeal.disarm();
    const isHealthy = this.#poisonedBy === undefined;
    if (isHealthy && this.#autoSeal.policy.onClose === true) await this.#autoSeal.attempt(() => this.#sealRest());
    try {
      if (isHealthy && this.#settings.durability === 'buffered') this.#file.sync(this.#file.state.offset);
      this.#saveIndexNow(0);
    } finally {
      if (this.#settings.lock.mode === 'exclusive') await this.#lock.release();
      this.#lock.close();
      this.#file.close();
    }
    if (this.#autoSeal.failure !== undefined) throw this.#autoSeal.failure;
  }

  #saveIndexNow(minIntervalMs: number): void {
    const { state } = this.#file;
    if (this.#poisonedBy !== undefined || state.offset === this.#indexedOffset) return;
    const now = performance.now();
    if (now - this.#indexedAt < minIntervalMs) return;
    this.#indexedAt = now;
    try {
      saveIndex(this.#settings.world, this.#paths, state, this.#file.stat(), this.#file.durableOffset);
      this.#indexedOffset = state.offset;
    } catch {
      // A full or read-only disk: the index is a cache, and the next open reads the journal instead.
    }
  }

  /** After these nobody knows what the disk holds, until a new handle reads it. */
  #notePoison(error: unknown): void {
    if (isGaitError(error) && (error.code === 'SYNC_FAILED' || error.code === 'HANDLE_POISONED'))
      this.#poisonedBy = error;
  }
}

function poisoned(path: string, cause: unknown): GaitError {
  return new GaitError(
    'HANDLE_POISONED',
    `an earlier write to ${path} failed in a way that only opening it anew can settle`,
    {
      cause,
      details: { path },
    },
  );
}

function withIndex(error: unknown, index: number): unknown {
  if (!isGaitError(error)) return error;
  return new GaitError(error.code, `event ${index}: ${error.message}`, {
    hint: error.hint,
    details: { ...error.details, index },
    cause: error,
  });
}
