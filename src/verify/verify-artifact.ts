/** One question for every kind of evidence: is it what it claims to be, signed by whom, up to where? */
import { GaitError } from '../errors.js';
import {
  cleanFolder,
  detectArtifact,
  resolveWorld,
  verifyChainFile,
  verifyJournal,
  verifyProofFile,
  verifyRunpackFile,
  type ChainReport,
  type ProofReport,
  type RunpackReport,
  type VerifyOptions,
  type VerifyReport,
} from '../journal/index.js';
import { joinTombstones, ledgerProofsFor, verifyRoot, type RootReport } from '../retention/index.js';
import { verifyTraceFile, type TraceReport, type VerifyTraceOptions } from '../trace/index.js';

/** What `verify` answers; `kind` tells the shapes apart. */
export type ArtifactReport = VerifyReport | RootReport | RunpackReport | ChainReport | ProofReport | TraceReport;

/**
 * Finds out what a file or folder is and checks everything about it. What is wrong is in the report, never thrown. What is gone
 * from a session counts as pruned when a ledger beside it, or in a folder above, proves it.
 *
 * @throws GaitError FILE_NOT_FOUND, INVALID_PATH, INVALID_ARGUMENT (no evidence of a known kind, a strict check without a key,
 * `since` for what is no journal), INVALID_RUNPACK, INVALID_CHAIN, INVALID_NOTE, INVALID_JSON when it cannot be checked at all,
 * IO_ERROR; the signal's reason when it aborts
 */
export async function verify(path: string, options: VerifyOptions = {}): Promise<ArtifactReport> {
  if (isFolder(path, options)) return verifyRoot(path, options);
  const kind = detectArtifact(path, options);
  if (kind === 'journal') return verifySession(path, options);
  if (options.since !== undefined) {
    throw new GaitError('INVALID_ARGUMENT', `since applies to journals; ${path} is a ${kind}`, {
      details: { path, kind },
    });
  }
  switch (kind) {
    case 'runpack':
      return verifyRunpackFile(path, options);
    case 'chain':
      return verifyChainFile(path, options);
    case 'proof':
      return verifyProofFile(path, options);
    case 'trace':
      return verifyTraceFile(path, traceOptions(options));
    case 'unknown':
      throw new GaitError('INVALID_ARGUMENT', `${path} is no evidence of a known kind`, {
        hint: 'journals, runpacks, chains, traces, notes and proofs can be verified',
        details: { path, kind },
      });
  }
}

function isFolder(path: string, options: VerifyOptions): boolean {
  const { fs } = resolveWorld(options);
  const cleaned = cleanFolder(path);
  const found = fs.lstat(cleaned);
  if (found?.kind !== 'link') return found?.kind === 'directory';
  try {
    return fs.stat(cleaned).kind === 'directory';
  } catch {
    // A link to nothing: whoever opens the file says so.
    return false;
  }
}

async function verifySession(path: string, options: VerifyOptions): Promise<VerifyReport> {
  const { fileSystem, publicKeys = [] } = options;
  if (options.tombstones !== undefined) return verifyJournal(path, options);
  const proofs = await ledgerProofsFor(path, publicKeys, fileSystem === undefined ? {} : { fileSystem });
  return verifyJournal(path, proofs.length === 0 ? options : { ...options, tombstones: joinTombstones(proofs) });
}

/** A trace has no tail and no links: of a profile only the demand for a signature is left. */
function traceOptions(options: VerifyOptions): VerifyTraceOptions {
  const isSignatureRequired = options.profile === 'strict' || options.requireSignature === true;
  const { publicKeys, fileSystem } = options;
  return {
    ...(publicKeys === undefined ? {} : { publicKeys: publicKeys.map((key) => Buffer.from(key)) }),
    ...(isSignatureRequired ? { requireSignature: true } : {}),
    ...(fileSystem === undefined ? {} : { fileSystem }),
  };
}
