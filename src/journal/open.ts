/** The two ways into a journal: start a session, open one. */
import { dirname } from 'node:path';
import { GaitError } from '../errors.js';
import { encodeEvent, eventLine } from './event.js';
import { checkId, isReservedTool } from './event-fields.js';
import { headerLine } from './header.js';
import { repairEvent, type TornTail } from './recovery.js';
import { resolveWriterSettings, type WriterSettings } from './settings.js';
import { readStatus } from './status.js';
import {
  ioError,
  makeDirectories,
  replaceFile,
  resolveJournalPaths,
  WriterLock,
  type JournalPaths,
} from './store/index.js';
import { leafHashOfText } from '../sign/index.js';
import type { SessionStatus } from './answer-types.js';
import type { Journal, OpenOptions, StartOptions } from './handle-types.js';
import { JournalWriter } from './writer.js';
import { WriterFile } from './writer-file.js';

/** Names of a session. */
export interface SessionIds {
  readonly session_id: string;
  readonly run_id: string;
}

/**
 * Opens a journal for appending.
 *
 * @throws GaitError JOURNAL_NOT_FOUND, JOURNAL_EMPTY, JOURNAL_CORRUPT, JOURNAL_TRUNCATED, INVALID_PATH, INVALID_ARGUMENT
 * (an unknown or wrong option), IO_ERROR; LOCK_TIMEOUT in exclusive mode
 */
export async function openJournal(path: string, options: OpenOptions = {}): Promise<Journal> {
  return openWith(path, resolveWriterSettings(options));
}

/** A journal of the engine's own, whose events may carry reserved tool names. Throws as openJournal. */
export async function openEngineJournal(path: string, options: OpenOptions = {}): Promise<Journal> {
  return openWith(path, { ...resolveWriterSettings(options), isEngine: true });
}

function openWith(path: string, settings: WriterSettings): Promise<Journal> {
  return JournalWriter.open(resolveJournalPaths(settings.world.fs, path), settings);
}

/**
 * Creates a session's journal with its header, durable, or returns the status of the one that is there.
 *
 * @throws GaitError SESSION_MISMATCH when another session or run is there, INVALID_ARGUMENT, INVALID_PATH, LOCK_TIMEOUT,
 * JOURNAL_CORRUPT, JOURNAL_TRUNCATED, DISK_FULL, IO_ERROR
 */
export async function startSession(path: string, ids: SessionIds, options: StartOptions = {}): Promise<SessionStatus> {
  if (isReservedTool(ids.session_id)) {
    throw new GaitError('INVALID_ARGUMENT', `session ids that begin with "gait." are the engine's own`, {
      details: { field: 'session_id', found: ids.session_id },
    });
  }
  return startEngineSession(path, ids, options);
}

/** A session of the engine's own, under a reserved id. Throws as startSession. */
export async function startEngineSession(
  path: string,
  ids: SessionIds,
  options: StartOptions = {},
): Promise<SessionStatus> {
  const wanted = {
    session_id: checkId(ids.session_id, 'session_id', 'INVALID_ARGUMENT'),
    run_id: checkId(ids.run_id, 'run_id', 'INVALID_ARGUMENT'),
  };
  const settings = resolveWriterSettings(options);
  const { fs } = settings.world;
  const paths = resolveJournalPaths(fs, path);
  const present = await statusIfStarted(paths.journal, settings);
  if (present === undefined) {
    try {
      makeDirectories(fs, dirname(paths.journal));
      makeDirectories(fs, paths.sidecar);
    } catch (error) {
      throw ioError(error, 'create the directory of', paths.journal);
    }
    await initialize(paths, wanted, settings, options.retentionProfile);
  }
  const status = present ?? (await readStatus(paths.journal, { fileSystem: fs }));
  refuseOtherIds(status, wanted, paths.journal);
  return status;
}

async function statusIfStarted(path: string, settings: WriterSettings): Promise<SessionStatus | undefined> {
  try {
    return await readStatus(path, { fileSystem: settings.world.fs });
  } catch (error) {
    if (error instanceof GaitError && (error.code === 'JOURNAL_NOT_FOUND' || error.code === 'JOURNAL_EMPTY'))
      return undefined;
    throw error;
  }
}

async function initialize(
  paths: JournalPaths,
  ids: SessionIds,
  settings: WriterSettings,
  profile: string | undefined,
): Promise<void> {
  const { fs, nonce } = settings.world;
  const lock = new WriterLock(fs, paths.lock, paths.guard, settings.lock);
  try {
    await lock.acquire();
    try {
      const found = await recoverEmpty(paths, settings);
      if (found === 'started') return;
      const content = firstLines(ids, settings, profile, found);
      replaceFile(fs, paths.journal, Buffer.from(content), { durable: true, nonce: nonce() });
    } catch (error) {
      throw ioError(error, 'start the session at', paths.journal);
    } finally {
      await lock.release();
    }
  } finally {
    lock.close();
  }
}

/** Under the lock: somebody may have been faster, or a start may have died half way (W7). */
async function recoverEmpty(paths: JournalPaths, settings: WriterSettings): Promise<'started' | TornTail | undefined> {
  if (settings.world.fs.lstat(paths.journal) === undefined) return undefined;
  const file = await WriterFile.open(settings.world, paths);
  try {
    const torn = await file.catchUp();
    return file.state.log.header === undefined ? torn : 'started';
  } finally {
    file.close();
  }
}

function firstLines(
  ids: SessionIds,
  settings: WriterSettings,
  profile: string | undefined,
  torn: TornTail | undefined,
): string {
  const { producerVersion } = settings;
  const nowMs = settings.world.clock();
  const header = headerLine({ ...ids, producerVersion, nowMs, profile });
  if (torn === undefined) return `${header}\n`;
  const frame = { sessionId: ids.session_id, runId: ids.run_id, producerVersion };
  const repair = eventLine(encodeEvent(repairEvent(torn), frame, nowMs), 1, leafHashOfText(header).toString('hex'));
  return `${header}\n${repair}\n`;
}

function refuseOtherIds(status: SessionStatus, wanted: SessionIds, path: string): void {
  if (status.session_id === wanted.session_id && status.run_id === wanted.run_id) return;
  throw new GaitError('SESSION_MISMATCH', `${path} was started with another session or run`, {
    details: {
      path,
      expected: wanted,
      found: { session_id: status.session_id, run_id: status.run_id },
    },
  });
}
