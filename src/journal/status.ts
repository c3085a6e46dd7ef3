/** Where a session stands, without a lock and without writing anything. */
import { join } from 'node:path';
import { GaitError, isGaitError } from '../errors.js';
import { loadState, openJournalFile } from './journal-file.js';
import { refuseUnknown, resolveWorld } from './settings.js';
import { cleanFolder, ioError, resolveJournalPaths, type FileSystem } from './store/index.js';
import type { SessionListEntry, SessionStatus } from './answer-types.js';
import type { Environment } from './environment.js';

const JOURNAL_SUFFIX = '.jsonl';

/**
 * Reads the index and what was appended since.
 *
 * @throws GaitError JOURNAL_NOT_FOUND, JOURNAL_EMPTY, JOURNAL_CORRUPT, JOURNAL_TRUNCATED, INVALID_PATH, IO_ERROR
 */
export async function readStatus(path: string, options: Environment = {}): Promise<SessionStatus> {
  refuseUnknown(options, []);
  const world = resolveWorld(options);
  const paths = resolveJournalPaths(world.fs, path);
  const descriptor = openJournalFile(world.fs, paths.journal, 'read');
  try {
    const state = await loadState(world, paths, descriptor);
    const status = state.status(world.fs.fstat(descriptor).size);
    if (status !== undefined) return status;
    throw new GaitError('JOURNAL_EMPTY', `${paths.journal} has no header yet`, { details: { path: paths.journal } });
  } finally {
    world.fs.close(descriptor);
  }
}

/**
 * Every journal directly under `root`, in the order of their names. A journal that cannot be read is listed with its error.
 *
 * @throws GaitError IO_ERROR when the root cannot be listed
 */
export async function* listSessions(
  root: string,
  options: Environment = {},
): AsyncGenerator<SessionListEntry, void, undefined> {
  refuseUnknown(options, []);
  const { fs } = resolveWorld(options);
  for (const name of readRoot(fs, root)) {
    const path = join(root, name);
    try {
      yield { path, status: await readStatus(path, options) };
    } catch (error) {
      if (!isGaitError(error)) throw error;
      yield { path, error };
    }
  }
}

/** Paths of the journals directly under `root`, in the order of their names. Throws IO_ERROR. */
export function journalsIn(root: string, options: Environment = {}): string[] {
  return readRoot(resolveWorld(options).fs, root).map((name) => join(root, name));
}

function readRoot(fs: FileSystem, root: string): string[] {
  try {
    return fs
      .readDirectory(cleanFolder(root))
      .filter((name) => name.endsWith(JOURNAL_SUFFIX) && !name.startsWith('.'))
      .toSorted();
  } catch (error) {
    throw ioError(error, 'list sessions of', root);
  }
}
