/**
 * The pure building blocks of evidence: canonical and exact JSON, digests, the Merkle tree and its proofs, Ed25519,
 * keys, notes. Bytes in, bytes out; no files, no clock, no randomness.
 */
export { MAX_JSON_DEPTH, canonicalJson, canonicalString } from './canonical-json.js';
export { parseExactJson, requireExact } from './exact-json.js';
export { parseJson } from './parse-json.js';
export { UNSURE, matches, skipKey, skipString, skipValue } from './exact-scan.js';
export { HASH_BYTES, sha256, sha256Hex } from './digest.js';
export { EMPTY_ROOT, leafHash, leafHashInPlace, leafHashInto, leafHashOfText, nodeHash } from './tree.js';
export { Frontier } from './frontier.js';
export { consistencyRanges, inclusionRanges } from './proof-ranges.js';
export { consistencyProof, inclusionProof, rangeRoot, verifyConsistency, verifyInclusion } from './proofs.js';
export { ed25519, nobleEd25519, nodeEd25519 } from './ed25519.js';
export { KEY_BYTES, SIGNATURE_BYTES, isStrictPublicKey } from './ed25519-rules.js';
export { formatPrivateKey, formatPublicKey, keyId, keyPairFromSeed, parsePrivateKey, parsePublicKey } from './keys.js';
export { formatVkey, isNoteKeyName, noteKey, parseVkey } from './vkey.js';
export { canonicalDigest, signValue, verifySignatureBlock } from './signature-block.js';
export { MAX_NOTE_BYTES, MAX_NOTE_SIGNATURES, formatNote, parseNote, signNote, verifyNote } from './note.js';
export {
  formatCheckpointText,
  parseCheckpointText,
  sessionOrigin,
  signCheckpoint,
  verifyCheckpoint,
} from './checkpoint-note.js';
export { formatTlogProof, parseTlogProof, verifyTlogProof } from './tlog-proof.js';

export type { JsonValue } from './exact-json.js';
export type { LeafRange } from './proof-ranges.js';
export type { ConsistencyClaim, InclusionClaim, RangeReader } from './proofs.js';
export type { Ed25519 } from './ed25519-rules.js';
export type { KeyPair } from './keys.js';
export type { NoteKey } from './vkey.js';
export type { SignatureBlock, SignatureVerdict } from './signature-block.js';
export type { NoteSignature, NoteSigner, SignedNote } from './note.js';
export type { TreeHead, VerifiedCheckpoint } from './checkpoint-note.js';
export type { TlogProof } from './tlog-proof.js';
