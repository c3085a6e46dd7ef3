/**
 * The lock that writers on other hosts, the Go tool and anybody's proper-lockfile respect: the directory `P.lock`.
 *
 * proper-lockfile makes and refreshes it, and removes it when a signal ends the process. What it does wrong for us is mended
 * in lockfile-fs.ts; here it is taught to leave a directory lying while the lock is not held, and to take over one that
 * lies there.
 *
 * A directory is known by its inode and its time together: file systems give the inode of a removed directory to the
 * next one that is made, which after a takeover is the other writer's.
 */
import { createRequire } from 'node:module';
import type * as ProperLockfile from 'proper-lockfile';
import { errnoOf, type FileStat, type FileSystem } from './file-system.js';
import { LockfileFs, type DirectoryIdentity } from './lockfile-fs.js';

/** A lock directory is refreshed at half this age, so an older one has no living owner. */
export const DIRECTORY_STALE_MS = 10_000;

let properLockfile: typeof ProperLockfile | undefined;

/** Loaded on first use: a reader never needs it, and it hooks the process's signals. */
function load(): typeof ProperLockfile {
  return (properLockfile ??= createRequire(import.meta.url)('proper-lockfile') as typeof ProperLockfile);
}

/** What proper-lockfile knows of us. It has one such entry for each path, whatever the number of handles. */
interface Entry {
  readonly release: () => Promise<void>;
  /** Of this entry alone: the refresh timer of a lost one may go off while the next is in use. */
  readonly fate: { isLost: boolean };
}

/** Whose entry it is. A second one for the same path would overwrite the first, and releasing the first free the second. */
const entryOwners = new Map<string, DirectoryLock>();

export class DirectoryLock {
  readonly #fs: FileSystem;
  readonly #adapter: LockfileFs;
  readonly #path: string;
  #entry: Entry | undefined;
  #state: 'free' | 'held' | 'lent' = 'free';

  /**
   * @param path of the lock directory itself
   * @param onExit called when the process ends while the directory is lent; does not throw
   */
  constructor(fs: FileSystem, path: string, onExit: () => void = () => undefined) {
    this.#fs = fs;
    this.#path = path;
    this.#adapter = new LockfileFs(fs, onExit);
  }

  /** What lies at the lock's path now. */
  look(): FileStat | undefined {
    return this.#fs.lstat(this.#path);
  }

  /** The directory we made or took over, as we refreshed it last. */
  get identity(): DirectoryIdentity | undefined {
    return this.#adapter.held;
  }

  /** Whether we left it lying and have not looked at it since. */
  get isLent(): boolean {
    return this.#state === 'lent';
  }

  /** One attempt to make it. False when somebody else holds it; throws the file system's own errors. */
  async tryAcquire(staleAfterMs: number): Promise<boolean> {
    return this.#enter(undefined, staleAfterMs);
  }

  /**
   * Takes over a directory that lies there, and nobody else may take. The file system is touched only when
   * proper-lockfile does not know us any more. False when the directory is gone.
   */
  async adopt({ ino, mtimeMs }: DirectoryIdentity): Promise<boolean> {
    if (!this.#hasEntry()) return this.#enter({ ino, mtimeMs }, DIRECTORY_STALE_MS);
    this.#hold({ ino, mtimeMs });
    return true;
  }

  /** Whether the directory on disk is still the one we hold: false after a takeover, which a stopped process can suffer. */
  isHeld(): boolean {
    return this.#state === 'held' && this.#hasEntry() && this.#adapter.isHeld(this.#path);
  }

  /** Leaves it lying. Who may use it meanwhile, and who removes it, is the caller's business. */
  lend(): void {
    this.#state = 'lent';
    this.#adapter.isDormant = true;
  }

  /** Removes the directory if it is still ours. */
  release(): void {
    const isOurs = this.#state === 'lent' || this.isHeld();
    this.forget();
    if (isOurs) this.#adapter.removeHeld(this.#path);
  }

  /** Neither refreshes nor removes it any more: it is gone, or somebody else's. */
  forget(): void {
    this.#state = 'free';
    this.#endEntry();
  }

  /** Removes a directory that is known to have no living owner. */
  removeAbandoned(): void {
    try {
      this.#fs.rmdir(this.#path);
    } catch (error) {
      // Whoever was faster did our work.
      if (errnoOf(error) !== 'ENOENT') throw error;
    }
  }

  #hasEntry(): boolean {
    return this.#entry?.fate.isLost === false && entryOwners.get(this.#path) === this;
  }

  #endEntry(): void {
    const entry = this.#entry;
    // Of a lost one proper-lockfile finds out at its next refresh; asked to release it, it might let go of a later one.
    const isKnown = this.#hasEntry();
    this.#entry = undefined;
    if (entry === undefined || !isKnown) return;
    entryOwners.delete(this.#path);
    this.#adapter.keepDirectory();
    // With nothing to remove, all that can be wrong is that it was released before.
    entry.release().catch(() => undefined);
  }

  #hold(identity: DirectoryIdentity): void {
    this.#adapter.held = identity;
    this.#adapter.isDormant = false;
    this.#state = 'held';
  }

  async #enter(existing: DirectoryIdentity | undefined, staleAfterMs: number): Promise<boolean> {
    const other = entryOwners.get(this.#path);
    // Another handle of this process may have left the directory lying. It remains the one to remove it.
    if (other?.isLent === true) other.#endEntry();
    const fate = { isLost: false };
    this.#adapter.prepare(existing);
    let release: () => Promise<void>;
    try {
      release = await load().lock(this.#path, {
        lockfilePath: this.#path,
        realpath: false,
        retries: 0,
        stale: staleAfterMs,
        fs: this.#adapter,
        onCompromised: () => {
          fate.isLost = true;
        },
      });
    } catch (error) {
      if (errnoOf(error) === 'ELOCKED') return false;
      if (existing !== undefined && errnoOf(error) === 'ENOENT') return false;
      throw error;
    }
    this.#entry = { release, fate };
    entryOwners.set(this.#path, this);
    this.#hold(this.#adapter.claimed());
    return true;
  }
}
