/**
 * What kind of evidence a file is, told by its content, so that a verifier need not be told; and the checks of those kinds
 * that live in files of their own.
 */
import { GaitError } from '../errors.js';
import {
  chainPath,
  readChain,
  verifyChain,
  verifyRunpack,
  type ChainReport,
  type RunpackReport,
} from './runpack/index.js';
import { readKeptLines } from './kept-lines.js';
import { resolveWorld, type World } from './settings.js';
import {
  cleanPath,
  errnoOf,
  ioError,
  openRegularFile,
  rangeChunks,
  readWhole,
  resolveJournalPaths,
  type FileSystem,
} from './store/index.js';
import type { Environment } from './environment.js';
import type { SessionCheckpoint, SessionHeader } from './types.js';
import type { VerifyOptions } from './verify-types.js';
import { CONSISTENCY_SCHEMA_ID } from './prove.js';
import { resolveDemands, verifyProofText, type ProofReport } from './verify/index.js';

export type ArtifactKind = 'journal' | 'runpack' | 'chain' | 'trace' | 'proof' | 'unknown';

const HEAD_BYTES = 64 * 1024;
/** Notes, proofs and traces are read whole; none that is honest is longer. */
const MAX_TEXT_BYTES = 4 * 1024 * 1024;
const ZIP_MAGIC = Buffer.from('PK');

/**
 * @throws GaitError FILE_NOT_FOUND when nothing is there (what is named like a journal is left to the journal's verifier), INVALID_PATH, IO_ERROR also for a directory
 */
export function detectArtifact(path: string, options: Environment = {}): ArtifactKind {
  const { fs } = resolveWorld(options);
  const cleaned = cleanPath(path);
  if (cleaned.endsWith('.jsonl') && fs.lstat(cleaned) === undefined) return 'journal';
  const head = readHead(fs, cleaned);
  if (head.subarray(0, 2).equals(ZIP_MAGIC) || /\.zip$/i.test(cleaned)) return 'runpack';
  // A journal stays one when its first bytes are damaged: its name and its sidecar say so too.
  if (cleaned.endsWith('.jsonl') || fs.lstat(`${cleaned}.gait`) !== undefined) return 'journal';
  const text = head.toString('utf8');
  if (text.startsWith('c2sp.org/tlog-proof@') || text.includes('\n\n\u2014 ')) return 'proof';
  const [, schemaId] = /"schema_id"\s*:\s*"([^"]*)"/.exec(text) ?? [];
  if (schemaId === CONSISTENCY_SCHEMA_ID) return 'proof';
  if (text.includes('"record_type"')) return 'journal';
  if (schemaId === 'gait.runpack.session_chain' || cleaned.endsWith('_chain.json')) return 'chain';
  if (schemaId === 'gait.gate.trace') return 'trace';
  return 'unknown';
}

/** Throws INVALID_RUNPACK, and as verifyRunpack. */
export async function verifyRunpackFile(path: string, options: VerifyOptions = {}): Promise<RunpackReport> {
  const { fs } = resolveWorld(options);
  return verifyRunpack(fs, cleanPath(path), demandsOf(options));
}

/** Also holds the chain against the journal that lies beside it. Throws INVALID_CHAIN, and as verifyChain. */
export async function verifyChainFile(path: string, options: VerifyOptions = {}): Promise<ChainReport> {
  const world = resolveWorld(options);
  const cleaned = cleanPath(path);
  const journal = await journalBeside(world, cleaned);
  return verifyChain(world.fs, cleaned, { ...demandsOf(options), ...(journal === undefined ? {} : { journal }) });
}

/** A checkpoint's note, an inclusion proof or a consistency proof. Throws INVALID_NOTE, INVALID_JSON. */
export function verifyProofFile(path: string, options: VerifyOptions = {}): ProofReport {
  return verifyProofText(readTextFile(path, options), cleanPath(path), resolveDemands(options));
}

/**
 * A whole file of text, for formats that are small by nature.
 *
 * @throws GaitError INVALID_ARGUMENT when it is longer than 4 MiB or no valid UTF-8; FILE_NOT_FOUND, INVALID_PATH, IO_ERROR
 */
export function readTextFile(path: string, options: Environment = {}): string {
  const { fs } = resolveWorld(options);
  const bytes = reading(path, () => readWhole(fs, cleanPath(path), MAX_TEXT_BYTES));
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw new GaitError('INVALID_ARGUMENT', `${path} is not valid UTF-8`, { cause, details: { path } });
  }
}

function demandsOf(options: VerifyOptions): {
  publicKeys: readonly Buffer[];
  requireSignature?: boolean;
  signal?: AbortSignal;
} {
  const { publicKeys, isSignatureRequired } = resolveDemands(options);
  return {
    publicKeys,
    // Without the demand the verifier's own rule holds: whoever brings a key wants a signature.
    ...(isSignatureRequired ? { requireSignature: true } : {}),
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  };
}

async function journalBeside(
  world: World,
  chain: string,
): Promise<{ readonly header: SessionHeader; readonly checkpoints: readonly SessionCheckpoint[] } | undefined> {
  const journal = chain.replace(/_chain\.json$/, '.jsonl');
  if (journal === chain || chainPath(journal) !== chain || world.fs.lstat(journal)?.kind !== 'file') return undefined;
  const { chain: listed } = readChain(world.fs, chain);
  try {
    const { header, checkpoints } = await readKeptLines(world, resolveJournalPaths(world.fs, journal));
    return header?.session_id === listed.session_id ? { header, checkpoints } : undefined;
  } catch (error) {
    // A damaged journal is found by verifying the journal; the chain is then judged alone.
    if (error instanceof GaitError && error.code === 'JOURNAL_CORRUPT') return undefined;
    throw error;
  }
}

function readHead(fs: FileSystem, path: string): Buffer {
  return reading(path, () => {
    const { descriptor, size } = openRegularFile(fs, path);
    try {
      return Buffer.concat([...rangeChunks(fs, descriptor, 0, Math.min(size, HEAD_BYTES))]);
    } finally {
      fs.close(descriptor);
    }
  });
}

function reading<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw ioError(error, 'read', path);
    throw new GaitError('FILE_NOT_FOUND', `there is no file at ${path}`, { cause: error, details: { path } });
  }
}
