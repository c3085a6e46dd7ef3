/**
 * Who vouches for a trace. The rules and the words are the Go tool's, in its order (docs/go-compatibility.md); where it is blind,
 * this is not: what nobody signed is reported.
 */
import type { JsonObject } from '../journal/index.js';
import { canonicalDigest, keyId, verifySignatureBlock } from '../sign/index.js';
import { goForms, respelled, type GoForm } from './go-form.js';
import { describeFailure, type SignatureFailure } from './signature-failure.js';
import { clip, isObject } from './trace-record.js';
import type { TraceDemands, TraceProblem, TraceReport } from './trace-report.js';

export interface SignatureFindings {
  readonly status: TraceReport['signature_status'];
  /** The key that the signature verified with. */
  readonly signedBy?: string;
  /** What the Go tool would print; absent where it prints nothing, which a signature that does not verify is. */
  readonly error?: string;
  readonly problems: readonly TraceProblem[];
  readonly warnings: readonly TraceProblem[];
}

const BLOCK_KEYS: ReadonlySet<string> = new Set(['alg', 'key_id', 'sig', 'signed_digest']);

/** How many keys that nobody signed a report names. */
const MAX_NAMED = 20;

const UNCHECKED: TraceProblem = {
  kind: 'signature_unchecked',
  meaning: 'the trace is signed, but no public key was given to check it with',
};

/** What is known of the signature of a record; `block` is undefined when it has none. */
export function checkSignature(
  record: JsonObject,
  block: unknown,
  { publicKeys = [], requireSignature = false }: TraceDemands,
): SignatureFindings {
  const failed = (reason: SignatureFailure, digest = ''): SignatureFindings => {
    const { error, problem } = describeFailure(reason, block, digest, publicKeys);
    return { status: 'failed', ...(error === undefined ? {} : { error }), problems: [problem], warnings: [] };
  };
  if (block === undefined || block === null) return failed('missing');
  if (!isObject(block)) return failed('malformed');
  const form = signedForm(record, block['signed_digest']);
  const digest = canonicalDigest(form?.value ?? record);
  const isSkipped = publicKeys.length === 0;
  const { reason, publicKey } = isSkipped
    ? { reason: visibleFailure(block, form !== undefined) }
    : tryKeys(block, digest, publicKeys);
  if (reason !== undefined || form === undefined) return failed(reason ?? 'signed_digest_mismatch', digest);
  const unsigned = [...form.dropped, ...foreignBlockKeys(block)];
  const unchecked = isSkipped ? [UNCHECKED] : [];
  const problems = [...(unsigned.length > 0 ? [unsignedKeys(unsigned)] : []), ...(requireSignature ? unchecked : [])];
  const [first] = problems;
  return {
    status: isSkipped ? 'skipped' : 'verified',
    ...(publicKey === undefined ? {} : { signedBy: keyId(publicKey) }),
    ...(first === undefined ? {} : { error: first.meaning }),
    problems,
    warnings: [...(requireSignature ? [] : unchecked), ...oddities(record, block, form)],
  };
}

/** The form of the record that the digest was made over: as it stands, or one of the Go tool's. */
function signedForm(record: JsonObject, signedDigest: unknown): GoForm | undefined {
  if (canonicalDigest(record) === signedDigest) return { value: record, dropped: [] };
  for (const form of goForms(record)) {
    if (canonicalDigest(form.value) === signedDigest) return form;
  }
  return undefined;
}

/** Why no key vouches for the block, or the key that does. */
function tryKeys(
  block: JsonObject,
  digest: string,
  publicKeys: readonly Uint8Array[],
): { readonly reason?: SignatureFailure; readonly publicKey?: Uint8Array } {
  let reason: SignatureFailure = 'key_id_mismatch';
  for (const publicKey of publicKeys) {
    const verdict = verifySignatureBlock(block, digest, publicKey);
    if (verdict.valid) return { publicKey };
    // What the key says that the block names is worth more than that the others are not meant.
    if (reason === 'key_id_mismatch') reason = verdict.reason;
  }
  return { reason };
}

/** What can be seen without a key. */
function visibleFailure(block: JsonObject, isDigestRight: boolean): SignatureFailure | undefined {
  const { signed_digest: signedDigest, alg } = block;
  if (signedDigest === undefined || signedDigest === '') return 'missing_signed_digest';
  if (!isDigestRight) return 'signed_digest_mismatch';
  return alg === 'ed25519' ? undefined : 'unsupported_alg';
}

/** The block is not part of what is signed, so only what is checked may stand in it. */
function foreignBlockKeys(block: JsonObject): string[] {
  return Object.keys(block)
    .filter((key) => !BLOCK_KEYS.has(key))
    .map((key) => `signature.${key}`);
}

function unsignedKeys(keys: readonly string[]): TraceProblem {
  const names = nameSome(keys);
  return {
    kind: 'unsigned_keys',
    found: names,
    meaning: `no signature covers these keys: ${names}`,
  };
}

function nameSome(keys: readonly string[]): string {
  const named = keys.slice(0, MAX_NAMED).map(clip);
  return keys.length > MAX_NAMED ? `${named.join(', ')} and ${keys.length - MAX_NAMED} more` : named.join(', ');
}

/** What the Go tool accepts without a word. */
function oddities(record: JsonObject, block: JsonObject, form: GoForm): TraceProblem[] {
  const warnings: TraceProblem[] = [];
  if ((block['key_id'] ?? '') === '') {
    warnings.push({ kind: 'key_unnamed', field: 'signature.key_id', meaning: 'the signature does not name its key' });
  }
  const fields = form.dropped.length === 0 ? respelled(record, form) : [];
  if (fields.length > 0) {
    const meaning = 'these fields mean what was signed, but are not written as they were when it was signed';
    warnings.push({ kind: 'respelled', found: nameSome(fields), meaning });
  }
  return warnings;
}
