/** What beside its lines tells how a journal is doing: its index, its lock, what recovery cut off. Reads only. */
import { decodeIndex, MAX_INDEX_BYTES } from './session-index.js';
import { refuseUnknown, resolveWorld, resolveWriterSettings } from './settings.js';
import {
  errnoOf,
  inspectLock,
  ioError,
  readWhole,
  resolveJournalPaths,
  type FileSystem,
  type JournalPaths,
  type LockFinding,
} from './store/index.js';
import type { Environment } from './environment.js';

/**
 * - `current`: it reaches the end of the journal, or nearly.
 * - `missing`: nothing is there, or it was made for another file; the next open reads everything, once.
 * - `unusable`: something is there that is no index.
 */
export type IndexState = 'current' | 'behind' | 'missing' | 'unusable';

export interface JournalHealth {
  /** The journal, links resolved. */
  readonly path: string;
  readonly sizeBytes: number;
  readonly index: IndexState;
  readonly lock: LockFinding;
  /** Tails that recovery cut off and kept. */
  readonly tornPieces: number;
}

/** An index that lags by less is as good as a current one. */
const LAG_BYTES = 16 * 1024 * 1024;

/** @throws GaitError INVALID_PATH, IO_ERROR, also when nothing is there */
export async function inspectHealth(path: string, options: Environment = {}): Promise<JournalHealth> {
  refuseUnknown(options, []);
  const { fs } = resolveWorld(options);
  const { lock } = resolveWriterSettings(options);
  try {
    const paths = resolveJournalPaths(fs, path);
    const { ino, size } = fs.stat(paths.journal);
    return {
      path: paths.journal,
      sizeBytes: size,
      index: indexState(fs, paths, { ino, size }),
      lock: await inspectLock(fs, paths, lock.clock(), lock.staleAfterMs),
      tornPieces: fs.lstat(paths.torn) === undefined ? 0 : fs.readDirectory(paths.torn).length,
    };
  } catch (error) {
    throw ioError(error, 'inspect', path);
  }
}

function indexState(
  fs: FileSystem,
  { index }: JournalPaths,
  journal: { readonly ino: number; readonly size: number },
): IndexState {
  const found = fs.lstat(index);
  if (found === undefined) return 'missing';
  if (found.kind !== 'file' || found.size > MAX_INDEX_BYTES) return 'unusable';
  let bytes: Buffer;
  try {
    bytes = readWhole(fs, index, MAX_INDEX_BYTES);
  } catch (error) {
    if (errnoOf(error) === 'EACCES') return 'unusable';
    throw error;
  }
  const snapshot = decodeIndex(bytes);
  if (snapshot === undefined) return 'unusable';
  if (snapshot.ino !== journal.ino || snapshot.offset > journal.size) return 'missing';
  return journal.size - snapshot.offset > LAG_BYTES ? 'behind' : 'current';
}
