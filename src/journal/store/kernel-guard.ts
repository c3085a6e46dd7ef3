/**
 * The local writer lock: byte-range locks on `P.gait/guard`.
 *
 * The kernel releases them when their holder dies and keeps them while it is stopped, so they can be neither orphaned nor
 * stolen. Two ranges make the lock fair: a writer first takes the turnstile, then, holding it, the lock itself; a busy
 * writer that comes back finds the turnstile taken by the one who waits, and queues, unless it has a lease (lock-lease.ts).
 *
 * A blocking wait is woken by the kernel within microseconds but occupies a thread of the pool, so there is at most one in
 * a process, and none behind an exclusive holder; the others poll. A wait that outlives its caller's patience cannot be
 * cancelled: it gives back what it gets, unless a later call has taken the same range meanwhile. The two share one
 * descriptor, so the kernel grants both and would drop both.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { FILE_MODE, type FileSystem, type KernelLock } from './file-system.js';
import { decodeGuardRecord, encodeGuardRecord, GUARD_RECORD_BYTES, type GuardRecord } from './guard-record.js';
import { LockLease } from './lock-lease.js';
import { monotonicMs } from './monotonic.js';

// Far behind the record: on Windows a locked range cannot be read by others.
const LOCK_OFFSET = 2 ** 30;
const TURNSTILE_OFFSET = LOCK_OFFSET + 1;
const FIRST_POLL_MS = 1;
/** Pause between two looks at another's lease. What is left of it after the last is spent asking: a timer may be late. */
const LEASE_STEP_MS = 1;

let isBlockingWaitUnderWay = false;

export interface WaitLimits {
  /** Value of monotonicMs() at which waiting ends. */
  readonly deadline: number;
  /** Longest pause between two attempts. */
  readonly retryMs: number;
}

export class KernelGuard {
  readonly #fs: FileSystem;
  readonly #kernel: KernelLock;
  readonly #descriptor: number;
  readonly #lease: LockLease;
  #waits = 0;
  /** In the last `enter`. */
  #hasWaited = false;
  #isClosed = false;
  /** Offsets of the ranges that a caller holds, as opposed to a wait that nobody waits for any more. */
  readonly #held = new Set<number>();
  /** Attempts of the last `enter`, for the error message. */
  attempts = 0;

  /** @param clock milliseconds since 1970 */
  constructor(fs: FileSystem, kernel: KernelLock, path: string, clock: () => number) {
    this.#fs = fs;
    this.#kernel = kernel;
    this.#descriptor = fs.open(path, 'update', FILE_MODE);
    this.#lease = new LockLease(fs, this.#descriptor, clock);
  }

  /**
   * False when the deadline passed first.
   *
   * @param isRepeated whether the caller left it just now, and so may be expected to come again
   * @param whileWaiting called now and then while the next turn is ours and somebody else's lease runs; does not throw
   */
  async enter(limits: WaitLimits, isRepeated = false, whileWaiting?: () => void): Promise<boolean> {
    this.attempts = 0;
    this.#hasWaited = false;
    if (this.#lease.isOurs && this.tryEnter()) {
      this.#inside(() => this.#lease.use());
      return true;
    }
    return this.#queue(limits, isRepeated, whileWaiting);
  }

  /** We shall not come again soon: those who wait need not wait for that. Not between `enter` and `leave`. */
  endLease(): void {
    if (!this.#lease.isOurs || !this.tryEnter()) return;
    try {
      this.#lease.end();
    } finally {
      this.leave();
    }
  }

  /** Past the turnstile, for an instant's work. Not while this guard waits in `enter` or is inside: it could not tell. */
  tryEnter(): boolean {
    if (this.#isClosed || !this.#kernel.tryLock(this.#descriptor, LOCK_OFFSET, 1)) return false;
    this.#held.add(LOCK_OFFSET);
    return true;
  }

  leave(): void {
    this.#drop(LOCK_OFFSET);
  }

  readRecord(): GuardRecord | undefined {
    const bytes = Buffer.alloc(GUARD_RECORD_BYTES);
    const count = this.#fs.read(this.#descriptor, bytes, 0, bytes.length, 0);
    return decodeGuardRecord(bytes.subarray(0, count));
  }

  /** Only while holding the lock. */
  writeRecord(record: GuardRecord): void {
    this.#fs.write(this.#descriptor, encodeGuardRecord(record), 0);
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    if (this.#waits === 0) this.#fs.close(this.#descriptor);
  }

  async #queue(limits: WaitLimits, isRepeated: boolean, whileWaiting: (() => void) | undefined): Promise<boolean> {
    // The next one has just been let in, and whom it wakes at the turnstile is slower than we are, who are awake.
    if (this.#lease.takeSpent() && monotonicMs() + LEASE_STEP_MS < limits.deadline) await sleep(LEASE_STEP_MS);
    if (!(await this.#take(TURNSTILE_OFFSET, limits))) return false;
    try {
      await this.#letOthersFinish(limits, whileWaiting);
      if (!(await this.#take(LOCK_OFFSET, limits))) return false;
      // Before the turnstile is free: the next one there must see it.
      if (isRepeated && this.#hasWaited) this.#inside(() => this.#lease.begin());
      return true;
    } finally {
      this.#drop(TURNSTILE_OFFSET);
    }
  }

  /** Leaves when `work` throws. */
  #inside(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.leave();
      throw error;
    }
  }

  #drop(offset: number): void {
    this.#held.delete(offset);
    this.#kernel.unlock(this.#descriptor, offset, 1);
  }

  /** In small steps: a lease may be ended before its time. */
  async #letOthersFinish({ deadline }: WaitLimits, whileWaiting: (() => void) | undefined): Promise<void> {
    while (this.#lease.leftMs() > LEASE_STEP_MS && monotonicMs() + LEASE_STEP_MS < deadline) {
      whileWaiting?.();
      await sleep(LEASE_STEP_MS);
    }
  }

  async #take(offset: number, limits: WaitLimits): Promise<boolean> {
    const isTaken = await this.#tryUntilDeadline(offset, limits);
    if (isTaken) this.#held.add(offset);
    return isTaken;
  }

  async #tryUntilDeadline(offset: number, limits: WaitLimits): Promise<boolean> {
    let pauseMs = FIRST_POLL_MS;
    for (;;) {
      this.attempts += 1;
      if (this.#kernel.tryLock(this.#descriptor, offset, 1)) return true;
      this.#hasWaited = true;
      const leftMs = limits.deadline - monotonicMs();
      if (leftMs <= 0) return false;
      if (!isBlockingWaitUnderWay && this.readRecord()?.mode !== 'exclusive') {
        return await this.#waitInKernel(offset, leftMs);
      }
      await sleep(Math.min(pauseMs, leftMs));
      pauseMs = Math.min(pauseMs * 2, limits.retryMs);
    }
  }

  async #waitInKernel(offset: number, patienceMs: number): Promise<boolean> {
    isBlockingWaitUnderWay = true;
    this.#waits += 1;
    // Whichever comes first, grant or deadline, settles it: in one step, so that no lock is held that nobody knows of.
    let outcome: 'waiting' | 'granted' | 'abandoned' = 'waiting';
    const patience = new AbortController();
    const granted = this.#kernel.waitForLock(this.#descriptor, offset, 1).then(
      () => {
        this.#endWait();
        if (outcome === 'waiting') outcome = 'granted';
        else if (!this.#isClosed && !this.#held.has(offset)) this.#kernel.unlock(this.#descriptor, offset, 1);
      },
      (error: unknown) => {
        this.#endWait();
        // After the deadline nobody waits for the answer any more, and a failed wait has locked nothing.
        if (outcome === 'waiting') throw error;
      },
    );
    const expired = sleep(patienceMs, undefined, { signal: patience.signal }).then(
      () => {
        if (outcome === 'waiting') outcome = 'abandoned';
      },
      () => undefined, // aborted, as the wait ended first
    );
    try {
      await Promise.race([granted, expired]);
    } finally {
      patience.abort();
    }
    return (outcome as string) === 'granted';
  }

  #endWait(): void {
    isBlockingWaitUnderWay = false;
    this.#waits -= 1;
    // Closing the descriptor drops whatever lock the late wait got.
    if (this.#isClosed && this.#waits === 0) this.#fs.close(this.#descriptor);
  }
}
