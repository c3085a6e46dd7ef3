/**
 * What happens to a journal under the writer lock: catch up with other writers, number and link the lines, one write, one
 * sync; then, at leisure, the index. Its methods are called one at a time (see commit-queue.ts).
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { GaitError, isGaitError } from '../errors.js';
import { buildCheckpoint, unsealedRange } from './checkpoint.js';
import type { UnderLock } from './compact.js';
import { planCommit, type CommitPlan, type PlannedRequest } from './commit-plan.js';
import type { AppendRequest } from './commit-queue.js';
import { settleCompanion, stageCompanion, type StagedCompanion } from './companion.js';
import { encodeEvent, type EventFrame } from './event.js';
import { removeIndexLeftovers, saveIndex } from './journal-file.js';
import { closeEvent, repairEvent } from './recovery.js';
import { checkTargets, packBefore, publishAfter, rewriteChain, type SealContext } from './sealing.js';
import type { SessionLog } from './session-log.js';
import type { WriterSettings } from './settings.js';
import { writeGoState } from './runpack/index.js';
import { ioError, makeDirectories, WriterLock, type JournalPaths } from './store/index.js';
import type { CompactOptions, CompactionResult } from './compaction-types.js';
import type { CheckpointResult, Receipt } from './answer-types.js';
import type { CheckpointOptions } from './handle-types.js';
import type { EventInput } from './types.js';
import { WriterFile } from './writer-file.js';

/** The index is written at most this often, and at close. */
const INDEX_INTERVAL_MS = 250;
/** A slow writer may leave more time between two: what counts is how much the next open has to read. */
const INDEX_MAX_INTERVAL_MS = 1_000;
const INDEX_LAG_BYTES = 2 * 1024 * 1024;
/** How long to wait for another loser of a race. He needs a moment, unless he is stopped. */
const STRAY_PATIENCE_MS = 2_000;
const STRAY_PAUSE_MS = 1;

export class Committer {
  /** What every event of the session shares. */
  readonly frame: EventFrame;
  readonly #settings: WriterSettings;
  readonly #paths: JournalPaths;
  readonly #file: WriterFile;
  readonly #lock: WriterLock;
  #poisonedBy: unknown;
  /** A writer that died may have left a file that its event names, or this one could not put it in place. */
  #mayOweCompanion = true;
  #indexedOffset = 0;
  #indexedAt: number = performance.now();

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
    this.frame = frame;
    this.#indexedOffset = file.state.indexedOffset;
  }

  /** Opens an initialised journal. Changes nothing when it is refused. */
  static async open(paths: JournalPaths, settings: WriterSettings): Promise<Committer> {
    const file = await WriterFile.open(settings.world, paths);
    const header = file.state.log.header;
    if (header === undefined) {
      file.close();
      throw new GaitError('JOURNAL_EMPTY', `${paths.journal} has no header yet`, { details: { path: paths.journal } });
    }
    const lock = openLock(paths, settings, file);
    const frame = { sessionId: header.session_id, runId: header.run_id, producerVersion: settings.producerVersion };
    const committer = new Committer(settings, paths, file, lock, frame);
    if (settings.lock.mode === 'exclusive') await committer.#lockForGood();
    return committer;
  }

  get isHealthy(): boolean {
    return this.#poisonedBy === undefined;
  }

  get unsealedEvents(): number {
    const { start, end } = unsealedRange(this.#file.state.log);
    return Math.max(end - start + 1, 0);
  }

  get log(): SessionLog {
    return this.#file.state.log;
  }

  /** Runs `work` with the lock held and the state caught up. Throws HANDLE_POISONED after a failure that only a new handle can settle. */
  async underLock<T>(work: () => Promise<T>): Promise<T> {
    if (this.#poisonedBy !== undefined) throw poisoned(this.#paths.journal, this.#poisonedBy);
    const isShared = this.#settings.lock.mode === 'shared';
    if (isShared) await this.#acquire();
    try {
      await this.#catchUp();
      return await work();
    } catch (error) {
      this.#notePoison(error);
      throw ioError(error, 'append to', this.#paths.journal);
    } finally {
      if (isShared) await this.#lock.release();
    }
  }

  /** Settles every request. Only under the lock. */
  async append(requests: readonly AppendRequest[]): Promise<void> {
    const plan = planCommit(this.#file.state, requests);
    const companion = await this.#stageCompanion(plan);
    try {
      await this.#write(plan, companion !== undefined);
    } catch (error) {
      if (companion !== undefined) this.#abandon(companion, error);
      throw error;
    }
    companion?.place();
    this.#mayOweCompanion &&= companion === undefined;
    for (const planned of plan.accepted) {
      planned.events.forEach(({ isRepeat }, index) => isRepeat === true && planned.request.onRepeat?.(index));
      planned.request.resolve(this.#receipts(planned));
    }
    for (const { request, error } of plan.refused) request.reject(error);
  }

  /** Only under the lock. Throws NOTHING_TO_SEAL, and as packBefore and publishAfter do. */
  seal(options: CheckpointOptions): Promise<CheckpointResult> {
    return this.#seal(options).catch((error: unknown) => {
      // An automatic seal keeps its failure to itself until close; this handle must know at once.
      this.#notePoison(error);
      throw error;
    });
  }

  async #seal(options: CheckpointOptions): Promise<CheckpointResult> {
    const { state } = this.#file;
    const context = this.#sealContext();
    const nowMs = context.world.clock();
    const runpack = await packBefore(context, options, nowMs);
    const { producerVersion } = context;
    const built = buildCheckpoint(state.log, { producerVersion, nowMs, key: options.key, runpack });
    const start = state.offset;
    const end = await this.#writeLines([built.line]);
    // Always: a signature must never reach further than the disk.
    this.#file.sync({ start, end });
    state.add(Buffer.from(built.line), start);
    const { checkpoint, note } = built;
    const chainPath = await publishAfter(context, options, { checkpoint, note, journalSizeBytes: state.offset });
    return {
      checkpoint,
      ...(note === undefined ? {} : { note }),
      leaf_index: state.log.frontier.size - 1,
      leaf_hash: state.log.head?.toString('hex') ?? '',
      ...(chainPath === undefined ? {} : { chain_path: chainPath }),
    };
  }

  /** Only under the lock. */
  rebuildChain(chainOut: string | undefined): Promise<string> {
    return rewriteChain(this.#sealContext(), chainOut);
  }

  /**
   * Takes the lock itself, at the end of the work.
   *
   * @param underLock runs a step between two commits, as `underLock` of this class does
   */
  async compact(
    options: CompactOptions,
    underLock: <T>(work: () => Promise<T>) => Promise<T>,
  ): Promise<CompactionResult> {
    const { world } = this.#settings;
    // Loaded by those alone who compact: every append would pay for it otherwise.
    if (options.out !== undefined) {
      const { compactCopy } = await import('./compact-copy.js');
      return compactCopy(world, this.#paths, options.out, options);
    }
    const { compactInPlace } = await import('./compact.js');
    const replace: UnderLock = (work) =>
      underLock(async () => {
        const result = await work(this.#file.state.offset);
        await this.#followReplacement();
        return result;
      });
    return compactInPlace(world, this.#paths, options, replace);
  }

  /** After the journal file was replaced: the state is that of the new one, and so are the caches. */
  async #followReplacement(): Promise<void> {
    await this.#catchUp();
    const { state } = this.#file;
    this.#indexedOffset = -1;
    this.saveIndex(true);
    writeGoState(this.#settings.world, this.#paths, state.log, state.offset);
  }

  /** Closing event, then checkpoint. Only under the lock. */
  async complete(options: CheckpointOptions): Promise<CheckpointResult> {
    // A close that died before its checkpoint is finished by the next one.
    if (!this.#file.state.log.isClosed) {
      checkTargets(this.#sealContext(), options);
      await this.#appendEngineEvent(closeEvent());
    }
    return this.seal(options);
  }

  /** Writes the index if the last time is long enough ago, or `always`. */
  saveIndex(always = false): void {
    const { state } = this.#file;
    if (this.#poisonedBy !== undefined || state.offset === this.#indexedOffset) return;
    const now = performance.now();
    if (!always && !this.#isIndexDue(now - this.#indexedAt, state.offset - this.#indexedOffset)) return;
    this.#indexedAt = now;
    try {
      if (always) removeIndexLeftovers(this.#settings.world.fs, this.#paths);
      saveIndex(this.#settings.world, this.#paths, state, this.#file.stat());
      this.#indexedOffset = state.offset;
    } catch {
      // A full or read-only disk: the index is a cache, and the next open reads the journal instead.
    }
  }

  #isIndexDue(sinceMs: number, lagBytes: number): boolean {
    if (sinceMs < INDEX_INTERVAL_MS) return false;
    return sinceMs >= INDEX_MAX_INTERVAL_MS || lagBytes >= INDEX_LAG_BYTES;
  }

  /** Syncs what is only buffered, writes the index, gives up the lock. */
  async close(): Promise<void> {
    try {
      if (this.isHealthy && this.#settings.durability === 'buffered') this.#file.sync();
      this.saveIndex(true);
    } finally {
      if (this.#settings.lock.mode === 'exclusive') await this.#lock.release();
      try {
        this.#lock.close();
      } finally {
        this.#file.close();
      }
    }
  }

  #sealContext(): SealContext {
    const { log } = this.#file.state;
    const { header } = log;
    if (header === undefined) throw new GaitError('INTERNAL', 'a journal was opened without a header');
    const { world, producerVersion } = this.#settings;
    return { world, paths: this.#paths, log, header, producerVersion };
  }

  async #catchUp(): Promise<void> {
    const torn = await this.#file.catchUp();
    // The repair becomes evidence itself, before anything else is appended.
    if (torn !== undefined) await this.#appendEngineEvent(repairEvent(torn));
    await this.#settleCompanion();
  }

  async #settleCompanion(): Promise<void> {
    if (this.#mayOweCompanion) this.#mayOweCompanion = !(await settleCompanion(this.#settings.world, this.#paths));
  }

  /** The file of the event that the plan writes, if it has one: see commit-queue.ts, such a request is alone in its commit. */
  async #stageCompanion({ lines, accepted }: CommitPlan): Promise<StagedCompanion | undefined> {
    const [planned] = accepted;
    const { companion } = planned?.request ?? {};
    const [event] = planned?.events ?? [];
    if (companion === undefined || event === undefined || lines.length === 0) return undefined;
    // Another process may have died since this handle looked.
    this.#mayOweCompanion = true;
    await this.#settleCompanion();
    if (this.#mayOweCompanion) throw new GaitError('IO_ERROR', 'the file of an earlier event cannot be put in place');
    this.#mayOweCompanion = true;
    return stageCompanion(this.#settings.world, this.#paths, companion, event);
  }

  /** Where the event may be on the disk all the same, the next handle finds out. */
  #abandon(companion: StagedCompanion, failure: unknown): void {
    if (isGaitError(failure) && (failure.code === 'SYNC_FAILED' || failure.code === 'HANDLE_POISONED')) return;
    try {
      companion.discard();
    } catch {
      // The failure that brought us here is the one to report; the record is still there, and says what to remove.
    }
  }

  /** An event of the journal's own: a repair, a close. */
  async #appendEngineEvent(event: EventInput): Promise<void> {
    const encoded = encodeEvent(event, this.frame, this.#settings.world.clock());
    const ignore = (): void => undefined;
    const request = { events: [encoded], expectedSequence: undefined, resolve: ignore, reject: ignore };
    await this.#write(planCommit(this.#file.state, [request]));
  }

  /** All or nothing: either every line is in the file and the state, or none is. */
  async #write(plan: CommitPlan, mustBeDurable = false): Promise<void> {
    const { state } = this.#file;
    const start = state.offset;
    const isDurable = mustBeDurable || this.#settings.durability === 'durable';
    const end = plan.lines.length > 0 ? await this.#writeLines(plan.lines.map(({ text }) => text)) : start;
    // A repeated event may have been written, but not synced, by somebody who died.
    if (isDurable && (plan.lines.length > 0 || plan.repeatsOlder)) this.#file.sync({ start, end });
    let byteOffset = start;
    for (const { event } of plan.lines) {
      state.addOwnEvent(event, byteOffset);
      byteOffset += event.lineBytes + 1;
    }
  }

  /** Returns the offset behind the last line. */
  async #writeLines(lines: readonly string[]): Promise<number> {
    const bytes = Buffer.from(`${lines.join('\n')}\n`);
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

  /** Waits for others who lost the same race, as they must take back what lies behind ours first. */
  async #takeBackStray(): Promise<void> {
    const deadline = performance.now() + STRAY_PATIENCE_MS;
    while (!this.#file.takeBackStray()) {
      if (performance.now() >= deadline) {
        const path = this.#paths.journal;
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
      return this.#file.state.receipt(event.sequence, event.leafIndex, event.leaf, durability);
    });
  }

  async #acquire(): Promise<void> {
    try {
      await this.#lock.acquire();
    } catch (error) {
      throw ioError(error, 'lock', this.#paths.journal);
    }
  }

  async #lockForGood(): Promise<void> {
    try {
      await this.#acquire();
      await this.#catchUp();
    } catch (error) {
      await this.#lock.release();
      this.#lock.close();
      this.#file.close();
      throw ioError(error, 'catch up with', this.#paths.journal);
    }
  }

  /** After these nobody knows what the disk holds, until a new handle reads it. */
  #notePoison(error: unknown): void {
    if (isGaitError(error) && (error.code === 'SYNC_FAILED' || error.code === 'HANDLE_POISONED'))
      this.#poisonedBy = error;
  }
}

/** Closes the journal file again when its lock cannot even be opened. */
function openLock(paths: JournalPaths, settings: WriterSettings, file: WriterFile): WriterLock {
  const { fs } = settings.world;
  try {
    makeDirectories(fs, paths.sidecar);
    return new WriterLock(fs, paths.lock, paths.guard, settings.lock);
  } catch (error) {
    file.close();
    throw ioError(error, 'open the lock of', paths.journal);
  }
}

function poisoned(path: string, cause: unknown): GaitError {
  const message = `an earlier write to ${path} failed in a way that only opening it anew can settle`;
  return new GaitError('HANDLE_POISONED', message, { cause, details: { path } });
}
