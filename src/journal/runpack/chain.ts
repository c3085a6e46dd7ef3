/** The chain file: all checkpoints of a session in one JSON file, as the Go tool keeps it (docs/go-compatibility.md). */
import { isUtf8 } from 'node:buffer';
import { resolve } from 'node:path';
import { GaitError, isGaitError } from '../../errors.js';
import { parseExactJson, parseJson } from '../../sign/index.js';
import { SCHEMA_VERSION } from '../record.js';
import type { World } from '../settings.js';
import {
  cleanPath,
  errnoOf,
  ioError,
  readWhole,
  replaceFile,
  type FileSystem,
  type JournalPaths,
} from '../store/index.js';
import type { JsonObject, SessionCheckpoint, SessionHeader } from '../types.js';
import { MAX_CHAIN_BYTES } from './limits.js';
import { chainPath, isSessionFile } from './session-files.js';

const CHAIN_SCHEMA_ID = 'gait.runpack.session_chain';

export interface SessionChain {
  readonly schema_id: string;
  readonly schema_version: string;
  readonly created_at: string;
  readonly producer_version: string;
  readonly session_id: string;
  readonly run_id: string;
  readonly checkpoints: readonly SessionCheckpoint[];
}

/**
 * Writes the chain beside the journal, and a copy to `extraPath` where one is given. Any chain can be written again from
 * the journal's header and checkpoints (W29). Call it under the journal's lock.
 *
 * @returns the path of the chain beside the journal
 * @throws GaitError as checkChainTargets does; IO_ERROR, DISK_FULL
 */
export function writeChain(
  world: World,
  paths: JournalPaths,
  header: SessionHeader,
  checkpoints: readonly SessionCheckpoint[],
  extraPath?: string,
): string {
  const chain: SessionChain = {
    schema_id: CHAIN_SCHEMA_ID,
    schema_version: SCHEMA_VERSION,
    created_at: header.created_at,
    producer_version: header.producer_version,
    session_id: header.session_id,
    run_id: header.run_id,
    checkpoints,
  };
  const content = Buffer.from(`${JSON.stringify(chain, null, 2)}\n`);
  const targets = checkChainTargets(world.fs, paths, header, extraPath);
  for (const target of targets) {
    try {
      replaceFile(world.fs, target, content, { durable: true, nonce: world.nonce() });
    } catch (error) {
      throw ioError(error, 'write chain', target);
    }
  }
  return chainPath(paths.journal);
}

/**
 * Says whether the chain may be written, before anything else is done.
 *
 * @returns where it would be written to
 * @throws GaitError CHAIN_CONFLICT when another session's chain, or what is no chain at all, is in the way (W35);
 * OUTPUT_EXISTS when `extraPath` is a file that is no chain, or belongs to a session; INVALID_PATH
 */
export function checkChainTargets(
  fs: FileSystem,
  paths: JournalPaths,
  header: Pick<SessionHeader, 'session_id' | 'run_id'>,
  extraPath?: string,
): readonly string[] {
  const own = chainPath(paths.journal);
  refuseOtherSession(own, header, existing(fs, own, 'rebuild'));
  if (extraPath === undefined) return [own];
  const extra = cleanPath(extraPath);
  if (resolve(extra) === resolve(own)) return [own];
  // The one kind of session file that may be named here is a chain.
  if (!extra.endsWith('_chain.json') && isSessionFile(fs, extra, [paths])) {
    throw outputExists(extra, 'the name belongs to the files of a session');
  }
  refuseOtherSession(extra, header, existing(fs, extra, 'refuse'));
  return [own, extra];
}

/**
 * Reads a chain. Unknown keys are kept out of the way; everything that verification computes with has its type.
 *
 * @throws GaitError INVALID_CHAIN; IO_ERROR
 */
export function readChain(fs: FileSystem, path: string): { readonly chain: SessionChain; readonly raw: JsonObject } {
  const bytes = readFile(fs, path);
  if (bytes === undefined) throw invalidChain(path, 'there is no such file');
  if (!isUtf8(bytes)) throw invalidChain(path, 'it is not valid UTF-8');
  let raw: unknown;
  try {
    raw = parseExactJson(bytes.toString('utf8'));
  } catch (error) {
    if (isGaitError(error)) throw invalidChain(path, `it has no one meaning: ${error.message}`);
    throw error;
  }
  if (!isObject(raw)) throw invalidChain(path, 'it is no JSON object');
  const reason = whyNoChain(raw);
  if (reason !== undefined) throw invalidChain(path, reason);
  const checkpoints = raw['checkpoints'] as readonly SessionCheckpoint[];
  const text = (key: string): string => (typeof raw[key] === 'string' ? raw[key] : '');
  const chain = {
    schema_id: CHAIN_SCHEMA_ID,
    schema_version: SCHEMA_VERSION,
    created_at: text('created_at'),
    producer_version: text('producer_version'),
    session_id: text('session_id'),
    run_id: text('run_id'),
    checkpoints,
  };
  return { chain, raw };
}

/** Why this is no chain, or undefined. As for the Go tool, an absent schema is the right one. */
function whyNoChain(raw: JsonObject): string | undefined {
  if ((raw['schema_id'] ?? CHAIN_SCHEMA_ID) !== CHAIN_SCHEMA_ID) return 'unsupported session chain schema';
  if ((raw['schema_version'] ?? SCHEMA_VERSION) !== SCHEMA_VERSION) return 'unsupported session chain schema';
  if (!isId(raw['session_id']) || !isId(raw['run_id'])) return 'session chain missing session_id/run_id';
  const { checkpoints } = raw;
  if (!Array.isArray(checkpoints) || checkpoints.length === 0) return 'session chain has no checkpoints';
  for (const [position, checkpoint] of (checkpoints as unknown[]).entries()) {
    if (!isObject(checkpoint)) return `the checkpoint at position ${position} is no object`;
    for (const [field, isGood] of Object.entries(CHECKPOINT_FIELDS)) {
      if (!isGood(checkpoint[field])) return `the checkpoint at position ${position} has no usable ${field}`;
    }
  }
  return undefined;
}

type FieldCheck = (value: unknown) => boolean;
const isText: FieldCheck = (value) => typeof value === 'string';
const isOptionalText: FieldCheck = (value) => value === undefined || typeof value === 'string';
const isId: FieldCheck = (value) => typeof value === 'string' && value.trim() !== '';
const isInteger: FieldCheck = (value) => Number.isSafeInteger(value);

/** Ranges and values are judged by verification, which reports them all; here only types. */
const CHECKPOINT_FIELDS: Readonly<Record<string, FieldCheck>> = {
  session_id: isText,
  run_id: isText,
  checkpoint_index: isInteger,
  sequence_start: isInteger,
  sequence_end: isInteger,
  runpack_path: isText,
  manifest_digest: isText,
  prev_checkpoint_digest: isOptionalText,
  checkpoint_digest: isText,
  root_hash: isOptionalText,
};

/**
 * The ids of the chain that is at a path; undefined when nothing is there. A file that does not parse is a damaged chain:
 * under the chain's own name it is written anew, anywhere else it is somebody's file.
 */
function existing(fs: FileSystem, path: string, whenDamaged: 'rebuild' | 'refuse'): Ids | undefined {
  const bytes = readFile(fs, path);
  if (bytes === undefined) return undefined;
  let value: unknown;
  try {
    value = parseJson(bytes.toString('utf8'));
  } catch {
    if (whenDamaged === 'rebuild') return undefined;
    throw outputExists(path, 'what is there is no chain');
  }
  if (isObject(value) && value['schema_id'] === CHAIN_SCHEMA_ID) return value;
  if (whenDamaged === 'refuse') throw outputExists(path, 'what is there is no chain');
  throw new GaitError('CHAIN_CONFLICT', `${path} is no chain file, and the chain would replace it`, {
    details: { path },
  });
}

type Ids = Readonly<Record<string, unknown>>;

function refuseOtherSession(
  path: string,
  header: Pick<SessionHeader, 'session_id' | 'run_id'>,
  found: Ids | undefined,
): void {
  if (found === undefined) return;
  if (found['session_id'] === header.session_id && found['run_id'] === header.run_id) return;
  throw new GaitError('CHAIN_CONFLICT', `${path} is the chain of another session`, {
    details: {
      path,
      expected: { session_id: header.session_id, run_id: header.run_id },
      found: { session_id: found['session_id'], run_id: found['run_id'] },
    },
  });
}

/** Undefined when nothing is there. */
function readFile(fs: FileSystem, path: string): Buffer | undefined {
  try {
    return readWhole(fs, path, MAX_CHAIN_BYTES);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENOTDIR') return undefined;
    if (isGaitError(error) && error.category === 'invalid_input') throw invalidChain(path, 'it is too long');
    if (errnoOf(error) === 'EISDIR') throw invalidChain(path, 'it is not a regular file');
    throw ioError(error, 'read chain', path);
  }
}

function invalidChain(path: string, reason: string): GaitError {
  return new GaitError('INVALID_CHAIN', `${path} is not a session chain: ${reason}`, { details: { path, reason } });
}

function outputExists(path: string, reason: string): GaitError {
  return new GaitError('OUTPUT_EXISTS', `refusing to write a chain to ${path}: ${reason}`, {
    details: { path, reason },
  });
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
