/** Checks a chain file and the runpacks it names, and reports every problem. Writes nothing. */
import { canonicalDigest, canonicalJson, keyId, verifySignatureBlock } from '../../sign/index.js';
import { isGaitError } from '../../errors.js';
import type { FileSystem } from '../store/index.js';
import type { SessionCheckpoint } from '../types.js';
import type { SignatureStatus } from '../verify-types.js';
import { linkageErrors } from './chain-links.js';
import type { ChainProblem, ChainReport, VerifyChainOptions } from './chain-types.js';
import { readChain, type SessionChain } from './chain.js';
import { Findings } from './findings.js';
import { folderOf, runpackCandidates } from './locate-runpack.js';
import { verdictOf } from './signatures.js';
import type { RunpackReport } from './types.js';
import { verifyRunpack } from './verify-runpack.js';

/**
 * @throws GaitError INVALID_CHAIN when there is nothing to check; IO_ERROR; the signal's reason when it aborts. What is
 * wrong with a chain that can be checked, and with its runpacks, is in the report, never thrown.
 */
export async function verifyChain(
  fs: FileSystem,
  path: string,
  options: VerifyChainOptions = {},
): Promise<ChainReport> {
  const { chain, raw } = readChain(fs, path);
  const verifier = new ChainVerifier(fs, path, chain, options);
  verifier.checkUnknownKeys(Object.keys(raw));
  return await verifier.verify();
}

const CHAIN_KEYS = new Set([
  'schema_id',
  'schema_version',
  'created_at',
  'producer_version',
  'session_id',
  'run_id',
  'checkpoints',
]);

class ChainVerifier {
  readonly #findings = new Findings<ChainProblem>();
  readonly #linkageErrors: string[] = [];
  readonly #checkpointErrors: string[] = [];
  readonly #statuses: SignatureStatus[] = [];
  readonly #signedBy = new Set<string>();
  readonly #fs: FileSystem;
  readonly #path: string;
  readonly #chain: SessionChain;
  readonly #options: VerifyChainOptions;
  readonly #publicKeys: readonly Buffer[];
  readonly #isSignatureRequired: boolean;
  #runpacks = 0;

  constructor(fs: FileSystem, path: string, chain: SessionChain, options: VerifyChainOptions) {
    this.#fs = fs;
    this.#path = path;
    this.#chain = chain;
    this.#options = options;
    this.#publicKeys = options.publicKeys ?? [];
    this.#isSignatureRequired = options.requireSignature ?? this.#publicKeys.length > 0;
  }

  checkUnknownKeys(keys: readonly string[]): void {
    for (const key of keys.filter((name) => !CHAIN_KEYS.has(name))) {
      this.#findings.warning({ kind: 'unknown_key', found: key, meaning: 'nothing in a chain covers this key' });
    }
  }

  async verify(): Promise<ChainReport> {
    for (const { message, checkpointIndex, ...facts } of linkageErrors(this.#chain)) {
      this.#linkageErrors.push(message);
      this.#findings.problem({ kind: 'linkage', checkpoint_index: checkpointIndex, ...facts, meaning: message });
    }
    this.#checkJournal();
    const { checkpoints } = this.#chain;
    for (const [position, checkpoint] of checkpoints.entries()) {
      this.#statuses.push(await this.#checkCheckpoint(checkpoint));
      this.#options.onProgress?.({ checkpoints: position + 1, totalCheckpoints: checkpoints.length });
      this.#options.signal?.throwIfAborted();
    }
    return this.#report();
  }

  #checkJournal(): void {
    const { journal } = this.#options;
    if (journal === undefined) {
      this.#findings.warning({
        kind: 'not_comparable',
        meaning: 'the chain was not compared with its journal: checkpoints removed from its end cannot be noticed',
      });
      return;
    }
    const differ = (meaning: string, expected: string | undefined, found: string | undefined, index?: number): void => {
      if (expected === found) return;
      const place = index === undefined ? {} : { checkpoint_index: index };
      this.#linkageErrors.push(index === undefined ? meaning : `${meaning} at checkpoint ${index}`);
      this.#findings.problem({
        kind: 'journal_mismatch',
        ...place,
        expected: expected ?? 'nothing',
        found: found ?? 'nothing',
        meaning: `${meaning}: the chain is not what the journal gives`,
      });
    };
    for (const field of ['session_id', 'run_id', 'created_at', 'producer_version'] as const) {
      differ(`${field} differs from the journal`, journal.header[field], this.#chain[field]);
    }
    const found = this.#chain.checkpoints;
    for (let position = 0; position < Math.max(found.length, journal.checkpoints.length); position += 1) {
      const expected = journal.checkpoints[position];
      const actual = found[position];
      const index = expected?.checkpoint_index ?? actual?.checkpoint_index;
      differ('checkpoint differs from the journal', canonicalOf(expected), canonicalOf(actual), index);
    }
  }

  async #checkCheckpoint(checkpoint: SessionCheckpoint): Promise<SignatureStatus> {
    const own = this.#checkOwnSignature(checkpoint);
    const pack = checkpoint.runpack_path === '' ? 'missing' : await this.#checkRunpack(checkpoint);
    const status = strongest(own, pack);
    if (own === 'failed' || pack === 'failed' || (this.#isSignatureRequired && status !== 'verified')) {
      this.#checkpointError(checkpoint, 'signature verification failed', 'signature', {
        found: status,
        meaning: 'no given key vouches for this checkpoint and its runpack',
      });
      return 'failed';
    }
    return status;
  }

  /** Ours carry a signature of their own; the Go tool's do not. */
  #checkOwnSignature(checkpoint: SessionCheckpoint): SignatureStatus {
    const { signature, ...signed } = checkpoint;
    if (signature === undefined) return 'missing';
    if (this.#publicKeys.length === 0) return 'skipped';
    const digest = canonicalDigest(signed);
    const signer = this.#publicKeys.find((key) => verifySignatureBlock(signature, digest, key).valid);
    if (signer === undefined) return 'failed';
    this.#signedBy.add(keyId(signer));
    return 'verified';
  }

  async #checkRunpack(checkpoint: SessionCheckpoint): Promise<SignatureStatus> {
    const report = await this.#openRunpack(checkpoint);
    if (report === undefined) return 'missing';
    this.#runpacks += 1;
    for (const signer of report.signed_by) this.#signedBy.add(signer);
    const { checkpoint_index: index } = checkpoint;
    const isSealedOne = report.manifest_digest.toLowerCase() === checkpoint.manifest_digest.toLowerCase();
    const kinds = new Set(report.problems.map(({ kind }) => kind));
    for (const { kind, ...facts } of report.problems) {
      if (kind !== 'signature')
        this.#findings.problem({ kind, checkpoint_index: index, runpack: report.path, ...facts });
    }
    for (const { kind, ...facts } of report.warnings) {
      this.#findings.warning({ kind, checkpoint_index: index, runpack: report.path, ...facts });
    }
    kinds.delete('signature');
    if (!isSealedOne) this.#checkpointErrors.push(`checkpoint ${index} manifest digest mismatch`);
    // Of another pack, that it binds to another checkpoint is no further news.
    else if (kinds.has('binding_mismatch')) {
      this.#checkpointErrors.push(`checkpoint ${index} runpack is of another session, run or range`);
    }
    kinds.delete('binding_mismatch');
    if (kinds.size > 0) this.#checkpointErrors.push(`checkpoint ${index} runpack integrity failure`);
    return report.signature_status;
  }

  /** The candidate that is the sealed pack; failing that, the first that is a pack at all. */
  async #openRunpack(checkpoint: SessionCheckpoint): Promise<RunpackReport | undefined> {
    const { checkpoint_index: index, runpack_path: runpackPath } = checkpoint;
    const candidates = runpackCandidates(this.#fs, runpackPath, {
      chainFolder: folderOf(this.#path),
      workingFolder: '.',
      trustedFolders: this.#options.runpackFolders ?? [],
    });
    let first: RunpackReport | undefined;
    let reason = `no file ${JSON.stringify(runpackPath)} in the working directory or beside the chain`;
    for (const candidate of candidates) {
      try {
        const report = await this.#verifyCandidate(candidate, checkpoint);
        if (report.manifest_digest.toLowerCase() === checkpoint.manifest_digest.toLowerCase()) return report;
        first ??= report;
      } catch (error) {
        if (!isGaitError(error)) throw error;
        reason = error.message;
      }
    }
    if (first === undefined) {
      this.#checkpointError(checkpoint, `verify error: ${reason}`, 'runpack_unreadable', {
        meaning: `the runpack of checkpoint ${index} cannot be checked: ${reason}`,
      });
    }
    return first;
  }

  async #verifyCandidate(path: string, checkpoint: SessionCheckpoint): Promise<RunpackReport> {
    const { signal } = this.#options;
    return await verifyRunpack(this.#fs, path, {
      publicKeys: this.#publicKeys,
      requireSignature: false,
      expect: {
        sessionId: checkpoint.session_id,
        runId: checkpoint.run_id,
        checkpointIndex: checkpoint.checkpoint_index,
        sequenceStart: checkpoint.sequence_start,
        sequenceEnd: checkpoint.sequence_end,
        manifestDigest: checkpoint.manifest_digest,
      },
      ...(signal === undefined ? {} : { signal }),
    });
  }

  #checkpointError(
    checkpoint: SessionCheckpoint,
    message: string,
    kind: ChainProblem['kind'],
    facts: Omit<ChainProblem, 'kind'>,
  ): void {
    const { checkpoint_index: index } = checkpoint;
    this.#checkpointErrors.push(`checkpoint ${index} ${message}`);
    this.#findings.problem({ kind, checkpoint_index: index, ...facts });
  }

  #report(): ChainReport {
    const { checkpoints, session_id, run_id } = this.#chain;
    const ok = this.#findings.problemCount === 0;
    const status = weakest(this.#statuses);
    const unsigned = this.#statuses.findIndex((each) => each !== 'verified');
    const signed = unsigned === -1 ? checkpoints.length : unsigned;
    return {
      ok,
      path: this.#path,
      chain_path: this.#path,
      kind: 'chain',
      verdict: verdictOf(ok, status),
      session_id,
      run_id,
      checkpoints_checked: checkpoints.length,
      runpacks_checked: this.#runpacks,
      signed_to_sequence: checkpoints[signed - 1]?.sequence_end ?? 0,
      signature_status: status,
      signed_by: [...this.#signedBy],
      linkage_errors: this.#linkageErrors,
      checkpoint_errors: this.#checkpointErrors,
      ...this.#findings.summary(),
    };
  }
}

/** From best to worst. */
const STATUSES: readonly SignatureStatus[] = ['verified', 'skipped', 'missing', 'failed'];

/** A failed one is never made up for by another. */
function strongest(a: SignatureStatus, b: SignatureStatus): SignatureStatus {
  if (a === 'failed' || b === 'failed') return 'failed';
  return STATUSES.indexOf(a) < STATUSES.indexOf(b) ? a : b;
}

function weakest(statuses: readonly SignatureStatus[]): SignatureStatus {
  return STATUSES.findLast((status) => statuses.includes(status)) ?? 'missing';
}

function canonicalOf(checkpoint: SessionCheckpoint | undefined): string | undefined {
  return checkpoint === undefined ? undefined : canonicalJson(checkpoint);
}
