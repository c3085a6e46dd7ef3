/** Who vouches for a manifest (docs/go-compatibility.md). */
import { keyId, verifySignatureBlock, type SignatureVerdict } from '../../sign/index.js';
import type { JsonObject } from '../types.js';
import type { SignatureStatus } from '../verify-types.js';
import { MAX_SIGNATURES } from './limits.js';
import type { ManifestRecord } from './manifest.js';
import type { EvidenceVerdict, SignatureFacts } from './types.js';

/** What the Go tool says about a status; the second text where signatures are required. */
const NOTES: Readonly<Record<SignatureStatus, readonly [standard: string, required: string]>> = {
  verified: ['signatures verified', 'signatures verified'],
  missing: [
    'unsigned local/dev artifacts are expected by default; use --require-signature for strict verification',
    'signatures are required in this mode; provide signing keys and re-run verify',
  ],
  skipped: [
    'signature checks were skipped because no verify key was provided',
    'signature checks were expected but skipped; provide a public key or private key source',
  ],
  failed: [
    'signature verification failed; inspect signature_errors and re-run with the correct key',
    'signature verification failed; inspect signature_errors and re-run with the correct key',
  ],
};

type FailedVerdict = Extract<SignatureVerdict, { valid: false }>;

const REASONS: Readonly<Record<FailedVerdict['reason'], string>> = {
  malformed: 'signature is no object',
  missing_signed_digest: 'missing signed_digest',
  signed_digest_mismatch: 'signed_digest mismatch',
  unsupported_alg: 'unsupported alg',
  key_id_mismatch: 'key id mismatch',
  malformed_sig: 'invalid signature encoding or length',
  wrong_signature: 'signature does not verify',
};

/** Checks each signature with each key; one good one is enough. */
export function checkSignatures(
  manifest: ManifestRecord,
  publicKeys: readonly Buffer[],
  isRequired: boolean,
): SignatureFacts {
  const total = manifest.signatures.length;
  const errors: string[] = [];
  const signedBy = new Set<string>();
  let valid = 0;
  let status: SignatureStatus;
  if (total === 0) {
    status = 'missing';
    if (isRequired) errors.push('manifest has no signatures');
  } else if (publicKeys.length === 0) {
    status = 'skipped';
    errors.push('public key not configured');
  } else {
    for (const block of manifest.signatures.slice(0, MAX_SIGNATURES)) {
      const signer = publicKeys.find((key) => verifySignatureBlock(block, manifest.signedDigest, key).valid);
      if (signer === undefined) {
        errors.push(whyInvalid(block, manifest.signedDigest, publicKeys));
        continue;
      }
      valid += 1;
      signedBy.add(keyId(signer));
    }
    if (total > MAX_SIGNATURES) errors.push(`only the first ${MAX_SIGNATURES} of ${total} signatures were checked`);
    status = valid > 0 ? 'verified' : 'failed';
  }
  return {
    signature_status: status,
    signed_by: [...signedBy],
    signature_note: NOTES[status][isRequired ? 1 : 0],
    signature_errors: errors.toSorted(),
    signatures_total: total,
    signatures_valid: valid,
  };
}

/** What intact evidence with such signatures proves. */
export function verdictOf(isOk: boolean, status: SignatureStatus): EvidenceVerdict {
  if (!isOk) return 'invalid';
  if (status === 'verified') return 'valid';
  return status === 'missing' ? 'unsigned' : 'unchecked';
}

/** Of a block that none of the keys vouches for. */
function whyInvalid(block: unknown, digest: string, publicKeys: readonly Buffer[]): string {
  let reason: FailedVerdict['reason'] | undefined;
  for (const publicKey of publicKeys) {
    const verdict = verifySignatureBlock(block, digest, publicKey);
    if (verdict.valid) continue;
    // Of several keys, what the one that the block names says is worth more than that the others are not meant.
    if (reason === undefined || reason === 'key_id_mismatch') reason = verdict.reason;
  }
  if (reason === 'unsupported_alg') return `${REASONS[reason]}: ${String((block as JsonObject)['alg'])}`;
  return REASONS[reason ?? 'malformed'];
}
