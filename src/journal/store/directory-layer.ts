/**
 * The lock directory under the kernel lock: made, taken over from a dead local writer or handed on among living ones, kept
 * for the next commit or given back, and what the guard record says of it at each step.
 *
 * Without a kernel lock there is nobody to keep a directory for: it is made and removed each time.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { GaitError } from '../../errors.js';
import { busySince, isOverdue, restMs } from './busy-stretch.js';
import { DIRECTORY_STALE_MS, DirectoryLock } from './directory-lock.js';
import type { FileStat, FileSystem } from './file-system.js';
import { clearGoLock } from './go-lock-removal.js';
import { isFresh, isKeptDirectory, isLeftByDeadLocalWriter, type GuardRecord } from './guard-record.js';
import { hostIdentity } from './host-identity.js';
import type { KernelGuard, WaitLimits } from './kernel-guard.js';
import type { LockOwner } from './lock-owner.js';
import { monotonicMs } from './monotonic.js';
import type { WriterLockSettings } from './lock-settings.js';

/** Who was in the way when patience ended. */
export interface Refusal {
  readonly owner: LockOwner;
  readonly attempts: number;
}

/** What this writer knows of the guard record, having read or written it under the kernel lock. */
type Past = Pick<GuardRecord, 'since' | 'freed'>;

export class DirectoryLayer {
  readonly #fs: FileSystem;
  readonly #path: string;
  readonly #settings: WriterLockSettings;
  readonly #guard: KernelGuard | undefined;
  readonly #directory: DirectoryLock;
  /** As it stands in the guard while we are inside. */
  #record: GuardRecord | undefined;

  /** @param onExit called when the process ends while the directory is kept */
  constructor(
    fs: FileSystem,
    path: string,
    guard: KernelGuard | undefined,
    settings: WriterLockSettings,
    onExit: () => void,
  ) {
    this.#fs = fs;
    this.#path = path;
    this.#settings = settings;
    this.#guard = guard;
    this.#directory = new DirectoryLock(fs, path, onExit);
  }

  /** Whether this writer left the directory lying and has not looked at it since. */
  get isKept(): boolean {
    return this.#directory.isLent;
  }

  isHeld(): boolean {
    return this.#directory.isHeld();
  }

  /** Undefined when it is ours. */
  async acquire(limits: WaitLimits): Promise<Refusal | undefined> {
    let pauseMs = 1;
    // What lay between us and the last local writer: a stranger's turn, or a rest that we took.
    let isNewStretch = false;
    for (let attempts = 1; ; attempts += 1) {
      const found = this.#directory.look();
      const record = this.#guard?.readRecord();
      if (await this.#takeKept(record, found)) return undefined;
      const owner = found === undefined ? undefined : this.#clearAbandoned(found, record);
      const leftMs = limits.deadline - monotonicMs();
      if (owner === undefined) {
        const past = this.#pastOf(record);
        const restLeftMs = isNewStretch ? 0 : Math.min(restMs(past, this.#settings.clock()), leftMs);
        if (restLeftMs > 0) {
          await sleep(restLeftMs);
          isNewStretch = true;
          continue;
        }
        if (await this.#make(past, isNewStretch)) return undefined;
      }
      isNewStretch = true;
      if (leftMs <= 0) return { owner: owner ?? { kind: 'unknown' }, attempts };
      await sleep(Math.min(pauseMs, leftMs));
      pauseMs = Math.min(pauseMs * 2, limits.retryMs);
    }
  }

  /** Keeps the directory for the next local writer where that is wanted and allowed; else removes it. */
  release(isKeepingWanted: boolean): void {
    if (!isKeepingWanted || !this.#tryKeep()) this.#remove();
  }

  /**
   * Removes the directory that this writer left lying, unless another local one has taken it over since. False when nobody
   * can tell yet, as the kernel lock is taken. Not between `acquire` and `release`.
   */
  tryGiveBack(): boolean {
    const guard = this.#guard;
    if (guard === undefined || !this.#directory.isLent) return true;
    if (!guard.tryEnter()) return !this.#isOurs(guard.readRecord());
    try {
      const record = guard.readRecord();
      if (this.#isOurs(record)) {
        this.#record = record;
        this.#remove();
      }
    } finally {
      guard.leave();
    }
    return true;
  }

  /** For good: whatever lies there now is not ours to remove any more. */
  forget(): void {
    this.#directory.forget();
  }

  async #takeKept(record: GuardRecord | undefined, found: FileStat | undefined): Promise<boolean> {
    if (found?.kind !== 'directory' || !isKeptDirectory(record, hostIdentity(), found)) return false;
    const { mode, clock } = this.#settings;
    if (!isFresh(found, clock())) return false;
    if (!(await this.#directory.adopt(found))) return false;
    this.#record = record;
    // Who waits must learn who is inside, and whether for long.
    if (mode === 'exclusive') this.#write('claimed', found.ino);
    else if (!this.#isOurs(record)) this.#write('kept', record.ino, record.mtime);
    return true;
  }

  async #make(past: Past, isNewStretch: boolean): Promise<boolean> {
    const now = this.#settings.clock();
    this.#record = undefined;
    this.#write('claimed', 0, 0, { since: isNewStretch ? now : busySince(past, now), freed: 0 });
    if (!(await this.#directory.tryAcquire(DIRECTORY_STALE_MS))) {
      // Somebody was faster: what lies there now is not ours, and must not look so if we die here.
      this.#write('idle');
      return false;
    }
    if (this.#settings.mode === 'exclusive') this.#write('claimed', this.#directory.identity?.ino ?? 0);
    return true;
  }

  /** Removes what nobody alive owns; otherwise says who seems to. */
  #clearAbandoned(found: FileStat, record: GuardRecord | undefined): LockOwner | undefined {
    if (found.kind === 'file') return clearGoLock(this.#fs, this.#path, found, this.#settings);
    if (found.kind !== 'directory') {
      throw new GaitError('IO_ERROR', `${this.#path} is neither a lock directory nor a lock file`, {
        hint: 'remove it, or use another journal path',
        details: { path: this.#path, kind: found.kind },
      });
    }
    const me = hostIdentity();
    if (isLeftByDeadLocalWriter(record, me, found) || isKeptDirectory(record, me, found)) {
      this.#directory.removeAbandoned();
      return undefined;
    }
    // proper-lockfile itself takes over a directory that is no longer refreshed.
    if (this.#settings.clock() - found.mtimeMs > DIRECTORY_STALE_MS) return undefined;
    return { kind: 'lock directory' };
  }

  #tryKeep(): boolean {
    const { mode, clock } = this.#settings;
    const { identity } = this.#directory;
    const record = this.#record;
    if (this.#guard === undefined || mode === 'exclusive' || record === undefined || identity === undefined)
      return false;
    if (isOverdue(record.since, clock())) return false;
    const isSaid = record.phase === 'kept' && record.ino === identity.ino && record.mtime === identity.mtimeMs;
    if (!isSaid) this.#write('kept', identity.ino, identity.mtimeMs);
    this.#directory.lend();
    return true;
  }

  #remove(): void {
    this.#directory.release();
    this.#write('idle', 0, 0, { since: this.#record?.since ?? 0, freed: this.#settings.clock() });
  }

  /**
   * Whether the guard says that the directory we know is kept, and by this process. Another handle of the process may keep
   * another one by now.
   */
  #isOurs(record: GuardRecord | undefined): boolean {
    const { boot, host, pid } = hostIdentity();
    if (record?.phase !== 'kept' || record.pid !== pid || record.boot !== boot || record.host !== host) return false;
    const { identity } = this.#directory;
    return record.ino === identity?.ino && Math.round(record.mtime) === Math.round(identity.mtimeMs);
  }

  /** Of a writer that died we know when it was last heard of, not when its directory went. */
  #pastOf(record: GuardRecord | undefined): Past {
    if (record === undefined) return { since: this.#settings.clock(), freed: 0 };
    return { since: record.since, freed: record.phase === 'idle' ? record.freed : record.at };
  }

  #write(phase: GuardRecord['phase'], ino = 0, mtime = 0, past: Past | undefined = this.#record): void {
    if (this.#guard === undefined) return;
    const { mode, clock } = this.#settings;
    const { since = 0, freed = 0 } = past ?? {};
    const record: GuardRecord = { phase, mode, ...hostIdentity(), at: clock(), ino, mtime, since, freed };
    this.#guard.writeRecord(record);
    this.#record = record;
  }
}
