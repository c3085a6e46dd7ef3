/**
 * Reads keys from where their owner keeps them: a file, or an environment variable. What a private key holds never gets
 * into an error, and neither does a value that looks like one but was given in the place of a name.
 */
import { GaitError, isGaitError } from '../errors.js';
import { parsePrivateKey, parsePublicKey, parseVkey, type KeyPair } from '../sign/index.js';
import { refuseUnknown, resolveWorld } from './settings.js';
import { errnoOf, ioError, type FileSystem } from './store/index.js';
import type { Environment } from './environment.js';

/** Where a key is: in a file or in an environment variable, never both. A blank value counts as not given. */
export interface KeySource {
  /** A file. For a public key also the text of a C2SP vkey itself. */
  readonly path?: string | undefined;
  /** The name of an environment variable that holds what the file would. */
  readonly env?: string | undefined;
}

type KeyKind = 'private' | 'public';

/** A source that was given. */
type Place = { readonly path: string } | { readonly env: string };

/** A key is less than 100 bytes, a vkey has a name too. */
const MAX_KEY_FILE_BYTES = 4_096;

/** Permission bits of the group and of others. */
const SHARED_BITS = 0o077;

/** Causes that the caller can do something about; others are failures of the disk or the system. */
const UNREADABLE = new Set(['ENOENT', 'ENOTDIR', 'EACCES', 'EPERM', 'ELOOP', 'ENAMETOOLONG', 'ERR_INVALID_ARG_VALUE']);

/** A private key or a seed, in base64 or hex. */
const LOOKS_SECRET = /^(?:[A-Za-z0-9+/]{86}==|[A-Za-z0-9+/]{43}=|[0-9A-Fa-f]{64}|[0-9A-Fa-f]{128})$/;

/** The beginning of `<name>+<hex key ID>+<base64>`, which no base64 of a bare key has. */
const LOOKS_LIKE_VKEY = /^[^+\s]+\+[0-9a-f]{8}\+/;

/**
 * @throws GaitError INVALID_ARGUMENT when no source is given, or both, or the variable is not set; INVALID_KEY for a file
 * that is not there or a content that is no private key; KEY_PERMISSIONS for a file that others may read; IO_ERROR
 */
export function loadPrivateKey(source: KeySource, environment: Environment = {}): KeyPair {
  const place = requiredPlace(source, 'private');
  return parsed(place, readKey(place, 'private', environment), parsePrivateKey);
}

/**
 * The 32 bytes of a public key. Of a vkey, the name is checked against its key ID and then dropped: the origin that a
 * note must have comes from the log that is verified.
 *
 * @throws GaitError INVALID_ARGUMENT when no source is given, or both, or the variable is not set; INVALID_KEY for a file
 * that is not there or a content that is no public key; IO_ERROR
 */
export function loadPublicKey(source: KeySource, environment: Environment = {}): Buffer {
  const place = requiredPlace(source, 'public');
  if ('path' in place && LOOKS_LIKE_VKEY.test(place.path)) return parseVkey(place.path).publicKey;
  return parsed(place, readKey(place, 'public', environment), parsePublicText);
}

/** Whether a source names anything at all. */
export function isGiven(source: KeySource | undefined): source is KeySource {
  return (source?.path ?? '').trim() !== '' || (source?.env ?? '').trim() !== '';
}

/** A source that was given, as reports name it: `path:FILE` or `env:NAME`; a vkey is its own name. */
export function describeSource(source: KeySource): string {
  const env = source.env?.trim() ?? '';
  const path = source.path?.trim() ?? '';
  if (env !== '') return `env:${env}`;
  return LOOKS_LIKE_VKEY.test(path) ? `vkey:${path}` : `path:${path}`;
}

function requiredPlace(source: KeySource, kind: KeyKind): Place {
  const path = source.path?.trim() ?? '';
  const env = source.env?.trim() ?? '';
  const fail = (message: string): never => {
    throw new GaitError('INVALID_ARGUMENT', message, { details: { key: kind } });
  };
  if (path !== '' && env !== '') fail(`${kind} key source: set either path or env`);
  if (path === '' && env === '') fail(`${kind} key source is required (--${kind}-key or --${kind}-key-env)`);
  if (LOOKS_SECRET.test(path) || LOOKS_SECRET.test(env)) {
    fail(`the ${kind} key source is a key itself; name the file, or the environment variable, that holds it`);
  }
  return path === '' ? { env } : { path };
}

function readKey(place: Place, kind: KeyKind, environment: Environment): string {
  refuseUnknown(environment, []);
  if ('path' in place) return readKeyFile(resolveWorld(environment).fs, place.path, kind);
  const text = (environment.env ?? process.env)[place.env]?.trim() ?? '';
  if (text !== '') return text;
  throw new GaitError('INVALID_ARGUMENT', `${kind} key env not set: ${place.env}`, {
    hint: 'set the variable to the one line of a key file',
    details: { key: kind, env: place.env },
  });
}

function readKeyFile(fs: FileSystem, path: string, kind: KeyKind): string {
  try {
    const descriptor = fs.open(path, 'read');
    try {
      // Asked of the descriptor: what a path names may change between the question and the reading.
      const stat = fs.fstat(descriptor);
      if (stat.kind !== 'file') throw unusable(path, kind, 'not_a_file');
      if (kind === 'private') refuseShared(path, stat.mode);
      if (stat.size > MAX_KEY_FILE_BYTES) throw unusable(path, kind, 'too_long');
      const content = Buffer.alloc(stat.size);
      return content.toString('utf8', 0, fs.read(descriptor, content, 0, content.length, 0));
    } finally {
      fs.close(descriptor);
    }
  } catch (error) {
    if (UNREADABLE.has(errnoOf(error) ?? '')) throw unusable(path, kind, 'unreadable', error);
    throw ioError(error, `read ${kind} key`, path);
  }
}

function refuseShared(path: string, mode: number): void {
  // Windows has no such bits; Node makes some up.
  if (process.platform === 'win32' || (mode & SHARED_BITS) === 0) return;
  const found = mode.toString(8).padStart(4, '0');
  throw new GaitError('KEY_PERMISSIONS', `the private key ${path} is open to others: its mode is ${found}`, {
    details: { path, mode: found },
  });
}

function unusable(path: string, kind: KeyKind, reason: string, cause?: unknown): GaitError {
  const why = cause instanceof Error ? cause.message : reason.replaceAll('_', ' ');
  return new GaitError('INVALID_KEY', `cannot use ${path} as a ${kind} key: ${why}`, {
    cause,
    details: { path, kind, reason, errno: errnoOf(cause) },
  });
}

function parsePublicText(text: string): Buffer {
  const line = text.trim();
  return LOOKS_LIKE_VKEY.test(line) ? parseVkey(line).publicKey : parsePublicKey(line);
}

/** Errors of the parsers do not know where the text came from. */
function parsed<T>(place: Place, text: string, parse: (text: string) => T): T {
  try {
    return parse(text);
  } catch (error) {
    if (!isGaitError(error)) throw error;
    const where = 'path' in place ? place.path : `the environment variable ${place.env}`;
    throw new GaitError(error.code, `${error.message}: ${where}`, {
      hint: error.hint,
      details: { ...error.details, ...place },
      cause: error,
    });
  }
}
