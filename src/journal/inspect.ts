/** Everything about a session that retention has to know, without a lock and without writing anything. */
import { join } from 'node:path';
import { GaitError } from '../errors.js';
import { loadState, openJournalFile } from './journal-file.js';
import { isFault, parseRecord } from './record.js';
import { chainPath, goStatePath } from './runpack/index.js';
import { filesIn, readBase, segmentInfo } from './segments/index.js';
import type { SessionState } from './session-state.js';
import { refuseUnknown, resolveWorld, resolveWriterSettings } from './settings.js';
import { rangeChunks, resolveJournalPaths, WriterLock, type FileSystem, type JournalPaths } from './store/index.js';
import type { SegmentInfo, SizedFile } from './retention-types.js';
import type { SessionStatus } from './answer-types.js';
import type { Environment, LockOptions } from './environment.js';
import type { SessionHeader } from './types.js';

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
    const segments = (base?.segments ?? []).map((segment) =>
      segmentInfo(fs, paths, segment, checkpoints.get(segment.manifest.checkpoint_index)),
    );
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

function lastRecord(
  fs: FileSystem,
  descriptor: number,
  { log, lastLineBytes }: SessionState,
  header: SessionHeader,
): SessionInspection['lastRecord'] {
  const end = log.lastLineOffset + lastLineBytes;
  const bytes = Buffer.concat([...rangeChunks(fs, descriptor, log.lastLineOffset, end)]);
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
