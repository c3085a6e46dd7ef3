/**
 * A second signer of traces, written from the specification and sharing no code with `src/`: RFC 8785 by the canonicalize
 * package, Ed25519 and SHA-256 by Node.
 */
import { createHash, createPrivateKey, createPublicKey, sign, type KeyObject } from 'node:crypto';
import canonicalize from 'canonicalize';

export type Fields = Readonly<Record<string, unknown>>;

/** The PKCS #8 form of an Ed25519 seed is this and the seed (RFC 8410 section 7). */
const PKCS8_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex');

export interface OracleKey {
  readonly seed: Buffer;
  readonly publicKey: Buffer;
  readonly id: string;
}

function sha256Hex(data: string | Uint8Array): string {
  return createHash('sha256').update(data).digest('hex');
}

/** A key pair from any text. */
export function oracleKey(name: string): OracleKey {
  const seed = createHash('sha256').update(name).digest();
  const { x = '' } = createPublicKey(privateKey(seed)).export({ format: 'jwk' });
  const publicKey = Buffer.from(x, 'base64url');
  return { seed, publicKey, id: sha256Hex(publicKey) };
}

function privateKey(seed: Buffer): KeyObject {
  return createPrivateKey({ key: Buffer.concat([PKCS8_PREFIX, seed]), format: 'der', type: 'pkcs8' });
}

/** The signature block over a record. */
export function signatureOver(record: Fields, { seed, id }: OracleKey): Fields {
  const digest = sha256Hex(canonicalize(record) ?? '');
  return {
    alg: 'ed25519',
    key_id: id,
    sig: sign(null, Buffer.from(digest, 'hex'), privateKey(seed)).toString('base64'),
    signed_digest: digest,
  };
}

/** The record with its signature, as a file. */
export function signedTrace(record: Fields, key: OracleKey): string {
  return fileOf({ ...record, signature: signatureOver(record, key) });
}

export function fileOf(value: Fields): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

/** A record with the ids that follow from its fields. */
function withIds(record: Fields): Fields {
  const { policy_digest, intent_digest, verdict, observed_at } = record as Readonly<Record<string, string>>;
  const traceId = sha256Hex(`${policy_digest}:${intent_digest}:${verdict}`).slice(0, 24);
  return { ...record, trace_id: traceId, event_id: sha256Hex(`${traceId}:${observed_at}`).slice(0, 24) };
}

/** As few fields as a trace may have, in the spelling of the Go tool. */
export const plainRecord: Fields = withIds({
  schema_id: 'gait.gate.trace',
  schema_version: '1.0.0',
  created_at: '2026-02-01T00:00:00Z',
  observed_at: '2026-11-21T01:33:30.194708588Z',
  producer_version: '0.1.0',
  tool_name: 'fs.delete',
  args_digest: sha256Hex('args'),
  intent_digest: sha256Hex('intent'),
  policy_digest: sha256Hex('policy'),
  verdict: 'block',
});

/** Every field of version 1.2.3, and some of 1.4.0. */
export const fullRecord: Fields = {
  ...plainRecord,
  correlation_id: 'e50b3627b882afa67593ddab',
  context_set_digest: sha256Hex('context'),
  context_evidence_mode: 'required',
  context_ref_count: 2,
  violations: ['a', 'é'],
  latency_ms: 0.10210200000000001,
  approval_token_ref: 'approval-1',
  delegation_ref: {
    delegation_token_ref: 'delegation-1',
    requester_identity: 'agent-1',
    delegation_depth: 1,
    scope_class: 'write',
    chain_digest: sha256Hex('chain'),
    reason_codes: ['r'],
  },
  skill_provenance: {
    skill_name: 'deploy',
    skill_version: '1',
    source: 'registry',
    publisher: 'someone',
    digest: sha256Hex('skill'),
    signature_key_id: sha256Hex('key'),
  },
  policy_id: 'p1',
  policy_version: '3',
  matched_rule_ids: ['r1'],
  credential_ref: 'c1',
  step_verdicts: [{ step: 1, verdict: 'block' }],
  relationship: { parent_ref: { kind: 'session', id: 's1' } },
};
