/**
 * A disk in memory that can lose its power. It keeps what was written apart from what was synced, for files and for directories,
 * and tells every state that the disk may be found in afterwards: what was not synced may be there, be gone, or be torn.
 *
 * No more is promised than POSIX does: the sync of a file says nothing of its name, the sync of a directory nothing of the
 * files in it, and nothing orders two changes that no sync stands between.
 */
import { basename, dirname } from 'node:path';
import type { FileSystem } from '../../src/index.js';

type Entries = Map<string, Inode>;

/** A change of a file's content that no sync has made sure of. */
type Change = { readonly start: number; readonly bytes: Uint8Array } | { readonly size: number };

/** Names of one directory that changed together: a rename inside it is one change, and is kept or lost as one. */
type EntryChange = readonly (readonly [name: string, inode: Inode | undefined])[];

interface FileInode {
  readonly kind: 'file';
  readonly ino: number;
  data: Buffer;
  /** As of the last sync. */
  durable: Buffer;
  /** What happened since then, in order. */
  unsynced: Change[];
  mtimeMs: number;
}

interface DirectoryInode {
  readonly kind: 'directory';
  readonly ino: number;
  entries: Entries;
  durableEntries: Entries;
  unsynced: EntryChange[];
  mtimeMs: number;
}

type Inode = FileInode | DirectoryInode;

export class PowerCutError extends Error {}

/** What a crash does to one file or directory that was changed since its last sync: which of its changes it finds. */
type Fate = 'kept' | 'lost' | { readonly content: Buffer } | { readonly entries: Entries };

/** A state of the disk after a power cut. */
export interface CrashState {
  readonly name: string;
  readonly disk: ModelDisk;
}

const CHANGES = new Set(['write', 'truncate', 'rename', 'link', 'unlink', 'mkdir', 'mkdirs', 'rmdir', 'create']);
const SYNCS = new Set(['sync', 'syncData', 'syncDirectory']);

export class ModelDisk {
  readonly fs: FileSystem = this.#fileSystem();
  /** Changes and syncs so far. */
  steps = 0;
  /** The power goes before the change or sync of this number. */
  cutAt: number = Infinity;
  #nextIno = 2;
  #root: DirectoryInode = newDirectory(1);
  readonly #open = new Map<number, { readonly inode: FileInode; readonly appends: boolean }>();
  #nextDescriptor = 3;

  /** Every file by its path, as it is found now. */
  files(folder = '/', inode: DirectoryInode = this.#root): Map<string, Buffer> {
    const found = new Map<string, Buffer>();
    for (const [name, entry] of inode.entries) {
      const path = folder === '/' ? `/${name}` : `${folder}/${name}`;
      if (entry.kind === 'file') found.set(path, entry.data);
      else for (const [inner, data] of this.files(path, entry)) found.set(inner, data);
    }
    return found;
  }

  /**
   * The states that the power cut may leave: everything kept, everything lost, each file and directory against the others, and
   * the last write of each file half done.
   *
   * @param isThorough also every file after some of its changes alone, its last write torn at several bytes, and every
   *   directory without any one of its changes
   */
  crashStates(isThorough = false): CrashState[] {
    const doubtful = this.#doubtful();
    const states: CrashState[] = [
      { name: 'all kept', disk: this.#after(() => 'kept') },
      { name: 'all lost', disk: this.#after(() => 'lost') },
    ];
    for (const { inode, path } of doubtful) {
      const others: readonly ('kept' | 'lost')[] = doubtful.length > 1 ? ['kept', 'lost'] : ['kept'];
      for (const other of others) {
        const single = other === 'kept' ? 'lost' : 'kept';
        states.push({
          name: `${path} ${single}, others ${other}`,
          disk: this.#after((i) => (i === inode ? single : other)),
        });
      }
      const partial = inode.kind === 'file' ? partialContents(inode, isThorough) : partialEntries(inode, isThorough);
      for (const [how, fate] of partial) {
        states.push({ name: `${path} ${how}`, disk: this.#after((i) => (i === inode ? fate : 'kept')) });
      }
    }
    return states;
  }

  /** A disk with the same content, of which everything is sure. */
  copy(): ModelDisk {
    return this.#after(() => 'kept');
  }

  #doubtful(): { inode: Inode; path: string }[] {
    const found: { inode: Inode; path: string }[] = [];
    const seen = new Set<Inode>();
    const walk = (inode: Inode, path: string): void => {
      if (seen.has(inode)) return;
      seen.add(inode);
      if (inode.kind === 'file') {
        if (!inode.data.equals(inode.durable)) found.push({ inode, path });
        return;
      }
      if (!sameEntries(inode.entries, inode.durableEntries)) found.push({ inode, path: `${path}/` });
      for (const [name, entry] of [...inode.durableEntries, ...inode.entries]) walk(entry, `${path}/${name}`);
    };
    walk(this.#root, '');
    return found;
  }

  #after(fateOf: (inode: Inode) => Fate): ModelDisk {
    const disk = new ModelDisk();
    disk.#nextIno = this.#nextIno;
    const made = new Map<Inode, Inode>();
    const copy = (inode: Inode): Inode => {
      const known = made.get(inode);
      if (known !== undefined) return known;
      if (inode.kind === 'file') {
        const data = contentAfter(inode, fateOf(inode));
        const file: FileInode = { ...inode, data, durable: data, unsynced: [] };
        made.set(inode, file);
        return file;
      }
      const survivors = entriesAfter(inode, fateOf(inode));
      const entries: Entries = new Map();
      const directory: DirectoryInode = { ...inode, entries, durableEntries: entries, unsynced: [] };
      made.set(inode, directory);
      for (const [name, entry] of survivors) entries.set(name, copy(entry));
      directory.durableEntries = new Map(entries);
      return directory;
    };
    disk.#root = copy(this.#root) as DirectoryInode;
    return disk;
  }

  #step(operation: string): void {
    if (!CHANGES.has(operation) && !SYNCS.has(operation)) return;
    if (this.steps >= this.cutAt) throw new PowerCutError(`power cut before ${operation}`);
    this.steps += 1;
  }

  #lookUp(path: string): Inode | undefined {
    let at: Inode | undefined = this.#root;
    for (const name of path.split('/').filter((part) => part !== '')) {
      if (at?.kind !== 'directory') return undefined;
      at = at.entries.get(name);
    }
    return at;
  }

  #get(path: string): Inode {
    return this.#lookUp(path) ?? fail('ENOENT', path);
  }

  #folderOf(path: string): DirectoryInode {
    const folder = this.#get(dirname(path));
    return folder.kind === 'directory' ? folder : fail('ENOTDIR', path);
  }

  #file(descriptor: number): { readonly inode: FileInode; readonly appends: boolean } {
    return this.#open.get(descriptor) ?? fail('EBADF', String(descriptor));
  }

  #makeDirectory(path: string): void {
    this.#change(path, newDirectory(this.#nextIno++));
  }

  /** @param inode what has the name from now on; undefined for nothing */
  #change(path: string, inode: Inode | undefined): void {
    changeEntries(this.#folderOf(path), [[basename(path), inode]]);
  }

  #openFile(path: string, mode: string): number {
    let inode = this.#lookUp(path);
    if (mode === 'create' && inode !== undefined) fail('EEXIST', path);
    if (inode === undefined && (mode === 'create' || mode === 'update')) {
      this.#step('create');
      const data = Buffer.alloc(0);
      inode = { kind: 'file', ino: this.#nextIno++, data, durable: data, unsynced: [], mtimeMs: 0 };
      this.#change(path, inode);
    }
    if (inode === undefined) return fail('ENOENT', path);
    if (inode.kind === 'directory') return fail('EISDIR', path);
    const descriptor = this.#nextDescriptor++;
    this.#open.set(descriptor, { inode, appends: mode === 'append' });
    return descriptor;
  }

  #write(descriptor: number, bytes: Uint8Array, position: number | null): number {
    this.#step('write');
    const { inode, appends } = this.#file(descriptor);
    const start = appends || position === null ? inode.data.length : position;
    changeContent(inode, { start, bytes: Uint8Array.from(bytes) });
    return bytes.length;
  }

  #fileSystem(): FileSystem {
    return {
      open: (path, mode) => this.#openFile(path, mode),
      close: (descriptor) => void this.#open.delete(descriptor),
      read: (descriptor, buffer, offset, length, position) => {
        const { data } = this.#file(descriptor).inode;
        const part = data.subarray(position, position + length);
        buffer.set(part, offset);
        return part.length;
      },
      write: (descriptor, data, position) => this.#write(descriptor, data, position),
      truncate: (descriptor, size) => {
        this.#step('truncate');
        changeContent(this.#file(descriptor).inode, { size });
      },
      syncData: (descriptor) => this.#sync(descriptor),
      sync: (descriptor) => this.#sync(descriptor),
      syncDirectory: (path) => {
        this.#step('syncDirectory');
        const directory = this.#get(path);
        if (directory.kind !== 'directory') return;
        directory.durableEntries = new Map(directory.entries);
        directory.unsynced = [];
      },
      stat: (path) => statOf(this.#get(path)),
      lstat: (path) => {
        const inode = this.#lookUp(path);
        return inode === undefined ? undefined : statOf(inode);
      },
      fstat: (descriptor) => statOf(this.#file(descriptor).inode),
      rename: (from, to) => {
        this.#step('rename');
        const inode = this.#get(from);
        const [source, target] = [this.#folderOf(from), this.#folderOf(to)];
        if (source === target) {
          changeEntries(source, [
            [basename(from), undefined],
            [basename(to), inode],
          ]);
          return;
        }
        changeEntries(source, [[basename(from), undefined]]);
        changeEntries(target, [[basename(to), inode]]);
      },
      link: (existing, created) => {
        if (this.#lookUp(created) !== undefined) fail('EEXIST', created);
        this.#step('link');
        this.#change(created, this.#get(existing));
      },
      unlink: (path) => {
        this.#get(path);
        this.#step('unlink');
        this.#change(path, undefined);
      },
      mkdir: (path) => {
        if (this.#lookUp(path) !== undefined) fail('EEXIST', path);
        this.#step('mkdir');
        this.#makeDirectory(path);
      },
      mkdirs: (path) => {
        const parts = path.split('/').filter((part) => part !== '');
        for (const [at] of parts.entries()) {
          const part = `/${parts.slice(0, at + 1).join('/')}`;
          if (this.#lookUp(part) !== undefined) continue;
          this.#step('mkdirs');
          this.#makeDirectory(part);
        }
      },
      rmdir: (path) => {
        const directory = this.#get(path);
        if (directory.kind === 'directory' && directory.entries.size > 0) fail('ENOTEMPTY', path);
        this.#step('rmdir');
        this.#change(path, undefined);
      },
      setTimes: () => undefined,
      readDirectory: (path) => {
        const directory = this.#get(path);
        return directory.kind === 'directory' ? [...directory.entries.keys()] : fail('ENOTDIR', path);
      },
      realPath: (path) => {
        this.#get(path);
        return path;
      },
      kernelLock: () => ({
        tryLock: () => true,
        waitForLock: () => Promise.resolve(),
        unlock: () => undefined,
      }),
    };
  }

  #sync(descriptor: number): void {
    this.#step('sync');
    const { inode } = this.#file(descriptor);
    inode.durable = inode.data;
    inode.unsynced = [];
  }
}

function newDirectory(ino: number): DirectoryInode {
  return { kind: 'directory', ino, entries: new Map(), durableEntries: new Map(), unsynced: [], mtimeMs: 0 };
}

function changeEntries(directory: DirectoryInode, change: EntryChange): void {
  directory.unsynced.push(change);
  applyEntries(directory.entries, change);
}

function applyEntries(entries: Entries, change: EntryChange): void {
  for (const [name, inode] of change) {
    if (inode === undefined) entries.delete(name);
    else entries.set(name, inode);
  }
}

function changeContent(inode: FileInode, change: Change): void {
  inode.unsynced.push(change);
  inode.data = changed(inode.data, change);
}

function changed(before: Buffer, change: Change): Buffer {
  if ('size' in change) return Buffer.from(before.subarray(0, change.size));
  const data = Buffer.alloc(Math.max(before.length, change.start + change.bytes.length));
  before.copy(data);
  data.set(change.bytes, change.start);
  return data;
}

/** States of a file between its last sync and now: after some of its changes, and in the middle of the last. */
function partialContents({ durable, unsynced }: FileInode, isThorough: boolean): [string, Fate][] {
  const found: [string, Fate][] = [];
  const last = unsynced.length - 1;
  let content = durable;
  for (const [at, change] of unsynced.entries()) {
    if ('bytes' in change && (isThorough || at === last)) {
      const { start, bytes } = change;
      const half = bytes.length >> 1;
      const ends = isThorough ? [1, half, bytes.length - 1].filter((end) => end > 0 && end < bytes.length) : [half];
      for (const end of new Set(ends)) {
        const torn = changed(content, { start, bytes: bytes.subarray(0, end) });
        found.push([`torn in change ${at + 1}, at byte ${end}`, { content: torn }]);
      }
    }
    content = changed(content, change);
    if (isThorough && at < last) found.push([`after change ${at + 1} of ${last + 1}`, { content }]);
  }
  return found;
}

/** Nothing orders two changes of a directory: each may be the one that is lost. */
function partialEntries({ durableEntries, unsynced }: DirectoryInode, isThorough: boolean): [string, Fate][] {
  if (!isThorough || unsynced.length < 2) return [];
  return unsynced.map((_, lost) => {
    const entries: Entries = new Map(durableEntries);
    for (const [at, change] of unsynced.entries()) if (at !== lost) applyEntries(entries, change);
    return [`without change ${lost + 1} of ${unsynced.length}`, { entries }];
  });
}

function contentAfter(inode: FileInode, fate: Fate): Buffer {
  if (typeof fate === 'object') return 'content' in fate ? fate.content : inode.data;
  return fate === 'lost' ? inode.durable : inode.data;
}

function entriesAfter(inode: DirectoryInode, fate: Fate): Entries {
  if (typeof fate === 'object') return 'entries' in fate ? fate.entries : inode.entries;
  return fate === 'lost' ? inode.durableEntries : inode.entries;
}

function statOf(inode: Inode): ReturnType<FileSystem['stat']> {
  const { kind, ino, mtimeMs } = inode;
  return { dev: 1, ino, size: inode.kind === 'file' ? inode.data.length : 0, mtimeMs, mode: 0o600, kind };
}

function sameEntries(a: Entries, b: Entries): boolean {
  return a.size === b.size && [...a].every(([name, inode]) => b.get(name) === inode);
}

function fail(code: string, path: string): never {
  throw Object.assign(new Error(`${code}: ${path}`), { code });
}
