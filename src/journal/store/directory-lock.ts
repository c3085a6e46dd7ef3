/**
 * The lock that writers on other hosts, the Go tool and anybody's proper-lockfile respect: the directory `P.lock`.
 *
 * proper-lockfile makes and refreshes it. What it does wrong for us is mended here: it would remove a directory that
 * somebody else owns by now (we remove only the one we made), and throw from a timer when its lock is lost (we note it).
 *
 * A directory is known by its inode and its time together: file systems give the inode of a removed directory to the
 * next one that is made, which after a takeover is the other writer's.
 */
import { createRequire } from 'node:module';
import type * as ProperLockfile from 'proper-lockfile';
import { DIRECTORY_MODE, errnoOf, type FileStat, type FileSystem } from './file-system.js';

/** A lock directory is refreshed at half this age, so an older one has no living owner. */
export const DIRECTORY_STALE_MS = 10_000;

type Callback<T> = (error: unknown, result?: T) => void;
type LockfileStat = { readonly mtime: Date };

interface Identity {
  readonly ino: number;
  readonly mtimeMs: number;
}

/**
 * proper-lockfile's view of the file system. It answers at once, so that a lock round costs few system calls. One for each
 * lock: what one handle sees while it waits must not decide what another gives back.
 */
class LockfileFs {
  readonly #fs: FileSystem;
  /** What proper-lockfile looked at last: what it may remove as stale. */
  #seen: Identity | undefined;
  /** The directory we made, as we refreshed it last. */
  held: Identity | undefined;

  constructor(fs: FileSystem) {
    this.#fs = fs;
  }

  readonly mkdir = (path: string, done: Callback<void>): void =>
    answer(done, () => this.#fs.mkdir(path, DIRECTORY_MODE));
  readonly stat = (path: string, done: Callback<LockfileStat>): void => answer(done, () => this.#look(path));
  readonly rmdir = (path: string, done: Callback<void>): void => answer(done, () => this.#remove(path, this.#seen));
  readonly utimes = (path: string, accessed: Date, modified: Date, done: Callback<void>): void =>
    answer(done, () => this.#refresh(path, accessed, modified));

  /** Called by proper-lockfile when the process exits. */
  readonly rmdirSync = (path: string): void => this.#remove(path, this.held);

  /** Call when the lock was just taken: the last thing looked at is the directory that was made. */
  claim(): void {
    this.held = this.#seen;
  }

  isHeld(path: string): boolean {
    return isSame(this.#fs.lstat(path), this.held);
  }

  /** Call before giving the lock back: a look of ours at somebody else's directory must not remove that one. */
  aimAtHeld(): void {
    this.#seen = this.held;
  }

  #look(path: string): LockfileStat {
    const { ino, mtimeMs } = this.#fs.stat(path);
    this.#seen = { ino, mtimeMs };
    // Rounded: a time set in milliseconds may read back a microsecond short of them, and would then not count as ours.
    return { mtime: new Date(Math.round(mtimeMs)) };
  }

  #refresh(path: string, accessed: Date, modified: Date): void {
    // Before the lock is ours, this is proper-lockfile trying out the precision of the file system's times: it would give
    // all directories made within one second the same time, and two of them in a row must differ.
    if (this.held === undefined) return;
    this.#fs.setTimes(path, accessed.getTime() / 1000, modified.getTime() / 1000);
    this.held = { ino: this.held.ino, mtimeMs: modified.getTime() };
  }

  #remove(path: string, wanted: Identity | undefined): void {
    if (isSame(this.#fs.lstat(path), wanted)) this.#fs.rmdir(path);
  }
}

function isSame(found: Identity | undefined, wanted: Identity | undefined): boolean {
  if (found === undefined || found.ino !== wanted?.ino) return false;
  return Math.round(found.mtimeMs) === Math.round(wanted.mtimeMs);
}

function answer<T>(done: Callback<T>, action: () => T): void {
  let result: T;
  try {
    result = action();
  } catch (error) {
    done(error);
    return;
  }
  done(null, result);
}

let properLockfile: typeof ProperLockfile | undefined;

/** Loaded on first use: a reader never needs it, and it hooks the process's signals. */
function load(): typeof ProperLockfile {
  return (properLockfile ??= createRequire(import.meta.url)('proper-lockfile') as typeof ProperLockfile);
}

export class DirectoryLock {
  readonly #fs: FileSystem;
  readonly #adapter: LockfileFs;
  readonly #path: string;
  #release: (() => Promise<void>) | undefined;
  /** Of the current claim alone: the refresh timer of a lost one may go off while the next is held. */
  #claim = { isCompromised: false };

  /** @param path of the lock directory itself */
  constructor(fs: FileSystem, path: string) {
    this.#fs = fs;
    this.#path = path;
    this.#adapter = new LockfileFs(fs);
  }

  /** What lies at the lock's path now. */
  look(): FileStat | undefined {
    return this.#fs.lstat(this.#path);
  }

  /** Of the directory we made; 0 when there is none. */
  get inode(): number {
    return this.#adapter.held?.ino ?? 0;
  }

  /** One attempt. False when somebody else holds it; throws the file system's own errors. */
  async tryAcquire(staleAfterMs: number): Promise<boolean> {
    const claim = { isCompromised: false };
    this.#adapter.held = undefined;
    try {
      this.#release = await load().lock(this.#path, {
        lockfilePath: this.#path,
        realpath: false,
        retries: 0,
        stale: staleAfterMs,
        fs: this.#adapter,
        onCompromised: () => {
          claim.isCompromised = true;
        },
      });
    } catch (error) {
      if (errnoOf(error) === 'ELOCKED') return false;
      throw error;
    }
    this.#claim = claim;
    this.#adapter.claim();
    return true;
  }

  /** Whether the directory on disk is still the one we made: false after a takeover, which a stopped process can suffer. */
  isHeld(): boolean {
    return this.#release !== undefined && !this.#claim.isCompromised && this.#adapter.isHeld(this.#path);
  }

  /** Gives the lock back if it is still ours. */
  async release(): Promise<void> {
    const release = this.#release;
    const isOurs = this.isHeld();
    this.#release = undefined;
    // When it is not, proper-lockfile finds out at its next refresh; asked to release, it might let go of a later lock.
    if (release === undefined || !isOurs) return;
    this.#adapter.aimAtHeld();
    try {
      await release();
    } catch (error) {
      // Lost to somebody else before: there is nothing of ours to give back.
      if (errnoOf(error) !== 'ERELEASED') throw error;
    }
  }

  /** Removes a directory that is known to have no living owner. */
  removeAbandoned(): void {
    this.#fs.rmdir(this.#path);
  }
}
