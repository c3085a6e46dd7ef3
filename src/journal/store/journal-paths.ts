/** Where the files of a session are (docs/format.md), and which paths are accepted. */
import { basename, dirname, isAbsolute, join, normalize, sep } from 'node:path';
import { GaitError } from '../../errors.js';
import { errnoOf, type FileSystem } from './file-system.js';

export interface JournalPaths {
  /** The journal itself, links resolved. */
  readonly journal: string;
  readonly lock: string;
  /** Everything of ours that is not the journal. */
  readonly sidecar: string;
  readonly guard: string;
  readonly index: string;
  readonly torn: string;
  /** Lines that compaction moved out of the journal. */
  readonly segments: string;
  /** Payload files, in a folder for each first byte of their hash. */
  readonly payloads: string;
}

/** Lexical rules alone. Throws INVALID_PATH. */
export function cleanPath(path: string): string {
  const trimmed = path.trim();
  const cleaned = normalize(trimmed);
  if (trimmed === '' || cleaned === '.' || cleaned === sep || trimmed.includes('\0')) {
    throw new GaitError('INVALID_PATH', `not a usable file path: ${JSON.stringify(path)}`, { details: { path } });
  }
  if (!isAbsolute(cleaned) && cleaned.split(sep).includes('..')) {
    throw new GaitError('INVALID_PATH', `a relative path must not leave the working directory: ${cleaned}`, {
      hint: 'give an absolute path',
      details: { path },
    });
  }
  return cleaned;
}

/** As {@link cleanPath}, for a folder: that may be the working directory itself. Throws INVALID_PATH. */
export function cleanFolder(path: string): string {
  return normalize(path.trim()) === '.' && path.trim() !== '' ? '.' : cleanPath(path);
}

/**
 * Resolves a link once, so that two names of a journal mean one lock (W13). The journal itself need not exist yet, its
 * directory neither.
 */
export function resolveJournalPaths(fs: FileSystem, path: string): JournalPaths {
  const journal = resolveLinks(fs, cleanPath(path));
  const sidecar = `${journal}.gait`;
  return {
    journal,
    lock: `${journal}.lock`,
    sidecar,
    guard: join(sidecar, 'guard'),
    index: join(sidecar, 'index'),
    torn: join(sidecar, 'torn'),
    segments: join(sidecar, 'segments'),
    payloads: join(sidecar, 'payloads'),
  };
}

function resolveLinks(fs: FileSystem, path: string): string {
  try {
    return fs.realPath(path);
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
  }
  try {
    return join(fs.realPath(dirname(path)), basename(path));
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
    return path;
  }
}
