/** Checks the signatures of a journal's checkpoints, and knows how far they reach. */
import { isGaitError } from '../../errors.js';
import {
  canonicalDigest,
  canonicalJson,
  keyId,
  noteKey,
  parseCheckpointText,
  parseJson,
  parseNote,
  verifyNote,
  verifySignatureBlock,
  type NoteKey,
  type SignedNote,
} from '../../sign/index.js';
import { originOf } from '../checkpoint.js';
import type { SessionCheckpoint, SessionHeader } from '../types.js';
import type { Problem, SignatureStatus } from '../verify-types.js';
import type { Findings } from './findings.js';

/** A checkpoint line as it was read. */
export interface SealedLine {
  readonly checkpoint: SessionCheckpoint;
  readonly note: string | undefined;
  readonly text: string;
  readonly isOurs: boolean;
  readonly line: number;
  readonly byteOffset: number;
}

export class SealChecker {
  /** Last event that a verified signature covers. */
  signedToSequence = 0;
  readonly signedBy: Set<string> = new Set();
  readonly #publicKeys: readonly Buffer[];
  readonly #findings: Findings;
  #signed = 0;
  #verified = 0;
  #failed = 0;

  constructor(publicKeys: readonly Buffer[], findings: Findings) {
    this.#publicKeys = publicKeys;
    this.#findings = findings;
  }

  get status(): SignatureStatus {
    if (this.#failed > 0) return 'failed';
    if (this.#verified > 0) return 'verified';
    return this.#signed > 0 ? 'skipped' : 'missing';
  }

  check(sealed: SealedLine, header: SessionHeader): void {
    // Nothing links to the last line of a file, so our checkpoint lines must not be writable in two ways.
    if (sealed.isOurs && !isCanonical(sealed)) {
      this.#report(
        sealed,
        'bad_record',
        'the checkpoint line is not in canonical form, or holds keys that no writer puts there',
      );
    }
    const { checkpoint, note } = sealed;
    if (checkpoint.signature === undefined && note === undefined) return;
    this.#signed += 1;
    const failure = this.#whyNot(checkpoint, note, originOf(header));
    if (failure === undefined) {
      if (this.#publicKeys.length === 0) return;
      this.#verified += 1;
      this.signedToSequence = checkpoint.sequence_end;
      return;
    }
    this.#failed += 1;
    this.#report(sealed, failure.kind, failure.meaning);
  }

  /** What is wrong with the signatures, if anything; without keys only what can be seen without. */
  #whyNot(
    checkpoint: SessionCheckpoint,
    note: string | undefined,
    origin: string,
  ): Pick<Problem, 'kind' | 'meaning'> | undefined {
    const index = checkpoint.checkpoint_index;
    const { signature, ...signed } = checkpoint;
    const invalid = (reason: string) => ({
      kind: 'signature_invalid' as const,
      meaning: `checkpoint ${index}: ${reason}`,
    });
    if (signature === undefined || note === undefined) return invalid('one of its two signatures was removed');
    let parsed: SignedNote;
    try {
      parsed = parseNote(note);
      const head = parseCheckpointText(parsed.text);
      if (head.origin !== origin) return invalid('its note was signed for another log');
      const isSameTree = head.size === checkpoint.tree_size && head.root.toString('hex') === checkpoint.root_hash;
      if (!isSameTree) return invalid('its note speaks of another tree');
    } catch (error) {
      if (isGaitError(error)) return invalid(`its note cannot be read (${error.message})`);
      throw error;
    }
    const digest = canonicalDigest(signed);
    if (signature.signed_digest !== digest) return invalid('it is not what was signed');
    if (this.#publicKeys.length === 0) return undefined;
    const publicKey = this.#publicKeys.find((key) => keyId(key) === signature.key_id);
    if (publicKey === undefined) {
      return {
        kind: 'unknown_key',
        meaning: `checkpoint ${index} is signed by key ${signature.key_id}, which is none of the given ones`,
      };
    }
    const verdict = verifySignatureBlock(signature, digest, publicKey);
    if (!verdict.valid) return invalid(`its signature does not verify (${verdict.reason})`);
    if (!isSignedBy(parsed, noteKey(origin, publicKey))) return invalid('the signature of its note does not verify');
    this.signedBy.add(signature.key_id);
    return undefined;
  }

  #report({ line, byteOffset, checkpoint }: SealedLine, kind: Problem['kind'], meaning: string): void {
    this.#findings.problem({ kind, line, byte_offset: byteOffset, sequence: checkpoint.sequence_end, meaning });
  }
}

function isSignedBy(note: SignedNote, key: NoteKey): boolean {
  try {
    return verifyNote(note, [key]).length > 0;
  } catch (error) {
    if (isGaitError(error) && error.code === 'SIGNATURE_INVALID') return false;
    throw error;
  }
}

const LINE_KEYS = new Set(['checkpoint', 'note', 'prev', 'record_type']);

function isCanonical({ text }: SealedLine): boolean {
  const value = parseJson(text) as object;
  return Object.keys(value).every((key) => LINE_KEYS.has(key)) && canonicalJson(value) === text;
}
