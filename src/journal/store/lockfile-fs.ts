/**
 * proper-lockfile's view of the file system. It answers at once, so that a lock round costs few system calls. One for each
 * lock: what one handle sees while it waits must not decide what another gives back.
 *
 * It removes only the directory that is ours, where proper-lockfile would remove whatever is there; and it can keep
 * proper-lockfile's hands off a directory that lies there while its lock is not held.
 */
import { DIRECTORY_MODE, type FileSystem } from './file-system.js';

type Callback<T> = (error: unknown, result?: T) => void;
type LockfileStat = { readonly mtime: Date };

/** What tells one lock directory from the next at the same path. */
export interface DirectoryIdentity {
  readonly ino: number;
  readonly mtimeMs: number;
}

export class LockfileFs {
  readonly #fs: FileSystem;
  readonly #onExit: () => void;
  /** What proper-lockfile looked at last: what it may remove as stale. */
  #seen: DirectoryIdentity | undefined;
  /** The time that proper-lockfile believes our directory to have. After an adoption it is that of an earlier one. */
  #believedMs = 0;
  /** The directory that is to be taken over instead of being made. */
  #existing: DirectoryIdentity | undefined;
  /** The directory we made or took over, as we refreshed it last. */
  held: DirectoryIdentity | undefined;
  /** Nobody of this process holds the lock: a refresh now could change a directory that another writer uses. */
  isDormant = false;

  /** @param onExit called instead of removing a dormant directory when the process exits */
  constructor(fs: FileSystem, onExit: () => void) {
    this.#fs = fs;
    this.#onExit = onExit;
  }

  readonly mkdir = (path: string, done: Callback<void>): void =>
    answer(done, () => {
      if (this.#existing === undefined) this.#fs.mkdir(path, DIRECTORY_MODE);
    });
  readonly stat = (path: string, done: Callback<LockfileStat>): void => answer(done, () => this.#look(path));
  readonly rmdir = (path: string, done: Callback<void>): void => answer(done, () => this.#remove(path, this.#seen));
  readonly utimes = (path: string, accessed: Date, modified: Date, done: Callback<void>): void =>
    answer(done, () => this.#refresh(path, accessed, modified));

  /** Called by proper-lockfile when the process exits. */
  readonly rmdirSync = (path: string): void => {
    if (this.isDormant) this.#onExit();
    else this.removeHeld(path);
  };

  /** Call before a lock is taken. @param existing the directory to take over, if it is not to be made */
  prepare(existing: DirectoryIdentity | undefined): void {
    this.held = undefined;
    this.isDormant = false;
    this.#existing = existing;
  }

  /** Call when the lock was just taken: the last thing looked at is the directory that was made, or is there. */
  claimed(): DirectoryIdentity {
    const identity = this.#existing ?? this.#seen ?? { ino: 0, mtimeMs: 0 };
    this.#existing = undefined;
    return identity;
  }

  isHeld(path: string): boolean {
    return isSame(this.#fs.lstat(path), this.held);
  }

  removeHeld(path: string): void {
    this.#remove(path, this.held);
  }

  /** Whatever proper-lockfile removes next, it is not there. */
  keepDirectory(): void {
    this.#seen = undefined;
  }

  #look(path: string): LockfileStat {
    if (this.isDormant) throw Object.assign(new Error('the lock is not held'), { code: 'ENOENT' });
    const { ino, mtimeMs } = this.#fs.stat(path);
    this.#seen = { ino, mtimeMs };
    if (this.held !== undefined && isSame(this.#seen, this.held)) return { mtime: new Date(this.#believedMs) };
    // Rounded: a time set in milliseconds may read back a microsecond short of them, and would then not count as ours.
    this.#believedMs = Math.round(mtimeMs);
    return { mtime: new Date(this.#believedMs) };
  }

  #refresh(path: string, accessed: Date, modified: Date): void {
    // Before the lock is ours, this is proper-lockfile trying out the precision of the file system's times: it would give
    // all directories made within one second the same time, and two of them in a row must differ.
    if (this.held === undefined) return;
    this.#fs.setTimes(path, accessed.getTime() / 1000, modified.getTime() / 1000);
    this.#believedMs = modified.getTime();
    this.held = { ino: this.held.ino, mtimeMs: modified.getTime() };
  }

  #remove(path: string, wanted: DirectoryIdentity | undefined): void {
    if (wanted !== undefined && isSame(this.#fs.lstat(path), wanted)) this.#fs.rmdir(path);
  }
}

function isSame(found: DirectoryIdentity | undefined, wanted: DirectoryIdentity | undefined): boolean {
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
