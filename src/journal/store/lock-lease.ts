/**
 * The right to go past those who wait, a few times: a writer that had to wait and appends one event after the other may take
 * the lock again and again. To hand it to another process costs more than a commit, so a crowd that hands it on with every
 * commit does little else.
 *
 * It is a courtesy and no lock. The one who is next waits for its end before asking for the lock, and no longer than
 * `LEASE_MS`: a writer that computes, is stopped or died holds nobody up. What keeps writers apart is the kernel lock alone,
 * taken and let go with each commit.
 *
 * It lies behind the record in the guard: until when, in milliseconds since 1970.
 */
import type { FileSystem } from './file-system.js';
import { GUARD_RECORD_BYTES } from './guard-record.js';

export const LEASE_MS = 20;

/** Commits that may go past the others in that time. */
export const LEASE_COMMITS = 6;

const LEASE_BYTES = 8;

export class LockLease {
  readonly #fs: FileSystem;
  readonly #descriptor: number;
  readonly #clock: () => number;
  readonly #bytes = Buffer.alloc(LEASE_BYTES);
  /** Of the one that we gave ourselves. */
  #until = 0;
  #commitsLeft = 0;
  #isSpent = false;

  constructor(fs: FileSystem, descriptor: number, clock: () => number) {
    this.#fs = fs;
    this.#descriptor = descriptor;
    this.#clock = clock;
  }

  /** Whether we may go past those who wait. */
  get isOurs(): boolean {
    return leftOf(this.#until, this.#clock()) > 0;
  }

  /** Milliseconds for which somebody may still go past us. Anything may lie there, so never more than `LEASE_MS`. */
  leftMs(): number {
    const count = this.#fs.read(this.#descriptor, this.#bytes, 0, LEASE_BYTES, GUARD_RECORD_BYTES);
    return count < LEASE_BYTES ? 0 : leftOf(this.#bytes.readDoubleLE(0), this.#clock());
  }

  /** Only while holding the lock. */
  begin(): void {
    this.#commitsLeft = LEASE_COMMITS;
    this.#write(this.#clock() + LEASE_MS);
  }

  /** Call with each commit that goes past the others, while holding the lock. The last one ends the lease: its begin, so that the next writer is awake in time. */
  use(): void {
    this.#commitsLeft -= 1;
    if (this.#commitsLeft > 0) return;
    this.end();
    this.#isSpent = true;
  }

  /** Whether a lease of ours was used up since this was asked last. */
  takeSpent(): boolean {
    const isSpent = this.#isSpent;
    this.#isSpent = false;
    return isSpent;
  }

  /** Only while holding the lock. */
  end(): void {
    // Else it may be somebody else's that lies there.
    if (this.isOurs) this.#write(0);
  }

  #write(until: number): void {
    this.#until = until;
    this.#bytes.writeDoubleLE(until, 0);
    this.#fs.write(this.#descriptor, this.#bytes, GUARD_RECORD_BYTES);
  }
}

/** A clock that was set back ends a lease, rather than stretch it. */
function leftOf(until: number, nowMs: number): number {
  const left = until - nowMs;
  return left > 0 && left <= LEASE_MS ? left : 0;
}
