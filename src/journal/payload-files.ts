/**
 * Where payloads are (docs/format.md): `payloads/<first two hex>/<sha256>`, a file of 32 random bytes of salt, then the content.
 * Its name is the hash of the whole file, so that an erased payload cannot be guessed from the name that stays in the log.
 */
import { join } from 'node:path';
import { GaitError } from '../errors.js';
import { ioError, type FileSystem, type JournalPaths } from './store/index.js';

/** Random bytes before the content of every payload file. */
export const SALT_BYTES = 32;

const HEX_64 = /^[0-9a-f]{64}$/;
const SHARD = /^[0-9a-f]{2}$/;
const TEMPORARY_PREFIX = '.tmp-';

/** A payload on the disk, whether or not an event names it. */
export interface StoredPayload {
  readonly sha256: string;
  /** Bytes on the disk, salt included. */
  readonly sizeBytes: number;
}

/** What a crash left of a payload that was being written, or what somebody is writing right now. */
export interface PayloadLeftover {
  readonly path: string;
  readonly sizeBytes: number;
  /** Milliseconds since 1970. A young one may have a living writer. */
  readonly mtimeMs: number;
}

/** Throws INVALID_ARGUMENT for anything but 64 lower-case hex digits: the hash comes from a journal, and becomes a path. */
export function payloadPath(paths: JournalPaths, sha256: string): string {
  if (HEX_64.test(sha256)) return join(paths.payloads, sha256.slice(0, 2), sha256);
  throw new GaitError('INVALID_ARGUMENT', 'a payload is named by a SHA-256 in 64 lower-case hexadecimal digits', {
    details: { field: 'sha256', found: sha256 },
  });
}

/** Path of a payload that is being written: its hash is not known yet. */
export function temporaryPayloadPath(paths: JournalPaths, nonce: string): string {
  return join(paths.payloads, `${TEMPORARY_PREFIX}${nonce}`);
}

/** Every payload file, in the order of the hashes. Throws IO_ERROR. */
export function* listPayloads(fs: FileSystem, paths: JournalPaths): Generator<StoredPayload, void, undefined> {
  for (const shard of namesIn(fs, paths.payloads)) {
    if (!SHARD.test(shard)) continue;
    const folder = join(paths.payloads, shard);
    for (const sha256 of namesIn(fs, folder)) {
      if (!HEX_64.test(sha256) || !sha256.startsWith(shard)) continue;
      const stat = fs.lstat(join(folder, sha256));
      if (stat?.kind === 'file') yield { sha256, sizeBytes: stat.size };
    }
  }
}

/** Temporary files of payloads, in the order of their names. No event can name one of them. Throws IO_ERROR. */
export function* listPayloadLeftovers(
  fs: FileSystem,
  paths: JournalPaths,
): Generator<PayloadLeftover, void, undefined> {
  for (const name of namesIn(fs, paths.payloads)) {
    if (!name.startsWith(TEMPORARY_PREFIX)) continue;
    const path = join(paths.payloads, name);
    const stat = fs.lstat(path);
    if (stat !== undefined) yield { path, sizeBytes: stat.size, mtimeMs: stat.mtimeMs };
  }
}

/** Sorted; none when there is no such folder, as in a session without payloads. */
function namesIn(fs: FileSystem, folder: string): string[] {
  try {
    if (fs.lstat(folder)?.kind !== 'directory') return [];
    return fs.readDirectory(folder).toSorted();
  } catch (error) {
    throw ioError(error, 'list payloads in', folder);
  }
}
