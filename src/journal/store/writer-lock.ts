/**
 * The right to append to one journal, in two layers (docs/architecture.md, "Locks"):
 *
 * 1. the kernel lock on `P.gait/guard`, between the processes of this host;
 * 2. the lock directory `P.lock`, between hosts and with the Go tool.
 *
 * With the first held, whatever a dead local writer left of the second is removed at once. The second is not given back with
 * the first when one commit follows another within a turn of the event loop: local writers then keep it for each other until
 * the loop has turned, as making it costs as much as a sync.
 * Without the kernel's help the second stands alone; it can be stolen from a stopped process, so `isHeld` must be asked
 * before and after a write.
 */
import { DirectoryLayer } from './directory-layer.js';
import type { FileSystem } from './file-system.js';
import { isKeptDirectory } from './guard-record.js';
import { hostIdentity } from './host-identity.js';
import { IdleTurn } from './idle-turn.js';
import { KernelGuard } from './kernel-guard.js';
import { lockTimeout, ownerOf, type LockOwner } from './lock-owner.js';
import type { WriterLockSettings } from './lock-settings.js';
import { monotonicMs } from './monotonic.js';

/** Pause before another look whether the kernel lock is free, to give the directory back. */
const GIVE_BACK_PAUSE_MS = 5;

export class WriterLock {
  readonly #fs: FileSystem;
  readonly #lockPath: string;
  readonly #settings: WriterLockSettings;
  readonly #directory: DirectoryLayer | undefined;
  readonly #guard: KernelGuard | undefined;
  readonly #idleTurn = new IdleTurn(() => this.#giveBack());
  /** From the begin of `acquire` to the end of `release`: what is kept is not given back meanwhile. */
  #isInUse = false;
  #isAcquired = false;
  /** The commit before this one ended in the same turn of the event loop: another is likely to follow. */
  #isRepeated = false;
  #isClosed = false;
  #retry: NodeJS.Timeout | undefined;
  /** Why there is no kernel lock, when there is none though it was wanted. */
  readonly kernelUnavailable: string | undefined;
  /** What went wrong when the lock directory was last given back. */
  releaseFailure: unknown;

  constructor(fs: FileSystem, lockPath: string, guardPath: string, settings: WriterLockSettings) {
    this.#fs = fs;
    this.#lockPath = lockPath;
    this.#settings = settings;
    const { layers } = settings;
    const kernel = layers === 'directory' ? undefined : fs.kernelLock();
    if (kernel !== undefined && 'unavailable' in kernel) this.kernelUnavailable = kernel.unavailable;
    else if (kernel !== undefined) this.#guard = new KernelGuard(fs, kernel, guardPath, settings.clock);
    if (layers !== 'kernel' || this.#guard === undefined) {
      this.#directory = new DirectoryLayer(fs, lockPath, this.#guard, settings, () => this.#tryGiveBack());
    }
  }

  /**
   * Throws LOCK_TIMEOUT with path, owner, waited and attempts; file errors as the file system throws them.
   *
   * @param whileWaiting called now and then while another writer appends, and the next turn is ours; does not throw
   */
  async acquire(whileWaiting?: () => void): Promise<void> {
    this.#isInUse = true;
    this.#isRepeated = this.#idleTurn.isWatching;
    try {
      await this.#acquire(whileWaiting);
      this.#isAcquired = true;
    } catch (error) {
      this.#endUse();
      throw error;
    }
  }

  /**
   * Never throws: what was written is written. A directory that cannot be removed stays `claimed` or `kept` in the guard, so
   * that the next local writer clears it, and others see it go stale. Does nothing when the lock was not acquired: the record
   * is the holder's.
   */
  release(): Promise<void> {
    if (!this.#isAcquired) return Promise.resolve();
    this.#isAcquired = false;
    try {
      this.#directory?.release(this.#isRepeated);
    } catch (error) {
      this.releaseFailure = error;
    }
    this.#guard?.leave();
    this.#endUse();
    return Promise.resolve();
  }

  /** Whether nobody can have taken the lock from us. Two system calls at most. */
  isHeld(): boolean {
    return this.#directory === undefined || this.#directory.isHeld();
  }

  /** Gives back at once what was kept. */
  close(): void {
    this.#isClosed = true;
    this.#giveBack();
  }

  async #acquire(whileWaiting: (() => void) | undefined): Promise<void> {
    const { timeoutMs, retryMs } = this.#settings;
    const startedAt = monotonicMs();
    const limits = { deadline: startedAt + timeoutMs, retryMs };
    const timeout = (owner: LockOwner, attempts: number): Error =>
      lockTimeout({ path: this.#lockPath, owner, startedAt, attempts, timeoutMs, retryMs });
    const guard = this.#guard;
    if (guard !== undefined && !(await guard.enter(limits, this.#isRepeated, whileWaiting))) {
      throw timeout(ownerOf(guard.readRecord()), guard.attempts);
    }
    try {
      if (this.#directory === undefined) this.#sayWhoIsInside();
      const refusal = await this.#directory?.acquire(limits);
      if (refusal !== undefined) throw timeout(refusal.owner, refusal.attempts);
    } catch (error) {
      guard?.leave();
      throw error;
    }
  }

  /** Where there is no directory to claim. Who waits must learn all the same who holds the lock, and whether for long. */
  #sayWhoIsInside(): void {
    const { mode, clock } = this.#settings;
    const record = this.#guard?.readRecord();
    const found = record?.phase === 'kept' ? this.#fs.lstat(this.#lockPath) : undefined;
    // What others keep must not outlive the record that says whose it is.
    if (found !== undefined && isKeptDirectory(record, hostIdentity(), found)) this.#fs.rmdir(this.#lockPath);
    const { since = 0, freed = 0 } = record ?? {};
    this.#guard?.writeRecord({ phase: 'idle', mode, ...hostIdentity(), at: clock(), ino: 0, mtime: 0, since, freed });
  }

  #endUse(): void {
    this.#isInUse = false;
    if (this.#guard !== undefined) this.#idleTurn.touch();
  }

  /** When the loop has turned. The kernel lock may be taken just then by somebody who does not go on with the directory. */
  #giveBack(): void {
    if (this.#isInUse) return;
    const isSettled = this.#tryGiveBack();
    if (!isSettled) {
      clearTimeout(this.#retry);
      this.#retry = setTimeout(() => this.#giveBack(), GIVE_BACK_PAUSE_MS);
      // A process may end meanwhile: then this is tried a last time.
      this.#retry.unref();
    } else if (this.#isClosed) {
      this.#directory?.forget();
      this.#guard?.close();
    }
  }

  /** False when it must be tried again. */
  #tryGiveBack(): boolean {
    try {
      this.#guard?.endLease();
      return this.#directory?.tryGiveBack() ?? true;
    } catch (error) {
      // The guard still says `kept`: the next local writer uses or removes it.
      this.releaseFailure = error;
      return true;
    }
  }
}
