/** Files that the caller names for what was taken out of a journal: a payload, a proof. */
import { dirname } from 'node:path';
import { GaitError } from '../errors.js';
import { isSessionFile } from './runpack/index.js';
import { resolveWorld } from './settings.js';
import {
  cleanPath,
  errnoOf,
  ioError,
  makeDirectories,
  NewFile,
  readWhole,
  replaceFile,
  TurnTaker,
} from './store/index.js';
import type { Environment } from './environment.js';

/** Files that are replaced are small by nature. */
const MAX_REPLACED_BYTES = 4 * 1024 * 1024;

/**
 * Writes a file that appears whole and durable, or not at all, where nothing may be yet. Missing directories are made. When
 * the content throws, nothing is left.
 *
 * @returns the path as cleaned
 * @throws GaitError OUTPUT_EXISTS also for a name that belongs to the files of a session (W12); INVALID_PATH; DISK_FULL;
 * IO_ERROR, also when the content cannot be read (a GaitError of the content passes through)
 */
export async function writeNewFile(
  path: string,
  content: Uint8Array | AsyncIterable<Uint8Array>,
  options: Environment = {},
): Promise<string> {
  const { fs, nonce } = resolveWorld(options);
  const cleaned = cleanPath(path);
  try {
    if (fs.lstat(cleaned) !== undefined) throw outputExists(cleaned, 'something is there already');
    if (isSessionFile(fs, cleaned, [])) throw outputExists(cleaned, 'the name belongs to the files of a session');
    makeDirectories(fs, dirname(cleaned));
    const file = new NewFile(fs, cleaned, nonce());
    try {
      await fill(file, content);
      file.commit();
    } finally {
      file.discard();
    }
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') throw outputExists(cleaned, 'something is there already');
    throw ioError(error, 'write', cleaned);
  }
  return cleaned;
}

/**
 * Replaces a file of the caller's, old or new at any time, never a mixture; for formats whose path is the caller's to use
 * again. What is there is only replaced when it is of the same kind.
 *
 * @param schemaId names the kind: what is there must hold it
 * @throws GaitError OUTPUT_EXISTS for anything else that is there, or a name that belongs to the files of a session;
 * INVALID_PATH; DISK_FULL; IO_ERROR
 */
export function replaceOutput(path: string, content: Uint8Array, schemaId: string, options: Environment = {}): void {
  const { fs, nonce } = resolveWorld(options);
  const cleaned = cleanPath(path);
  try {
    if (isSessionFile(fs, cleaned, [])) throw outputExists(cleaned, 'the name belongs to the files of a session');
    const isNew = fs.lstat(cleaned) === undefined;
    if (!isNew && !readWhole(fs, cleaned, MAX_REPLACED_BYTES).includes(`"${schemaId}"`)) {
      throw outputExists(cleaned, 'what is there is something else');
    }
    makeDirectories(fs, dirname(cleaned));
    replaceFile(fs, cleaned, content, { durable: true, nonce: nonce() });
  } catch (error) {
    throw ioError(error, 'write', cleaned);
  }
}

async function fill(file: NewFile, content: Uint8Array | AsyncIterable<Uint8Array>): Promise<void> {
  if (content instanceof Uint8Array) {
    file.write(content);
    return;
  }
  const turns = new TurnTaker();
  for await (const chunk of content) {
    file.write(chunk);
    await turns.rest();
  }
}

function outputExists(path: string, reason: string): GaitError {
  return new GaitError('OUTPUT_EXISTS', `refusing to write to ${path}: ${reason}`, { details: { path, reason } });
}
