/**
 * The trash of a root: things on their way out, by the intent that names them. Whether a thing is there is how a later run
 * knows what an interrupted one did, so every step is durable before the next:
 *
 * 1. the first file of a thing is renamed into the trash: from here on the thing goes;
 * 2. the others follow;
 * 3. once all things are moved, a list of them is written: from here on it decides, and files may be unlinked.
 */
import { dirname, isAbsolute, join } from 'node:path';
import { GaitError } from '../errors.js';
import { makeDirectories, readWhole, replaceFile, type FileSystem, type World } from '../journal/index.js';
import { TRASH_NAME } from './inventory-walk.js';
import type { Removal } from './tombstones.js';

const MOVED_NAME = 'moved.json';
const MAX_MOVED_BYTES = 64 * 1024 * 1024;

export class Trash {
  readonly #world: World;
  readonly #root: string;
  readonly #folder: string;

  constructor(world: World, root: string, intent: number) {
    this.#world = world;
    this.#root = root;
    this.#folder = join(root, TRASH_NAME, String(intent));
  }

  /** Throws the file system's own errors, as all methods do. */
  make(): void {
    makeDirectories(this.#world.fs, this.#folder);
  }

  /** Moves a thing, durably. False when its first file is not there: then nothing was moved. */
  move(place: number, removal: Removal): boolean {
    const { fs } = this.#world;
    const [first = '', ...rest] = this.#sources(removal);
    if (fs.lstat(first) === undefined) return false;
    fs.rename(first, this.#target(place, 0));
    // Where the rest without the first would still look like a thing, a power cut must not leave it so.
    this.#sync([first]);
    this.#moveRest(place, rest);
    return true;
  }

  /** Finishes a move that was interrupted. False when it had not begun. */
  finishMove(place: number, removal: Removal): boolean {
    const { fs } = this.#world;
    const [first = '', ...rest] = this.#sources(removal);
    const moved = fs.lstat(this.#target(place, 0));
    let source = fs.lstat(first);
    // Neither name: POSIX lets a power cut keep the one half of a rename and lose the other. What the intent lists went.
    if (moved === undefined && (source !== undefined || !this.exists())) return false;
    // Both names of one file: the same, the other way round.
    if (moved !== undefined && source?.ino === moved.ino && source.dev === moved.dev) {
      fs.unlink(first);
      this.#sync([first]);
      source = undefined;
    }
    // Somebody has begun anew at its path since: what lies beside that belongs to it now.
    if (source === undefined) this.#moveRest(place, rest);
    return true;
  }

  /** Whether anything was ever moved for the intent. */
  exists(): boolean {
    return this.#world.fs.lstat(this.#folder)?.kind === 'directory';
  }

  /** Says, durably, which things are in the trash as a whole. Only then may they be unlinked. */
  markMoved(places: readonly number[]): void {
    const { fs, nonce } = this.#world;
    const content = Buffer.from(JSON.stringify({ moved: places }));
    replaceFile(fs, join(this.#folder, MOVED_NAME), content, { durable: true, nonce: nonce() });
  }

  /** What was marked; undefined when the moving was interrupted. Throws JOURNAL_CORRUPT for a mark that somebody spoilt. */
  marked(): readonly number[] | undefined {
    const path = join(this.#folder, MOVED_NAME);
    if (this.#world.fs.lstat(path) === undefined) return undefined;
    const moved = movedIn(readWhole(this.#world.fs, path, MAX_MOVED_BYTES).toString('utf8'));
    if (moved !== undefined) return moved;
    throw new GaitError('JOURNAL_CORRUPT', `the mark of an interrupted removal is damaged: ${path}`, {
      hint: 'delete this file: the next run then goes by what lies in the trash',
      details: { path },
    });
  }

  /** Unlinks what is in the trash; the mark stays until tombstones say what went. */
  empty(): void {
    const { fs } = this.#world;
    for (const name of fs.readDirectory(this.#folder)) {
      if (name !== MOVED_NAME) removeTree(fs, join(this.#folder, name));
    }
    fs.syncDirectory(this.#folder);
  }

  /** Removes the folder, when there is one, and the trash itself when nothing else is in it. */
  remove(): void {
    const { fs } = this.#world;
    if (this.exists()) {
      removeTree(fs, this.#folder);
      fs.syncDirectory(dirname(this.#folder));
    }
    removeEmptyTrash(fs, this.#root);
  }

  #moveRest(place: number, rest: readonly string[]): void {
    const { fs } = this.#world;
    const moved: string[] = [];
    for (const [index, from] of rest.entries()) {
      if (fs.lstat(from) === undefined) continue;
      fs.rename(from, this.#target(place, index + 1));
      moved.push(from);
    }
    if (moved.length > 0) this.#sync(moved);
  }

  #sync(sources: readonly string[]): void {
    const { fs } = this.#world;
    for (const folder of new Set(sources.map((path) => dirname(path)))) {
      // A folder inside one that was moved with it is no longer here.
      if (fs.lstat(folder) !== undefined) fs.syncDirectory(folder);
    }
    fs.syncDirectory(this.#folder);
  }

  #target(place: number, index: number): string {
    return join(this.#folder, `${place}.${index}`);
  }

  #sources({ files }: Removal): string[] {
    return files.map((file) => join(this.#root, safe(file)));
  }
}

/** Undefined for anything but a mark as `markMoved` writes it. */
function movedIn(text: string): readonly number[] | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // Never written so: it is put in place whole.
    return undefined;
  }
  const moved = typeof value === 'object' && value !== null && 'moved' in value ? value.moved : undefined;
  const isMark = Array.isArray(moved) && moved.every((place) => Number.isSafeInteger(place));
  return isMark ? (moved as readonly number[]) : undefined;
}

/** Sequences of the intents that have something in the trash of a root. */
export function intentsInTrash(fs: FileSystem, root: string): number[] {
  const trash = join(root, TRASH_NAME);
  if (fs.lstat(trash)?.kind !== 'directory') return [];
  return fs
    .readDirectory(trash)
    .map(Number)
    .filter((sequence) => Number.isSafeInteger(sequence) && sequence > 0);
}

/** Throws the file system's own errors. */
export function removeEmptyTrash(fs: FileSystem, root: string): void {
  const trash = join(root, TRASH_NAME);
  if (fs.lstat(trash)?.kind !== 'directory' || fs.readDirectory(trash).length > 0) return;
  fs.rmdir(trash);
  fs.syncDirectory(root);
}

/** A ledger is read from a disk: a name in it must not lead out of the root. */
function safe(file: string): string {
  const isSafe = file !== '' && !isAbsolute(file) && !file.split('/').some((part) => part === '..' || part === '');
  if (isSafe) return file;
  throw new GaitError('JOURNAL_CORRUPT', `the ledger names a file outside the root: ${JSON.stringify(file)}`, {
    details: { file },
  });
}

function removeTree(fs: FileSystem, path: string): void {
  if (fs.lstat(path)?.kind !== 'directory') {
    fs.unlink(path);
    return;
  }
  for (const name of fs.readDirectory(path)) removeTree(fs, join(path, name));
  fs.rmdir(path);
}
