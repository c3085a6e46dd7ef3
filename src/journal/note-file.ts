/** The file of its own that a checkpoint's note may be written to. */
import { dirname, resolve } from 'node:path';
import { GaitError } from '../errors.js';
import { parseCheckpointText, parseNote } from '../sign/index.js';
import { originOf } from './checkpoint.js';
import { isSessionFile } from './runpack/index.js';
import type { World } from './settings.js';
import { cleanPath, ioError, makeDirectories, readWhole, replaceFile, type JournalPaths } from './store/index.js';
import type { CheckpointOptions } from './handle-types.js';
import type { SessionHeader } from './types.js';

/** A note is a few hundred bytes, with room for signatures of others. */
const MAX_NOTE_BYTES = 1024 * 1024;

/**
 * Says whether the note may be written, before anything is sealed. A note of the same log may be replaced: it is an older
 * head of what the new one is the head of. Nothing else ever is (W11, W12).
 *
 * @throws GaitError INVALID_ARGUMENT without a key, for then there is no note, or when another output has the same path;
 * OUTPUT_EXISTS; INVALID_PATH; IO_ERROR
 */
export function checkNoteTarget(
  { fs }: World,
  paths: JournalPaths,
  header: SessionHeader,
  { noteOut, key, out, chainOut }: CheckpointOptions,
): void {
  if (noteOut === undefined) return;
  if (key === undefined) {
    throw new GaitError('INVALID_ARGUMENT', 'a note is a signed one: it needs a key', {
      details: { option: 'noteOut' },
    });
  }
  const path = cleanPath(noteOut);
  for (const other of [out, chainOut]) {
    if (other === undefined || resolve(cleanPath(other)) !== resolve(path)) continue;
    throw new GaitError('INVALID_ARGUMENT', `two outputs have the same path: ${path}`, { details: { path } });
  }
  try {
    if (isSessionFile(fs, path, [paths])) throw outputExists(path, 'the name belongs to the files of a session');
    const found = fs.lstat(path);
    if (found === undefined) return;
    if (found.kind !== 'file') throw outputExists(path, 'it is no regular file');
    if (originIn(readWhole(fs, path, MAX_NOTE_BYTES)) !== originOf(header)) {
      throw outputExists(path, 'what is there is no note of this log');
    }
  } catch (error) {
    throw ioError(error, 'look for a note at', path);
  }
}

/** Throws IO_ERROR, DISK_FULL; the note is in the journal then. */
export function writeNote(world: World, noteOut: string, note: string): void {
  const path = cleanPath(noteOut);
  try {
    makeDirectories(world.fs, dirname(path));
    replaceFile(world.fs, path, Buffer.from(note), { durable: true, nonce: world.nonce() });
  } catch (error) {
    throw ioError(error, 'write the note to', path);
  }
}

/** The log that a note speaks of; undefined for anything that is no note. */
function originIn(bytes: Buffer): string | undefined {
  try {
    return parseCheckpointText(parseNote(bytes.toString('utf8')).text).origin;
  } catch (error) {
    if (error instanceof GaitError && error.category === 'invalid_input') return undefined;
    throw error;
  }
}

function outputExists(path: string, reason: string): GaitError {
  return new GaitError('OUTPUT_EXISTS', `refusing to write a note to ${path}: ${reason}`, {
    details: { path, reason },
  });
}
