/**
 * What happens to a journal under the writer lock: catch up with other writers, number and link the lines, one write, one
 * sync; then, at leisure, the index. Its methods are called one at a time (see commit-queue.ts).
 */
import { GaitError, isGaitError } from '../errors.js';
import { buildCheckpoint, unsealedRange } from './checkpoint.js';
import type { UnderLock } from './compact.js';
import type { AppendRequest } from './commit-queue.js';
import { CommitWriter } from './commit-writer.js';
import type { EventFrame } from './event.js';
import { IndexSaver } from './index-saver.js';
import { closeEvent, repairEvent } from './recovery.js';
import { checkTargets, packBefore, publishAfter, rewriteChain, type SealContext } from './sealing.js';
import type { SessionLog } from './session-log.js';
import type { WriterSettings } from './settings.js';
import { writeGoState } from './runpack/index.js';
import { ioError, makeDirectories, WriterLock, type JournalPaths } from './store/index.js';
import type { CompactOptions, CompactionResult } from './compaction-types.js';
import type { CheckpointResult } from './answer-types.js';
import type { CheckpointOptions } from './handle-types.js';
import { WriterFile } from './writer-file.js';

export class Committer {
  /** What every event of the session shares. */
  readonly frame: EventFrame;
  readonly #settings: WriterSettings;
  readonly #paths: JournalPaths;
  readonly #file: WriterFile;
  readonly #lock: WriterLock;
  #poisonedBy: unknown;
  readonly #writer: CommitWriter;
  readonly #index: IndexSaver;

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
    this.#writer = new CommitWriter(settings, paths, file, lock);
    this.#index = new IndexSaver(settings.world, paths, file);
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
      if (isShared) {
        await this.#lock.release();
        this.#writer.answer();
      }
    }
  }

  /** Settles every request, in shared mode when the lock is given back. Only under the lock. */
  append(requests: readonly AppendRequest[]): Promise<void> {
    return this.#writer.append(requests);
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
    const end = await this.#writer.writeLines(Buffer.from(`${built.line}\n`));
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
    this.#index.forget();
    this.#index.saveNow();
    writeGoState(this.#settings.world, this.#paths, state.log, state.offset);
  }

  /** Closing event, then checkpoint. Only under the lock. */
  async complete(options: CheckpointOptions): Promise<CheckpointResult> {
    // A close that died before its checkpoint is finished by the next one.
    if (!this.#file.state.log.isClosed) {
      checkTargets(this.#sealContext(), options);
      await this.#writer.appendEngineEvent(closeEvent(), this.frame);
    }
    return this.seal(options);
  }

  /** Writes the index if the last time is long enough ago. */
  saveIndex(): void {
    if (this.isHealthy) this.#index.saveIfDue();
  }

  /** Syncs what is only buffered, writes the index, gives up the lock. */
  async close(): Promise<void> {
    try {
      if (this.isHealthy && this.#settings.durability === 'buffered') this.#file.sync();
      if (this.isHealthy) this.#index.saveNow();
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
    if (torn !== undefined) await this.#writer.appendEngineEvent(repairEvent(torn), this.frame);
    await this.#writer.companions.settle();
  }

  async #acquire(): Promise<void> {
    try {
      await this.#lock.acquire(() => this.#file.readAhead());
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
