/**
 * Walks a root without following a link and without changing anything. Says of each entry what its name and kind make it;
 * contents are looked at elsewhere.
 */
import { join } from 'node:path';
import {
  cleanFolder,
  ioError,
  resolveWorld,
  type Environment,
  type FileStat,
  type FileSystem,
} from '../journal/index.js';
import { LEDGER_ID, LEDGER_NAME, refuseMissingRoot } from './ledger.js';

/** Folder in a root in which things wait to be unlinked. */
export const TRASH_NAME = '.gait-trash';

export interface WalkEntry {
  /**
   * - `journal`, `file`: to be looked at. A journal is one by its name.
   * - `ledger`: of this root, or of one below.
   * - `link`, `other`: not followed, never touched.
   * - `foreign`: a folder on another file system; nothing below it is looked at.
   */
  readonly type: 'journal' | 'file' | 'ledger' | 'link' | 'other' | 'foreign';
  readonly path: string;
  /** Relative to the root, with slashes. */
  readonly name: string;
  readonly sizeBytes: number;
}

const JOURNAL_SUFFIX = '.jsonl';
const CHAIN_SUFFIX = '_chain.json';
const STATE_SUFFIX = '.state.json';

/**
 * Everything that may be evidence, in the order of the names. The files of a session beside its journal are not listed.
 *
 * @throws GaitError FILE_NOT_FOUND, INVALID_PATH, INVALID_ARGUMENT for what is no folder, IO_ERROR
 */
export function* walkRoot(root: string, environment: Environment): Generator<WalkEntry, void, undefined> {
  const { fs } = resolveWorld(environment);
  refuseMissingRoot(root, environment);
  const folder = cleanFolder(root);
  yield* walkFolder(fs, folder, '', fs.stat(folder).dev);
}

function* walkFolder(fs: FileSystem, folder: string, prefix: string, device: number): Generator<WalkEntry> {
  const names = listFolder(fs, folder);
  const present = new Set(names);
  for (const base of names) {
    if (isSideFile(base, present)) continue;
    const path = join(folder, base);
    const stat = fs.lstat(path);
    if (stat === undefined) continue;
    const name = `${prefix}${base}`;
    if (stat.kind === 'directory' && stat.dev === device) {
      if (!isSideFolder(base)) yield* walkFolder(fs, path, `${name}/`, device);
      continue;
    }
    yield { type: typeOf(stat, base, device), path, name, sizeBytes: stat.size };
  }
}

function typeOf(stat: FileStat, base: string, device: number): WalkEntry['type'] {
  if (stat.kind === 'link' || stat.kind === 'other') return stat.kind;
  if (stat.dev !== device) return 'foreign';
  if (base === LEDGER_NAME) return 'ledger';
  return base.endsWith(JOURNAL_SUFFIX) && !base.startsWith('.') ? 'journal' : 'file';
}

/** The trash, everything of ours beside a journal, and lock directories. */
function isSideFolder(base: string): boolean {
  return base === TRASH_NAME || base.endsWith('.gait') || base.endsWith('.lock');
}

/** The Go tool's index and the chain of a journal that is there, lock files, and what a crash left half written. */
function isSideFile(base: string, present: ReadonlySet<string>): boolean {
  if (base === `${LEDGER_ID}${CHAIN_SUFFIX}`) return true;
  if (base.endsWith(CHAIN_SUFFIX)) return present.has(`${base.slice(0, -CHAIN_SUFFIX.length)}${JOURNAL_SUFFIX}`);
  if (base.endsWith(STATE_SUFFIX)) return present.has(base.slice(0, -STATE_SUFFIX.length));
  return base.endsWith('.lock') || (base.startsWith('.') && base.includes('.tmp-'));
}

function listFolder(fs: FileSystem, folder: string): readonly string[] {
  try {
    return fs.readDirectory(folder).toSorted();
  } catch (error) {
    throw ioError(error, 'list', folder);
  }
}
