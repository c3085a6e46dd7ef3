/** Files that the caller names for what was taken out of a journal: a payload, a proof. */
import { dirname } from 'node:path';
import { GaitError } from '../errors.js';
import { isSessionFile } from './runpack/index.js';
import { resolveWorld } from './settings.js';
import { cleanPath, errnoOf, ioError, makeDirectories, NewFile, TurnTaker } from './store/index.js';
import type { Environment } from './types.js';

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
