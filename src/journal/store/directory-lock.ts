/**
 * The lock that writers on other hosts, the Go tool and anybody's proper-lockfile respect: the directory `P.lock`.
 *
 * proper-lockfile makes and refreshes it. What it does wrong for us is mended here: it would remove a directory that
 * somebody else owns by now (we remove only the inode we saw), and throw from a timer when its lock is lost (we note it).
 */
import { createRequire } from 'node:module';
import type * as ProperLockfile from 'proper-lockfile';
import { DIRECTORY_MODE, errnoOf, type FileStat, type FileSystem } from './file-system.js';

/** A lock directory is refreshed at half this age, so an older one has no living owner. */
export const DIRECTORY_STALE_MS = 10_000;

type Callback<T> = (error: unknown, result?: T) => void;
type LockfileStat = { readonly mtime: Date };

/** proper-lockfile's view of the file system. It answers at once, so that a lock round costs three system calls. */
class LockfileFs {
  readonly #fs: FileSystem;
  readonly #seenInodes = new Map<string, number>();

  constructor(fs: FileSystem) {
    this.#fs = fs;
  }

  readonly mkdir = (path: string, done: Callback<void>): void =>
    answer(done, () => this.#fs.mkdir(path, DIRECTORY_MODE));
  readonly stat = (path: string, done: Callback<LockfileStat>): void => answer(done, () => this.#look(path));
  readonly rmdir = (path: string, done: Callback<void>): void => answer(done, () => this.rmdirSync(path));
  readonly utimes = (path: string, accessed: Date, modified: Date, done: Callback<void>): void =>
    answer(done, () => this.#fs.setTimes(path, accessed.getTime() / 1000, modified.getTime() / 1000));

  /** Also called by proper-lockfile when the process exits. */
  readonly rmdirSync = (path: string): void => {
    const seen = this.#seenInodes.get(path);
    this.#seenInodes.delete(path);
    if (seen !== undefined && this.#fs.lstat(path)?.ino === seen) this.#fs.rmdir(path);
  };

  seenInode(path: string): number | undefined {
    return this.#seenInodes.get(path);
  }

  #look(path: string): LockfileStat {
    const { ino, mtimeMs } = this.#fs.stat(path);
    this.#seenInodes.set(path, ino);
    return { mtime: new Date(mtimeMs) };
  }
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

// proper-lockfile remembers the precision of a file system's times on the object it is given: one for each.
const adapters = new WeakMap<FileSystem, LockfileFs>();
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
  #isCompromised = false;
  #inode = 0;

  /** @param path of the lock directory itself */
  constructor(fs: FileSystem, path: string) {
    this.#fs = fs;
    this.#path = path;
    const known = adapters.get(fs);
    this.#adapter = known ?? new LockfileFs(fs);
    if (known === undefined) adapters.set(fs, this.#adapter);
  }

  /** What lies at the lock's path now. */
  look(): FileStat | undefined {
    return this.#fs.lstat(this.#path);
  }

  get inode(): number {
    return this.#inode;
  }

  /** One attempt. False when somebody else holds it; throws the file system's own errors. */
  async tryAcquire(staleAfterMs: number): Promise<boolean> {
    this.#isCompromised = false;
    try {
      this.#release = await load().lock(this.#path, {
        lockfilePath: this.#path,
        realpath: false,
        retries: 0,
        stale: staleAfterMs,
        fs: this.#adapter,
        onCompromised: () => {
          this.#isCompromised = true;
        },
      });
    } catch (error) {
      if (errnoOf(error) === 'ELOCKED') return false;
      throw error;
    }
    this.#inode = this.#adapter.seenInode(this.#path) ?? 0;
    return true;
  }

  /** Whether the directory on disk is still the one we made: false after a takeover, which a stopped process can suffer. */
  isHeld(): boolean {
    return this.#release !== undefined && !this.#isCompromised && this.look()?.ino === this.#inode;
  }

  /** Gives the lock back if it is still ours. */
  async release(): Promise<void> {
    const release = this.#release;
    this.#release = undefined;
    if (release === undefined) return;
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
