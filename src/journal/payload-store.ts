/** Writes a payload: durable, under its hash, before any line of the journal may name it. */
import { createHash } from 'node:crypto';
import { dirname } from 'node:path';
import { GaitError, isGaitError } from '../errors.js';
import { payloadPath, SALT_BYTES, temporaryPayloadPath } from './payload-files.js';
import type { PayloadRef } from './types.js';
import type { World } from './settings.js';
import {
  CHUNK_BYTES,
  FILE_MODE,
  ioError,
  makeDirectories,
  TurnTaker,
  writeFully,
  type FileSystem,
  type JournalPaths,
} from './store/index.js';

/** Unknown bytes (RFC 2046 section 4.5.1). */
const DEFAULT_MEDIA_TYPE = 'application/octet-stream';

/** `type/subtype` with parameters (RFC 9110 section 8.3.1), short enough to leave room in a line. */
const MEDIA_TYPE =
  /^[\w!#$%&'*+.^`|~-]+\/[\w!#$%&'*+.^`|~-]+(?:\s*;\s*[\w!#$%&'*+.^`|~-]+=(?:[\w!#$%&'*+.^`|~-]+|"[\x20\x21\x23-\x5b\x5d-\x7e]*"))*$/;
const MAX_MEDIA_TYPE_LENGTH = 255;

/** Synced so often: one sync at the end of a large payload would hold up the process for seconds. */
const SYNC_EVERY_BYTES = 8 * 1024 * 1024;

/** Bytes at hand, or pieces to come. */
export type PayloadContent = Uint8Array | AsyncIterable<Uint8Array>;

export interface PayloadOptions {
  /** `application/octet-stream` by default. */
  readonly mediaType?: string | undefined;
  readonly randomBytes: (size: number) => Uint8Array;
}

/**
 * Streams the content into a payload file. When this resolves the file is durable under its name; a crash before leaves at
 * most a temporary file, which listPayloadLeftovers finds. Memory does not grow with the content.
 *
 * @throws GaitError INVALID_ARGUMENT for a malformed media type or a piece that is no bytes; DISK_FULL; IO_ERROR, also
 * when the content cannot be read (a GaitError of the content passes through). Nothing is left then.
 */
export async function storePayload(
  world: World,
  paths: JournalPaths,
  content: PayloadContent,
  options: PayloadOptions,
): Promise<PayloadRef> {
  const mediaType = checkMediaType(options.mediaType ?? DEFAULT_MEDIA_TYPE);
  const { fs } = world;
  const temporary = temporaryPayloadPath(paths, world.nonce());
  try {
    makeDirectories(fs, paths.payloads);
    const written = await writeTemporary(fs, temporary, freshSalt(options), content);
    const path = payloadPath(paths, written.sha256);
    try {
      makeDirectories(fs, dirname(path));
      fs.rename(temporary, path);
    } catch (error) {
      fs.unlink(temporary);
      throw error;
    }
    // The new name before the old one's removal: a power cut between the two leaves both, never neither.
    fs.syncDirectory(dirname(path));
    fs.syncDirectory(paths.payloads);
    return { ...written, media_type: mediaType };
  } catch (error) {
    throw ioError(error, 'store a payload of', paths.journal);
  }
}

async function writeTemporary(
  fs: FileSystem,
  path: string,
  salt: Uint8Array,
  content: PayloadContent,
): Promise<{ readonly sha256: string; readonly size: number }> {
  const hash = createHash('sha256');
  const descriptor = fs.open(path, 'create', FILE_MODE);
  let isOpen = true;
  let position = 0;
  let synced = 0;
  // Hashed and written in one tick, so that a caller who changes the bytes meanwhile cannot part the two.
  const add = (bytes: Uint8Array): void => {
    hash.update(bytes);
    writeFully(fs, descriptor, bytes, position);
    position += bytes.length;
    if (position - synced < SYNC_EVERY_BYTES) return;
    fs.syncData(descriptor);
    synced = position;
  };
  try {
    add(salt);
    const turns = new TurnTaker();
    for await (const piece of pieces(content)) {
      add(piece);
      await turns.rest();
    }
    fs.sync(descriptor);
    isOpen = false;
    fs.close(descriptor);
  } catch (error) {
    if (isOpen) fs.close(descriptor);
    fs.unlink(path);
    throw error;
  }
  return { sha256: hash.digest('hex'), size: position - SALT_BYTES };
}

/** The content in pieces of bounded size. */
async function* pieces(content: PayloadContent): AsyncGenerator<Uint8Array, void, undefined> {
  if (content instanceof Uint8Array) {
    yield* slices(content);
    return;
  }
  try {
    for await (const chunk of content) {
      if (!(chunk instanceof Uint8Array)) {
        throw new GaitError('INVALID_ARGUMENT', 'the content of a payload is bytes', {
          hint: 'give a stream without an encoding, or encode the text yourself',
          details: { field: 'payload', found: typeof chunk },
        });
      }
      yield* slices(chunk);
    }
  } catch (error) {
    if (isGaitError(error)) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new GaitError('IO_ERROR', `cannot read the content of the payload: ${reason}`, { cause: error });
  }
}

function* slices(bytes: Uint8Array): Generator<Uint8Array, void, undefined> {
  for (let start = 0; start < bytes.length; start += CHUNK_BYTES) yield bytes.subarray(start, start + CHUNK_BYTES);
}

function freshSalt({ randomBytes }: PayloadOptions): Uint8Array {
  const salt = randomBytes(SALT_BYTES);
  if (salt.length === SALT_BYTES) return salt;
  throw new GaitError('INVALID_ARGUMENT', `randomBytes gave ${salt.length} bytes instead of ${SALT_BYTES}`, {
    details: { option: 'randomBytes', expected: SALT_BYTES, found: salt.length },
  });
}

function checkMediaType(value: string): string {
  const mediaType = value.trim();
  if (mediaType.length <= MAX_MEDIA_TYPE_LENGTH && MEDIA_TYPE.test(mediaType)) return mediaType;
  throw new GaitError('INVALID_ARGUMENT', 'the media type of a payload is written type/subtype', {
    hint: 'for example application/json or text/plain; charset=utf-8',
    details: { field: 'media_type', found: value },
  });
}
