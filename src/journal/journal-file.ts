/** An open journal file, and how a session's state is read from it. */
import { basename, join } from 'node:path';
import { GaitError } from '../errors.js';
import { coldState } from './cold-state.js';
import { isFault, MAX_LINE_BYTES, parseRecord } from './record.js';
import { decodeIndex, encodeIndex, isLastLine, MAX_INDEX_BYTES, stateOf, type IndexSnapshot } from './session-index.js';
import type { SessionState } from './session-state.js';
import type { World } from './settings.js';
import {
  errnoOf,
  ioError,
  LineSplitter,
  replaceFile,
  scan,
  scanNow,
  type FileStat,
  type FileSystem,
  type JournalPaths,
  type OpenMode,
} from './store/index.js';
import type { Problem } from './verify-types.js';

/** Throws JOURNAL_NOT_FOUND, or IO_ERROR for anything that is no regular file. */
export function openJournalFile(fs: FileSystem, path: string, mode: OpenMode): number {
  let descriptor: number;
  try {
    descriptor = fs.open(path, mode);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') throw notFound(path, error);
    throw ioError(error, 'open journal', path);
  }
  let kind: FileStat['kind'];
  try {
    ({ kind } = fs.fstat(descriptor));
  } catch (error) {
    fs.close(descriptor);
    throw error;
  }
  if (kind === 'file') return descriptor;
  fs.close(descriptor);
  throw new GaitError('IO_ERROR', `${path} is no regular file`, { details: { path, kind } });
}

export function notFound(path: string, cause: unknown): GaitError {
  return new GaitError('JOURNAL_NOT_FOUND', `there is no journal at ${path}`, { cause, details: { path } });
}

/** What stopped a journal from being read as a whole. */
export function corrupt(problem: Problem, path: string): GaitError {
  const { meaning, kind, ...place } = problem;
  return new GaitError('JOURNAL_CORRUPT', `${path}: line ${problem.line}: ${meaning}`, {
    details: { path, problem: kind, ...place },
  });
}

/** Throws JOURNAL_CORRUPT at the first problem: the report that writers use. */
export function refuseProblems(path: string): (problem: Problem) => void {
  return (problem) => {
    throw corrupt(problem, path);
  };
}

/**
 * The state at the end of the last whole line: from the index where it fits, and the lines after it.
 *
 * @throws GaitError JOURNAL_CORRUPT; JOURNAL_TRUNCATED when the log is shorter than a believable index says was durable;
 * SEGMENT_MISSING, SEGMENT_DAMAGED
 */
export async function loadState(
  world: World,
  paths: JournalPaths,
  descriptor: number,
  options: { readonly signal?: AbortSignal | undefined } = {},
): Promise<SessionState> {
  const { fs } = world;
  // The index first: one that a writer makes meanwhile knows of lines that are behind the size taken here.
  const snapshot = readIndex(fs, paths.index);
  const file = fs.fstat(descriptor);
  const report = refuseProblems(paths.journal);
  const isUsable = snapshot !== undefined && fits(fs, descriptor, file, snapshot, paths.journal);
  const state = isUsable ? stateOf(snapshot, report) : coldState(fs, paths, descriptor, report);
  await scan(fs, descriptor, lineFeeder(state, paths.journal), file.size, { signal: options.signal });
  state.log.finish();
  if (snapshot !== undefined && !isUsable && !isReplaced(fs, paths.journal, file)) {
    refuseLoss(snapshot, state, paths.journal);
  }
  return state;
}

/** A splitter that feeds the state, starting where the state ends. */
export function lineFeeder(state: SessionState, path: string): LineSplitter {
  return new LineSplitter(
    state.offset,
    (line, start) => state.add(line, start),
    (sizeBytes, start) => {
      throw tooLong(path, start, sizeBytes);
    },
  );
}

export function tooLong(path: string, byteOffset: number, sizeBytes: number): GaitError {
  return new GaitError(
    'JOURNAL_CORRUPT',
    `${path}: the line at byte ${byteOffset} is longer than any writer may make it`,
    {
      details: { path, problem: 'line_too_long', byte_offset: byteOffset, size_bytes: sizeBytes },
    },
  );
}

/** Replaces the index. A failure costs speed at the next open, nothing else. */
export function saveIndex(world: World, paths: JournalPaths, state: SessionState, file: FileStat): void {
  const content = encodeIndex(state, file);
  replaceFile(world.fs, paths.index, content, { durable: false, nonce: world.nonce() });
}

/** A living writer needs its copy for milliseconds. */
const LEFTOVER_AGE_MS = 60_000;

/** Removes copies of the index that killed writers left half way: nothing else ever would. */
export function removeIndexLeftovers(fs: FileSystem, paths: JournalPaths): void {
  for (const name of fs.readDirectory(paths.sidecar)) {
    if (!name.startsWith(`.${basename(paths.index)}.tmp-`)) continue;
    const path = join(paths.sidecar, name);
    const found = fs.lstat(path);
    // The real clock: the time is that of a file.
    if (found !== undefined && Date.now() - found.mtimeMs > LEFTOVER_AGE_MS) fs.unlink(path);
  }
}

/** Where a reader may start to find an event: 0 unless a fitting index knows better. */
export function sparseOffset(fs: FileSystem, paths: JournalPaths, descriptor: number, sequence: number): number {
  return fittingIndex(fs, paths, descriptor)?.offsets.atOrBefore(sequence)?.offset ?? 0;
}

/** The index, when it was made of this file, and the file still holds what it was made of. */
export function fittingIndex(fs: FileSystem, paths: JournalPaths, descriptor: number): IndexSnapshot | undefined {
  const snapshot = readIndex(fs, paths.index);
  if (snapshot === undefined || !fits(fs, descriptor, fs.fstat(descriptor), snapshot, paths.journal)) return undefined;
  return snapshot;
}

/** A log and how far into its file it reaches. */
type LogEnd = Pick<SessionState, 'log' | 'offset'>;

/** Whether another file is at the path by now: then the index may be that one's. */
function isReplaced(fs: FileSystem, path: string, file: FileStat): boolean {
  const atPath = fs.lstat(path);
  return atPath !== undefined && (atPath.ino !== file.ino || atPath.dev !== file.dev);
}

/** The index as it is now, whatever it is worth. */
export function readIndex(fs: FileSystem, path: string): IndexSnapshot | undefined {
  try {
    return readOpenIndex(fs, fs.open(path, 'read'));
  } catch {
    // Missing or unreadable: the index is a cache, and the journal holds everything.
    return undefined;
  }
}

function readOpenIndex(fs: FileSystem, descriptor: number): IndexSnapshot | undefined {
  try {
    const { size, kind } = fs.fstat(descriptor);
    if (kind !== 'file' || size > MAX_INDEX_BYTES) return undefined;
    const bytes = Buffer.alloc(size);
    return fs.read(descriptor, bytes, 0, size, 0) === size ? decodeIndex(bytes) : undefined;
  } finally {
    fs.close(descriptor);
  }
}

function fits(fs: FileSystem, descriptor: number, file: FileStat, snapshot: IndexSnapshot, path: string): boolean {
  if (snapshot.ino !== file.ino || snapshot.dev !== file.dev || snapshot.offset === 0) return false;
  if (snapshot.offset > file.size) return false;
  const length = snapshot.lastLineBytes + 1;
  if (length > snapshot.offset) return false;
  const line = Buffer.alloc(length);
  try {
    fs.read(descriptor, line, 0, length, snapshot.offset - length);
    return isLastLine(snapshot, line) && !endsInsideKeptLines(fs, descriptor, snapshot);
  } catch (error) {
    throw ioError(error, 'read journal', path);
  }
}

/**
 * A compaction may be given the inode of a file that an earlier one took away, and begins with the same lines. An index of that
 * file then ends before a checkpoint that follows a checkpoint, or the header: no line was appended there.
 */
function endsInsideKeptLines(fs: FileSystem, descriptor: number, { facts, offset }: IndexSnapshot): boolean {
  if (facts.lines > Math.max(facts.archive.lines, 1)) return false;
  let isKept = false;
  let isFirst = true;
  const splitter = new LineSplitter(
    offset,
    (line) => {
      const record = isFirst ? parseRecord(line) : undefined;
      isFirst = false;
      if (record !== undefined && !isFault(record)) isKept = record.recordType === 'checkpoint';
    },
    () => undefined,
  );
  scanNow(fs, descriptor, splitter, offset + MAX_LINE_BYTES + 1);
  return isKept;
}

/**
 * An index that does not fit the file may still be evidence: if it was made for this very session, and speaks of events or
 * checkpoints on the disk that the log lacks, then lines were lost. A file that is shorter alone was compacted, by this tool
 * or by the Go tool.
 */
function refuseLoss(snapshot: IndexSnapshot, state: SessionState, path: string): void {
  if (!isLoss(snapshot, state)) return;
  throw truncated(path, {
    expected_lines: snapshot.facts.lines,
    found_lines: state.log.lines,
    expected_bytes: snapshot.durableOffset,
    found_bytes: state.offset,
  });
}

/** Whether the index speaks of events or checkpoints of this very session, on the disk, that the log lacks. */
export function isLoss(snapshot: IndexSnapshot, found: LogEnd): boolean {
  const header = found.log.header;
  const indexed = snapshot.facts.header;
  const isSameSession =
    header !== undefined &&
    header.session_id === indexed?.session_id &&
    header.run_id === indexed.run_id &&
    header.created_at === indexed.created_at;
  const { lastSequence, checkpointCount } = snapshot.facts;
  const isBehind = found.log.lastSequence < lastSequence || found.log.checkpointCount < checkpointCount;
  return isSameSession && isBehind && found.offset < snapshot.durableOffset;
}

export function truncated(path: string, details: Readonly<Record<string, number>>): GaitError {
  return new GaitError('JOURNAL_TRUNCATED', `${path} has lost lines that were on the disk before`, {
    hint: 'restore the missing lines from a copy; if the loss is known and accepted, remove the .gait/index file beside the journal',
    details: { path, ...details },
  });
}
