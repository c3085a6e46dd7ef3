/**
 * A file that is there if and only if the event that names it is in the journal, whatever crashes in between.
 *
 * Under the writer lock, each step durable before the next: a record in `P.gait/companion` says which event and which file
 * are meant; the file is staged, whole, under a hidden name beside its place; the event is appended; the file is put in
 * place; the record goes. Whoever holds the lock next finds a record that was left, and asks the journal: the event is
 * there, and the file is put in place, or it is not, and the staged file goes. Nothing that stood at its place is ever
 * removed.
 */
import { basename, dirname, join, resolve } from 'node:path';
import { GaitError } from '../errors.js';
import { leafHashOfText } from '../sign/index.js';
import { readJournal } from './reader.js';
import { isSessionFile } from './runpack/index.js';
import { resolveWorld, type World } from './settings.js';
import {
  cleanPath,
  errnoOf,
  FILE_MODE,
  ioError,
  makeDirectories,
  readWhole,
  replaceFile,
  writeFully,
  type FileSystem,
  type JournalPaths,
} from './store/index.js';
import type { Environment } from './environment.js';
import type { CompanionFile } from './handle-types.js';

/** Where the event will be, and which it is. */
export interface CompanionPlace {
  readonly sequence: number;
  readonly leaf: Buffer;
}

/** What the record says. Only whoever holds the writer lock writes or reads it. */
interface CompanionRecord {
  readonly sequence: number;
  readonly leaf_hash: string;
  /** Absolute. */
  readonly path: string;
}

const MAX_RECORD_BYTES = 64 * 1024;

/** A companion between its staging and its place. */
export interface StagedCompanion {
  /** After the event is durable. Should it fail, the record stays and {@link settleCompanion} does it. */
  place(): void;
  /** When the event was surely not written. */
  discard(): void;
}

/**
 * Stages the file of the event that is about to be written.
 *
 * @throws GaitError OUTPUT_EXISTS when something is at its place, or on the way there, and INVALID_PATH; the file system's
 * own errors. Nothing is left then.
 */
export function stageCompanion(
  { fs, nonce }: World,
  paths: JournalPaths,
  { path, content }: CompanionFile,
  { sequence, leaf }: CompanionPlace,
): StagedCompanion {
  const place = resolve(cleanPath(path));
  refuseTaken(fs, place);
  makeDirectories(fs, dirname(place));
  const record: CompanionRecord = { sequence, leaf_hash: leaf.toString('hex'), path: place };
  replaceFile(fs, recordPath(paths), Buffer.from(JSON.stringify(record)), { durable: true, nonce: nonce() });
  const discard = (): void => {
    removeStaged(fs, place);
    removeIfThere(fs, recordPath(paths));
  };
  try {
    stageFile(fs, place, content);
  } catch (error) {
    // Somebody else's staged file, when there was one already, is not ours to remove.
    removeIfThere(fs, recordPath(paths));
    throw error;
  }
  return {
    place: () => {
      try {
        placeStaged(fs, place);
        removeIfThere(fs, recordPath(paths));
      } catch (cause) {
        throw new GaitError(
          ioError(cause, 'place', place).code,
          `event ${sequence} is kept, but its file is not at ${place} yet`,
          {
            hint: 'make the folder writable; the next append to the journal puts the file in place',
            details: { path: place, sequence },
            cause,
          },
        );
      }
    },
    discard,
  };
}

/**
 * Writes a file whole and durable where nothing may be yet, taking turns with those that are staged for an event.
 *
 * @throws GaitError OUTPUT_EXISTS, INVALID_PATH, DISK_FULL, IO_ERROR. Nothing is left then.
 */
export function writeLoneCompanion({ path, content }: CompanionFile, options: Environment = {}): void {
  const { fs } = resolveWorld(options);
  const place = resolve(cleanPath(path));
  try {
    refuseTaken(fs, place);
    makeDirectories(fs, dirname(place));
    stageFile(fs, place, content);
    placeStaged(fs, place);
  } catch (error) {
    throw ioError(error, 'write', place);
  }
}

/**
 * Finishes or undoes what a writer left that died, as the journal decides. Only under the lock, with the tail recovered.
 * Doing it twice changes nothing more.
 *
 * @returns false when it could not be done now; the record stays, and nothing is lost
 */
export async function settleCompanion({ fs }: World, paths: JournalPaths): Promise<boolean> {
  if (fs.lstat(recordPath(paths)) === undefined) return true;
  try {
    const record = readRecord(fs, recordPath(paths));
    if (record !== undefined) {
      if (await isInJournal(fs, paths, record)) placeStaged(fs, record.path);
      else removeStaged(fs, record.path);
    }
    removeIfThere(fs, recordPath(paths));
    return true;
  } catch (error) {
    // A folder that is gone or read-only must not keep anybody from appending: the next one who holds the lock tries again.
    if (errnoOf(error) === undefined && !(error instanceof GaitError)) throw error;
    return false;
  }
}

function recordPath(paths: JournalPaths): string {
  return join(paths.sidecar, 'companion');
}

/** Where a companion waits to be put in place. Hidden, and one for each place: whoever makes it has the place to itself. */
export function stagedPath(place: string): string {
  return join(dirname(place), `.${basename(place)}.staged`);
}

function refuseTaken(fs: FileSystem, place: string): void {
  const isTaken = fs.lstat(place) !== undefined || fs.lstat(stagedPath(place)) !== undefined;
  if (isTaken || isSessionFile(fs, place, [])) throw taken(place);
}

/** Durable under its staged name when this returns. */
function stageFile(fs: FileSystem, place: string, content: Uint8Array): void {
  const staged = stagedPath(place);
  let descriptor: number;
  try {
    descriptor = fs.open(staged, 'create', FILE_MODE);
  } catch (error) {
    throw errnoOf(error) === 'EEXIST' ? taken(place) : error;
  }
  let isOpen = true;
  try {
    writeFully(fs, descriptor, content);
    fs.sync(descriptor);
    isOpen = false;
    fs.close(descriptor);
    // Once more, now that nobody else can stage it: the one who did may have been faster.
    if (fs.lstat(place) !== undefined) throw taken(place);
    fs.syncDirectory(dirname(place));
  } catch (error) {
    if (isOpen) fs.close(descriptor);
    removeIfThere(fs, staged);
    throw error;
  }
}

/** Does nothing when it was done before. */
function placeStaged(fs: FileSystem, place: string): void {
  const staged = stagedPath(place);
  const waiting = fs.lstat(staged);
  if (waiting === undefined) return;
  const there = fs.lstat(place);
  if (there === undefined) fs.link(staged, place);
  else if (there.ino !== waiting.ino || there.dev !== waiting.dev) throw taken(place);
  fs.syncDirectory(dirname(place));
  fs.unlink(staged);
}

/** Durably, before the record goes: a hidden file that came back without it would keep its place taken for good. */
function removeStaged(fs: FileSystem, place: string): void {
  const staged = stagedPath(place);
  if (fs.lstat(staged) === undefined) return;
  fs.unlink(staged);
  fs.syncDirectory(dirname(place));
}

/** Undefined for what no writer of ours wrote: the staged file it may have spoken of stays where it is, hidden. */
function readRecord(fs: FileSystem, path: string): CompanionRecord | undefined {
  let value: unknown;
  try {
    value = JSON.parse(readWhole(fs, path, MAX_RECORD_BYTES).toString('utf8'));
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
  const { sequence, leaf_hash: leafHash, path: place } = (value ?? {}) as Readonly<Record<string, unknown>>;
  if (!Number.isSafeInteger(sequence) || typeof leafHash !== 'string' || typeof place !== 'string') return undefined;
  return { sequence: sequence as number, leaf_hash: leafHash, path: place };
}

async function isInJournal(
  fs: FileSystem,
  paths: JournalPaths,
  { sequence, leaf_hash: expected }: CompanionRecord,
): Promise<boolean> {
  const range = { fileSystem: fs, fromSequence: sequence, toSequence: sequence };
  for await (const line of readJournal(paths.journal, range)) {
    if (line.recordType === 'event') return leafHashOfText(line.text).toString('hex') === expected;
  }
  return false;
}

function removeIfThere(fs: FileSystem, path: string): void {
  try {
    fs.unlink(path);
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
  }
}

function taken(path: string): GaitError {
  return new GaitError('OUTPUT_EXISTS', `refusing to write to ${path}: something is there already`, {
    details: { path },
  });
}
