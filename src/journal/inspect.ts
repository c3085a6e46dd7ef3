/** Everything about a session that retention has to know, without a lock and without writing anything. */
import { join } from 'node:path';
import { GaitError } from '../errors.js';
import { loadState, openJournalFile } from './journal-file.js';
import { isFault, parseRecord } from './record.js';
import { chainPath, goStatePath } from './runpack/index.js';
import { filesIn, isPresent, readBase, removableFiles, type Segment, type SizedFile } from './segments/index.js';
import type { SessionState } from './session-state.js';
import { refuseUnknown, resolveWorld, resolveWriterSettings } from './settings.js';
import { resolveJournalPaths, WriterLock, type FileSystem, type JournalPaths } from './store/index.js';
import type { Environment, LockOptions, SessionHeader, SessionStatus } from './types.js';

/** One stretch of a log that compaction moved out of the journal file. */
export interface SegmentInfo {
  /** Base name of its files. */
  readonly name: string;
  /** Lines of the log from `leafStart` up to, not including, `leafEnd`. */
  readonly leafStart: number;
  readonly leafEnd: number;
  readonly firstSequence: number;
  readonly lastSequence: number;
  /** The checkpoint that ends it: its index, time, root (hex), and whether it carries a signature. As the journal file has it. */
  readonly checkpointIndex: number;
  readonly sealedAt: string;
  readonly rootHash: string;
  readonly isSigned: boolean;
  readonly contentSha256: string;
  readonly rawBytes: number;
  /** False when the lines are gone: pruned, or lost. */
  readonly isPresent: boolean;
  /** What goes when it is pruned. Its manifest stays, with the frontier of the tree. */
  readonly files: readonly SizedFile[];
}

export interface SessionInspection {
  /** The journal, links resolved. */
  readonly path: string;
  readonly status: SessionStatus;
  readonly header: SessionHeader;
  readonly lastRecord: {
    readonly recordType: 'header' | 'event' | 'checkpoint';
    readonly created_at: string;
    readonly isSigned: boolean;
  };
  /** Of the last checkpoint; 0 when there is none. */
  readonly checkpointIndex: number;
  /** In force, oldest first. */
  readonly segments: readonly SegmentInfo[];
  /** Every file of the session. */
  readonly files: readonly SizedFile[];
}

/** Throws as readStatus. */
export async function inspectSession(path: string, options: Environment = {}): Promise<SessionInspection> {
  refuseUnknown(options, []);
  const world = resolveWorld(options);
  const { fs } = world;
  const paths = resolveJournalPaths(fs, path);
  const descriptor = openJournalFile(fs, paths.journal, 'read');
  try {
    const state = await loadState(world, paths, descriptor);
    const status = state.status(fs.fstat(descriptor).size);
    const { header } = state.log;
    if (status === undefined || header === undefined) {
      throw new GaitError('JOURNAL_EMPTY', `${paths.journal} has no header yet`, { details: { path: paths.journal } });
    }
    const base = state.log.archive.lines === 0 ? undefined : readBase(fs, paths, descriptor);
    const checkpoints = new Map(base?.kept.map((kept) => [kept.checkpoint.checkpoint_index, kept]));
    const segments = (base?.segments ?? []).map((segment) => {
      const seal = checkpoints.get(segment.manifest.checkpoint_index);
      return segmentInfo(fs, paths, segment, {
        sealedAt: seal?.checkpoint.created_at ?? segment.manifest.sealed_at,
        isSigned: seal?.note !== undefined && seal.checkpoint.signature !== undefined,
      });
    });
    return {
      path: paths.journal,
      status,
      header,
      lastRecord: lastRecord(fs, descriptor, state, header),
      checkpointIndex: state.log.lastCheckpoint?.index ?? 0,
      segments,
      files: sessionFiles(fs, paths),
    };
  } finally {
    fs.close(descriptor);
  }
}

/**
 * Runs `work` while nobody can append to the journal.
 *
 * @throws GaitError LOCK_TIMEOUT when somebody writes, INVALID_PATH, IO_ERROR; what `work` throws
 */
export async function withWriterLock<T>(
  path: string,
  options: LockOptions & Environment,
  work: () => T | Promise<T>,
): Promise<T> {
  const settings = resolveWriterSettings(options);
  const { fs } = settings.world;
  const paths = resolveJournalPaths(fs, path);
  const lock = new WriterLock(fs, paths.lock, paths.guard, settings.lock);
  try {
    await lock.acquire();
    try {
      return await work();
    } finally {
      await lock.release();
    }
  } finally {
    lock.close();
  }
}

function segmentInfo(
  fs: FileSystem,
  paths: JournalPaths,
  segment: Segment,
  sealed: Pick<SegmentInfo, 'sealedAt' | 'isSigned'>,
): SegmentInfo {
  const { manifest, name } = segment;
  return {
    name,
    leafStart: manifest.leaf_start,
    leafEnd: manifest.leaf_end,
    firstSequence: manifest.first_sequence,
    lastSequence: manifest.last_sequence,
    checkpointIndex: manifest.checkpoint_index,
    ...sealed,
    rootHash: manifest.root_hash,
    contentSha256: manifest.content_sha256,
    rawBytes: manifest.raw_bytes,
    isPresent: isPresent(fs, paths, segment),
    files: removableFiles(fs, paths, segment),
  };
}

function lastRecord(
  fs: FileSystem,
  descriptor: number,
  { log, lastLineBytes }: SessionState,
  header: SessionHeader,
): SessionInspection['lastRecord'] {
  const bytes = Buffer.alloc(lastLineBytes);
  fs.read(descriptor, bytes, 0, lastLineBytes, log.lastLineOffset);
  const record = parseRecord(bytes);
  if (isFault(record) || record.recordType === 'header') {
    return { recordType: 'header', created_at: header.created_at, isSigned: false };
  }
  if (record.recordType === 'event') {
    return { recordType: 'event', created_at: record.event.created_at, isSigned: false };
  }
  const { checkpoint, note } = record;
  const isSigned = note !== undefined && checkpoint.signature !== undefined;
  return { recordType: 'checkpoint', created_at: checkpoint.created_at, isSigned };
}

/** Everything that belongs to the session, links not followed. */
function sessionFiles(fs: FileSystem, paths: JournalPaths): SizedFile[] {
  const beside = [paths.journal, goStatePath(paths.journal), chainPath(paths.journal)];
  return [...beside.flatMap((path) => sized(fs, path)), ...below(fs, paths.sidecar)];
}

function below(fs: FileSystem, folder: string): SizedFile[] {
  return filesIn(fs, folder)
    .toSorted()
    .flatMap((name) => {
      const path = join(folder, name);
      return fs.lstat(path)?.kind === 'directory' ? below(fs, path) : sized(fs, path);
    });
}

function sized(fs: FileSystem, path: string): SizedFile[] {
  const stat = fs.lstat(path);
  return stat === undefined || stat.kind === 'directory' ? [] : [{ path, sizeBytes: stat.size }];
}
