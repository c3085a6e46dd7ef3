/** Pure building blocks of evidence: canonical and exact JSON, digests, the Merkle tree. Bytes in, bytes out. */
export { MAX_JSON_DEPTH, canonicalJson, canonicalString } from './canonical-json.js';
export { parseExactJson } from './exact-json.js';
export { HASH_BYTES, sha256, sha256Hex } from './digest.js';
export { EMPTY_ROOT, leafHash, leafHashOfText, nodeHash } from './tree.js';
export { Frontier } from './frontier.js';

export type { JsonValue } from './exact-json.js';
