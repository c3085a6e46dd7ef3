/**
 * Traces that were emitted once, and must verify for ever; and what an old reader makes of what is emitted now. The old reader
 * is written here from the specification: it drops keys that it does not know, and fields without a value, before it looks
 * at the digest.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import canonicalize from 'canonicalize';
import { describe, expect, test } from 'vitest';
import { emitTrace, loadPublicKey, verifyTraceFile, type JsonObject } from '../../src/index.js';
import { newFolder } from '../support/journal-fixtures.js';
import { repositoryRoot } from '../support/paths.js';
import { decision, emission } from './emitting.js';

const folder = join(repositoryRoot, 'test', 'vectors', 'traces');
const publicKeys = [loadPublicKey({ path: join(folder, 'public.key') })];

/** Version 1.2.3, in the order of its structure; those with a question mark are left out when they are empty. */
const V1_2_3 = (
  'schema_id schema_version created_at observed_at producer_version trace_id event_id? correlation_id? tool_name args_digest ' +
  'intent_digest policy_digest verdict context_set_digest? context_evidence_mode? context_ref_count? violations? latency_ms? ' +
  'approval_token_ref? delegation_ref? skill_provenance?'
).split(' ');

function digestOfOldReader(trace: JsonObject): string {
  const kept: Record<string, unknown> = {};
  for (const rule of V1_2_3) {
    const name = rule.replace('?', '');
    const value = trace[name];
    const isEmpty = value === undefined || value === '' || value === 0 || (Array.isArray(value) && value.length === 0);
    if (!rule.endsWith('?') || !isEmpty) kept[name] = value;
  }
  return createHash('sha256')
    .update(canonicalize(kept) ?? '')
    .digest('hex');
}

const signedDigest = (trace: JsonObject): unknown => (trace['signature'] as JsonObject)['signed_digest'];
const read = (name: string): JsonObject => JSON.parse(readFileSync(join(folder, name), 'utf8')) as JsonObject;

describe('a frozen trace', () => {
  test.each(['v1.2.3.json', 'v1.4.0.json'])('%s verifies, without a word', (name) => {
    const report = verifyTraceFile(join(folder, name), { publicKeys });
    expect(report).toMatchObject({ verdict: 'valid', decision: 'block', warning_count: 0 });
  });

  test('of the old form passes the old reader; of the newer form it does not, as its own successor does not', () => {
    expect(digestOfOldReader(read('v1.2.3.json'))).toBe(signedDigest(read('v1.2.3.json')));
    expect(digestOfOldReader(read('v1.4.0.json'))).not.toBe(signedDigest(read('v1.4.0.json')));
  });
});

test.each([
  ['few fields', {}],
  ['empty ones', { latency_ms: 0, violations: [], approval_token_ref: '', context_ref_count: 0 }],
  ['an odd spelling', { created_at: '2026-02-01T10:30:00.500000000+01:00', tool_name: ' <é> ' }],
])('what is emitted now with %s passes the old reader', async (_, fields) => {
  const { trace } = await emitTrace({ ...decision, ...fields }, { ...emission, dir: newFolder() });
  expect(digestOfOldReader(trace)).toBe(signedDigest(trace));
});
