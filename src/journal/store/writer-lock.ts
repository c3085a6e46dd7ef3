/**
 * The right to append to one journal, in two layers (docs/architecture.md, "Locks"):
 *
 * 1. the kernel lock on `P.gait/guard`, between the processes of this host;
 * 2. the lock directory `P.lock`, between hosts and with the Go tool.
 *
 * With the first held, whatever a dead local writer left of the second is removed at once. Without the kernel's help the
 * second stands alone; it can be stolen from a stopped process, so `isHeld` must be asked before and after a write.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { GaitError } from '../../errors.js';
import { DIRECTORY_STALE_MS, DirectoryLock } from './directory-lock.js';
import { errnoOf, type FileSystem } from './file-system.js';
import { judgeGoLock } from './go-lock-file.js';
import { isLeftByDeadLocalWriter, type GuardRecord } from './guard-record.js';
import { hostIdentity, isProcessAlive } from './host-identity.js';
import { KernelGuard, type WaitLimits } from './kernel-guard.js';

export interface WriterLockSettings {
  readonly mode: 'shared' | 'exclusive';
  readonly layers: 'both' | 'kernel' | 'directory';
  readonly timeoutMs: number;
  readonly retryMs: number;
  /** Age at which a lock file of the Go tool counts as abandoned. */
  readonly staleAfterMs: number;
  /** Milliseconds since 1970. The real clock, as it is compared with times of files and of other processes. */
  readonly clock: () => number;
  readonly nonce: () => string;
}

/** Who is in the way, as far as it can be known. */
export interface LockOwner {
  readonly host?: string;
  readonly pid?: number;
  readonly kind: 'local writer' | 'go tool' | 'lock directory' | 'unknown';
}

export class WriterLock {
  readonly #fs: FileSystem;
  readonly #lockPath: string;
  readonly #settings: WriterLockSettings;
  readonly #directory: DirectoryLock | undefined;
  readonly #guard: KernelGuard | undefined;
  #isAcquired = false;
  /** Why there is no kernel lock, when there is none though it was wanted. */
  readonly kernelUnavailable: string | undefined;
  /** What went wrong when the lock directory was last given back. */
  releaseFailure: unknown;

  constructor(fs: FileSystem, lockPath: string, guardPath: string, settings: WriterLockSettings) {
    this.#fs = fs;
    this.#lockPath = lockPath;
    this.#settings = settings;
    if (settings.layers !== 'kernel') this.#directory = new DirectoryLock(fs, lockPath);
    if (settings.layers !== 'directory') {
      const kernel = fs.kernelLock();
      if ('unavailable' in kernel) {
        this.kernelUnavailable = kernel.unavailable;
        this.#directory ??= new DirectoryLock(fs, lockPath);
      } else {
        this.#guard = new KernelGuard(fs, kernel, guardPath);
      }
    }
  }

  /** Throws LOCK_TIMEOUT with path, owner, waited and attempts; file errors as the file system throws them. */
  async acquire(): Promise<void> {
    const startedAt = performance.now();
    const limits = { deadline: startedAt + this.#settings.timeoutMs, retryMs: this.#settings.retryMs };
    if (this.#guard !== undefined && !(await this.#guard.enter(limits))) {
      throw this.#timeout(startedAt, this.#guard.attempts, ownerOf(this.#guard.readRecord()));
    }
    try {
      await this.#acquireDirectory(limits, startedAt);
      this.#isAcquired = true;
    } catch (error) {
      // It may be ours already, when the record of it failed.
      await this.#directory?.release().catch((failure: unknown) => (this.releaseFailure = failure));
      this.#guard?.leave();
      throw error;
    }
  }

  /**
   * Never throws: what was written is written. A directory that cannot be removed stays `claimed` in the guard, so that the
   * next local writer clears it, and others see it go stale. Does nothing when the lock was not acquired: the record is the holder's.
   */
  async release(): Promise<void> {
    if (!this.#isAcquired) return;
    this.#isAcquired = false;
    try {
      await this.#directory?.release();
      if (this.#directory !== undefined) this.#record('idle', 0);
    } catch (error) {
      this.releaseFailure = error;
    }
    this.#guard?.leave();
  }

  /** Whether nobody can have taken the lock from us. Two system calls at most. */
  isHeld(): boolean {
    return this.#directory === undefined || this.#directory.isHeld();
  }

  close(): void {
    this.#guard?.close();
  }

  async #acquireDirectory(limits: WaitLimits, startedAt: number): Promise<void> {
    const directory = this.#directory;
    if (directory === undefined) {
      // No directory to claim, but who waits must learn who holds the lock, and whether for long.
      this.#record('idle', 0);
      return;
    }
    let pauseMs = 1;
    for (let attempts = 1; ; attempts += 1) {
      const owner = this.#clearAbandoned(directory);
      if (owner === undefined) {
        this.#record('claimed', 0);
        if (await directory.tryAcquire(DIRECTORY_STALE_MS)) break;
        // Somebody was faster: what lies there now is not ours, and must not look so if we die here.
        this.#record('idle', 0);
      }
      const leftMs = limits.deadline - performance.now();
      if (leftMs <= 0) throw this.#timeout(startedAt, attempts, owner ?? { kind: 'unknown' });
      await sleep(Math.min(pauseMs, leftMs));
      pauseMs = Math.min(pauseMs * 2, limits.retryMs);
    }
    if (this.#settings.mode === 'exclusive') this.#record('claimed', directory.inode);
  }

  /** Removes what nobody alive owns; otherwise says who seems to. */
  #clearAbandoned(directory: DirectoryLock): LockOwner | undefined {
    const found = directory.look();
    if (found === undefined) return undefined;
    if (found.kind === 'file') {
      try {
        return this.#clearGoLock(found.ino, found.mtimeMs);
      } catch (error) {
        // Its owner, or another waiter, moved it while we looked: look again after a pause.
        if (errnoOf(error) === 'ENOENT') return { kind: 'go tool' };
        throw error;
      }
    }
    if (found.kind !== 'directory') {
      throw new GaitError('IO_ERROR', `${this.#lockPath} is neither a lock directory nor a lock file`, {
        hint: 'remove it, or use another journal path',
        details: { path: this.#lockPath, kind: found.kind },
      });
    }
    const record = this.#guard?.readRecord();
    if (this.#guard !== undefined && isLeftByDeadLocalWriter(record, hostIdentity(), found)) {
      directory.removeAbandoned();
      return undefined;
    }
    // proper-lockfile itself takes over a directory that is no longer refreshed.
    if (this.#settings.clock() - found.mtimeMs > DIRECTORY_STALE_MS) return undefined;
    return { kind: 'lock directory' };
  }

  #clearGoLock(ino: number, mtimeMs: number): LockOwner | undefined {
    const verdict = judgeGoLock({
      content: this.#readSmallFile(this.#lockPath),
      mtimeMs,
      nowMs: this.#settings.clock(),
      staleAfterMs: this.#settings.staleAfterMs,
      isProcessAlive,
    });
    if (!verdict.isStale) return { kind: 'go tool', ...(verdict.pid === undefined ? {} : { pid: verdict.pid }) };
    // Two waiters may judge at once (W10): move the file aside, and put it back if it is not the one that was judged.
    const aside = `${this.#lockPath}.stale-${this.#settings.nonce()}`;
    this.#fs.rename(this.#lockPath, aside);
    const isTheJudgedOne = this.#fs.lstat(aside)?.ino === ino;
    try {
      if (!isTheJudgedOne) this.#fs.link(aside, this.#lockPath);
    } catch (error) {
      // A third lock came in between; the fence before every write settles who may go on.
      if (errnoOf(error) !== 'EEXIST') throw error;
    } finally {
      this.#fs.unlink(aside);
    }
    return isTheJudgedOne ? undefined : { kind: 'go tool' };
  }

  #readSmallFile(path: string): string {
    const buffer = Buffer.alloc(4096);
    const descriptor = this.#fs.open(path, 'read');
    try {
      return buffer.toString('utf8', 0, this.#fs.read(descriptor, buffer, 0, buffer.length, 0));
    } finally {
      this.#fs.close(descriptor);
    }
  }

  #record(phase: GuardRecord['phase'], ino: number): void {
    const { mode, clock } = this.#settings;
    this.#guard?.writeRecord({ phase, mode, ...hostIdentity(), at: clock(), ino });
  }

  #timeout(startedAt: number, attempts: number, owner: LockOwner): GaitError {
    const { timeoutMs, retryMs } = this.#settings;
    const waitedMs = Math.round(performance.now() - startedAt);
    const who = [owner.kind, owner.pid && `pid ${owner.pid}`, owner.host && `on ${owner.host}`]
      .filter(Boolean)
      .join(' ');
    return new GaitError(
      'LOCK_TIMEOUT',
      `journal is locked by another writer (${who}) after ${waitedMs} ms of waiting`,
      {
        details: {
          path: this.#lockPath,
          owner,
          waited_ms: waitedMs,
          attempts,
          timeout_ms: timeoutMs,
          retry_ms: retryMs,
        },
      },
    );
  }
}

function ownerOf(record: GuardRecord | undefined): LockOwner {
  return record === undefined ? { kind: 'unknown' } : { kind: 'local writer', host: record.host, pid: record.pid };
}
