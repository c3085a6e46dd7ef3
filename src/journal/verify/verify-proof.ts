/** Checks what stands alone: a checkpoint's note, an inclusion proof, a consistency proof. Text in, report out. */
import { GaitError, isGaitError } from '../../errors.js';
import {
  HASH_BYTES,
  keyId,
  leafHash,
  noteKey,
  parseCheckpointText,
  parseExactJson,
  parseNote,
  parseTlogProof,
  verifyConsistency,
  verifyInclusion,
  verifyNote,
  type SignedNote,
  type TreeHead,
} from '../../sign/index.js';
import { CONSISTENCY_SCHEMA_ID } from '../prove.js';
import { isFault, parseRecord, SCHEMA_VERSION } from '../record.js';
import type { SessionEvent } from '../types.js';
import type { Problem, SignatureStatus } from '../verify-types.js';
import { Findings, type FindingsReport } from './findings.js';

/** What a proof or note says, and whether it holds. */
export interface ProofReport extends Omit<FindingsReport, 'verdict'> {
  /** `unchecked`: the arithmetic holds, but no key was given to check the signature of the note with. */
  readonly verdict: 'valid' | 'unchecked' | 'invalid';
  readonly path: string;
  readonly kind: 'note' | 'inclusion_proof' | 'consistency_proof';
  readonly signature_status: SignatureStatus;
  readonly signed_by: readonly string[];
  /** The log that the note speaks of. */
  readonly origin: string;
  readonly tree_size: number;
  readonly root_hash: string;
  /** Inclusion: the proven line's place, hash and event. */
  readonly leaf_index?: number;
  readonly leaf_hash?: string;
  readonly event?: SessionEvent;
  /** Consistency: the older tree. */
  readonly first_size?: number;
  readonly first_root?: string;
}

export interface ProofDemands {
  readonly publicKeys: readonly Buffer[];
  readonly isSignatureRequired: boolean;
}

type Facts = Omit<
  ProofReport,
  keyof FindingsReport | 'path' | 'kind' | 'signature_status' | 'signed_by' | 'origin' | 'tree_size' | 'root_hash'
>;

/**
 * @param text the file's content
 * @throws GaitError INVALID_NOTE or INVALID_JSON when it is none of the three
 */
export function verifyProofText(text: string, path: string, demands: ProofDemands): ProofReport {
  if (text.startsWith('{')) return verifyConsistencyText(text, path, demands);
  if (!text.startsWith('c2sp.org/tlog-proof@')) {
    const claim = new Claim('note', parseNote(text), demands);
    return claim.report(path, {});
  }
  const proof = parseTlogProof(text);
  const claim = new Claim('inclusion_proof', proof.checkpoint, demands);
  if (proof.extra === undefined) {
    claim.problem('proof_invalid', 'the proof does not carry the line that it is about');
    return claim.report(path, { leaf_index: proof.index });
  }
  const leaf = leafHash(proof.extra);
  const { size: treeSize, root } = claim.head;
  if (!verifyInclusion({ leafHash: leaf, leafIndex: proof.index, treeSize, proof: proof.hashes, root })) {
    claim.problem('proof_invalid', 'the line is not in the log that the note speaks of, or not at that place');
  }
  const record = parseRecord(Buffer.from(proof.extra));
  const event = !isFault(record) && record.recordType === 'event' ? { event: record.event } : {};
  return claim.report(path, { leaf_index: proof.index, leaf_hash: leaf.toString('hex'), ...event });
}

function verifyConsistencyText(text: string, path: string, demands: ProofDemands): ProofReport {
  const { firstSize, firstRoot, hashes, note } = readConsistency(parseExactJson(text.trimEnd()));
  const claim = new Claim('consistency_proof', note, demands);
  const { size, root } = claim.head;
  if (!verifyConsistency({ firstSize, secondSize: size, firstRoot, secondRoot: root, proof: hashes })) {
    claim.problem('proof_invalid', 'the older log is not the beginning of the log that the note speaks of');
  }
  return claim.report(path, { first_size: firstSize, first_root: firstRoot.toString('hex') });
}

interface Consistency {
  readonly firstSize: number;
  readonly firstRoot: Buffer;
  readonly hashes: readonly Buffer[];
  readonly note: SignedNote;
}

const CONSISTENCY_KEYS = new Set(['schema_id', 'schema_version', 'first_size', 'first_root', 'hashes', 'checkpoint']);
/** Most hashes of a proof in a tree of 2^53 - 1 leaves, and the one that RFC 6962 may add. */
const MAX_CONSISTENCY_HASHES = 54;

/** What is read must be what the text says, and all of it: a proof that can be written in two ways can be changed unseen. */
function readConsistency(value: unknown): Consistency {
  const fields = value as Readonly<Record<string, unknown>>;
  const { schema_id: schemaId, schema_version: version, first_size: firstSize, hashes, checkpoint } = fields;
  const isProof =
    schemaId === CONSISTENCY_SCHEMA_ID &&
    version === SCHEMA_VERSION &&
    Object.keys(fields).every((key) => CONSISTENCY_KEYS.has(key)) &&
    Number.isSafeInteger(firstSize) &&
    Array.isArray(hashes) &&
    hashes.length <= MAX_CONSISTENCY_HASHES &&
    typeof checkpoint === 'string';
  if (!isProof) throw notConsistency('bad_fields');
  return {
    firstSize: firstSize as number,
    firstRoot: decodeHash(fields['first_root']),
    hashes: (hashes as readonly unknown[]).map(decodeHash),
    note: parseNote(checkpoint),
  };
}

function decodeHash(base64: unknown): Buffer {
  const bytes = Buffer.from(typeof base64 === 'string' ? base64 : '', 'base64');
  // The decoder skips what is no base64, and bits that stand for nothing.
  if (bytes.length === HASH_BYTES && bytes.toString('base64') === base64) return bytes;
  throw notConsistency('bad_hash');
}

function notConsistency(reason: string): GaitError {
  return new GaitError('INVALID_NOTE', 'not a consistency proof', { details: { reason } });
}

/** A note and what has been found about it. */
class Claim {
  readonly head: TreeHead;
  readonly #kind: ProofReport['kind'];
  readonly #findings = new Findings();
  readonly #signedBy: readonly string[];
  readonly #status: SignatureStatus;

  constructor(kind: ProofReport['kind'], note: SignedNote, { publicKeys, isSignatureRequired }: ProofDemands) {
    this.#kind = kind;
    this.head = parseCheckpointText(note.text);
    this.#signedBy = this.#checkSignatures(note, publicKeys);
    this.#status = publicKeys.length === 0 ? 'skipped' : this.#signedBy.length > 0 ? 'verified' : 'failed';
    if (this.#status === 'skipped') {
      const meaning = 'the note is signed, but no public key was given to check it with';
      this.#findings.either(isSignatureRequired, { kind: 'signature_missing', line: 1, byte_offset: 0, meaning });
    }
  }

  problem(kind: Problem['kind'], meaning: string): void {
    this.#findings.problem({ kind, line: 1, byte_offset: 0, meaning });
  }

  report(path: string, facts: Facts): ProofReport {
    const { origin, size, root } = this.head;
    const { ok, verdict, ...found } = this.#findings.report();
    return {
      ok,
      path,
      kind: this.#kind,
      verdict: ok && this.#status !== 'verified' ? 'unchecked' : verdict,
      signature_status: this.#status,
      signed_by: this.#signedBy,
      origin,
      tree_size: size,
      root_hash: Buffer.from(root).toString('hex'),
      ...facts,
      ...found,
    };
  }

  #checkSignatures(note: SignedNote, publicKeys: readonly Buffer[]): string[] {
    if (publicKeys.length === 0) return [];
    const keys = publicKeys.map((key) => noteKey(this.head.origin, key));
    try {
      return verifyNote(note, keys).map(({ publicKey }) => keyId(publicKey));
    } catch (error) {
      if (!isGaitError(error) || error.code !== 'SIGNATURE_INVALID') throw error;
      const isUnknown = error.details['reason'] === 'no_known_key';
      this.problem(isUnknown ? 'unknown_key' : 'signature_invalid', error.message);
      return [];
    }
  }
}
