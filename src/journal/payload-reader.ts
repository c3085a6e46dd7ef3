/** Reads payloads back, and never trusts what it finds: the name in the journal decides what the bytes must be. */
import { createHash } from 'node:crypto';
import { GaitError } from '../errors.js';
import { payloadPath, SALT_BYTES } from './payload-files.js';
import type { PayloadRef } from './types.js';
import { errnoOf, ioError, readChunks, type FileSystem, type JournalPaths } from './store/index.js';

/** `altered`: something is there, but not what the event was recorded with. */
export type PayloadVerdict = 'ok' | 'missing' | 'altered';

/**
 * The content of a payload, without its salt unless the `whole file` is wanted, in pieces. The last piece is followed by the check of the whole: until the
 * iteration ends without an error, nothing is proved about what came.
 *
 * @throws GaitError INVALID_ARGUMENT for a malformed hash, PAYLOAD_NOT_FOUND, PAYLOAD_ALTERED, IO_ERROR
 */
export async function* openPayload(
  fs: FileSystem,
  paths: JournalPaths,
  sha256: string,
  part: 'content' | 'whole file' = 'content',
): AsyncGenerator<Buffer, void, undefined> {
  const path = payloadPath(paths, sha256);
  const saltBytes = part === 'content' ? SALT_BYTES : 0;
  const descriptor = openRegularFile(fs, path);
  if (descriptor === 'missing') {
    throw new GaitError('PAYLOAD_NOT_FOUND', `there is no payload ${sha256}`, { details: { path, sha256 } });
  }
  if (descriptor === 'altered') throw altered(path, sha256);
  const hash = createHash('sha256');
  try {
    let position = 0;
    for await (const chunk of chunksOf(fs, descriptor, path)) {
      hash.update(chunk);
      const content = chunk.subarray(Math.max(saltBytes - position, 0));
      position += chunk.length;
      if (content.length > 0) yield content;
    }
  } finally {
    fs.close(descriptor);
  }
  if (hash.digest('hex') !== sha256) throw altered(path, sha256);
}

/**
 * Whether the payload that an event names is there and is what it was.
 *
 * @throws GaitError INVALID_ARGUMENT for a malformed hash, IO_ERROR
 */
export async function checkPayload(
  fs: FileSystem,
  paths: JournalPaths,
  ref: Pick<PayloadRef, 'sha256' | 'size'>,
): Promise<PayloadVerdict> {
  const path = payloadPath(paths, ref.sha256);
  const descriptor = openRegularFile(fs, path);
  if (typeof descriptor === 'string') return descriptor;
  try {
    // Before any hashing: a file of another size may be as long as the disk.
    if (fs.fstat(descriptor).size !== SALT_BYTES + ref.size) return 'altered';
    const hash = createHash('sha256');
    for await (const chunk of chunksOf(fs, descriptor, path)) hash.update(chunk);
    return hash.digest('hex') === ref.sha256 ? 'ok' : 'altered';
  } finally {
    fs.close(descriptor);
  }
}

/** A descriptor, or what there is instead. A link is no payload: it would bring in bytes from elsewhere. */
function openRegularFile(fs: FileSystem, path: string): number | Exclude<PayloadVerdict, 'ok'> {
  try {
    const named = fs.lstat(path);
    if (named === undefined) return 'missing';
    if (named.kind !== 'file') return 'altered';
    const descriptor = fs.open(path, 'read');
    let isNamed = false;
    try {
      const opened = fs.fstat(descriptor);
      isNamed = opened.ino === named.ino && opened.dev === named.dev;
    } finally {
      if (!isNamed) fs.close(descriptor);
    }
    return isNamed ? descriptor : 'altered';
  } catch (error) {
    // Erased between the look and the opening.
    if (errnoOf(error) === 'ENOENT') return 'missing';
    throw ioError(error, 'open payload', path);
  }
}

async function* chunksOf(fs: FileSystem, descriptor: number, path: string): AsyncGenerator<Buffer, void, undefined> {
  try {
    yield* readChunks(fs, descriptor);
  } catch (error) {
    throw ioError(error, 'read payload', path);
  }
}

function altered(path: string, sha256: string): GaitError {
  return new GaitError('PAYLOAD_ALTERED', `the payload ${sha256} is not what its event was recorded with`, {
    details: { path, sha256 },
  });
}
