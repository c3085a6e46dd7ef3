/** Why a trace's signature fails: in the words of the Go tool, and for a reader who knows neither tool. */
import { keyId, type SignatureVerdict } from '../sign/index.js';
import { clip, excerpt, isObject } from './trace-record.js';
import type { TraceProblem } from './trace-report.js';

export type SignatureFailure = 'missing' | Extract<SignatureVerdict, { valid: false }>['reason'];

interface Description {
  /** What the Go tool prints; absent where it prints nothing. */
  readonly error?: string;
  readonly problem: TraceProblem;
}

/** @param digest of the record as it stands */
export function describeFailure(
  failure: SignatureFailure,
  block: unknown,
  digest: string,
  publicKeys: readonly Uint8Array[],
): Description {
  const { signed_digest: signedDigest, alg, key_id: named, sig } = isObject(block) ? block : {};
  const invalid = (field: string, meaning: string, facts: Partial<TraceProblem> = {}): TraceProblem => ({
    kind: 'signature_invalid',
    field,
    ...facts,
    meaning,
  });
  switch (failure) {
    case 'missing':
      return {
        error: 'trace signature missing',
        problem: {
          kind: 'signature_missing',
          meaning: 'the trace carries no signature: anybody could have written it',
        },
      };
    case 'malformed':
      return {
        error: 'trace signature is no object',
        problem: invalid('signature', 'the signature cannot be read', { found: excerpt(block) }),
      };
    case 'missing_signed_digest':
      return {
        error: 'missing signed_digest',
        problem: invalid('signature.signed_digest', 'the signature does not say what was signed'),
      };
    case 'signed_digest_mismatch':
      return {
        error: 'signed_digest mismatch',
        problem: invalid('signature.signed_digest', 'the record is not what was signed: one of the two was changed', {
          expected: digest,
          found: excerpt(signedDigest),
        }),
      };
    case 'unsupported_alg':
      return {
        error: `unsupported alg: ${typeof alg === 'string' ? clip(alg) : excerpt(alg)}`,
        problem: invalid('signature.alg', 'the signature is of a kind that is not checked', {
          expected: 'ed25519',
          found: excerpt(alg),
        }),
      };
    case 'key_id_mismatch':
      return {
        error: 'key id mismatch',
        problem: {
          kind: 'unknown_key',
          field: 'signature.key_id',
          expected: publicKeys.map((key) => keyId(key)).join(' or '),
          found: excerpt(named),
          meaning: 'the signature names another key than the given ones',
        },
      };
    case 'malformed_sig':
      return {
        error: whyNoSignature(sig),
        problem: invalid('signature.sig', 'the signature is not 64 bytes in base64', { found: excerpt(sig) }),
      };
    case 'wrong_signature':
      return { problem: invalid('signature.sig', 'no given key made this signature over this record') };
  }
}

function whyNoSignature(sig: unknown): string {
  const bytes = Buffer.from(typeof sig === 'string' ? sig : '', 'base64');
  const isBase64 = bytes.toString('base64') === (sig ?? '');
  return isBase64 ? `invalid signature length: ${bytes.length}` : 'decode sig: illegal base64 data';
}
