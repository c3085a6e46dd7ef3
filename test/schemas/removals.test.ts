/** The schemas of receipts and of reports on roots say the same as their types, and what is made keeps to them. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import {
  erasePayload,
  executePrune,
  planPrune,
  verify,
  type EraseReceipt,
  type KeptSession,
  type LeftItem,
  type PruneReceipt,
  type RemovalReceipt,
  type RemovedItem,
  type RootLedger,
  type RootProblem,
  type RootProblemKind,
  type RootReport,
  type RootSession,
} from '../../src/index.js';
import { addCompacted, addSession, addTrace, at, event, KEY, newRoot, NOW } from '../retention/roots.js';
import { complaints, undeclaredKeys } from './schema-files.js';
import { allOf, testFields, testWords, type Fields } from './type-tables.js';

const PRUNE = {
  schema_id: 'string',
  schema_version: 'string',
  ok: 'boolean',
  root: 'string',
  ledger: 'string',
  plan_digest: 'string',
  actor: 'string?',
  removals: 'array',
  removed_count: 'integer',
  removed_bytes: 'integer',
  left_count: 'integer',
  vanished: 'array',
} as const satisfies Fields<PruneReceipt>;

const REMOVAL = {
  cause: 'string',
  intent: 'integer',
  receipt: 'integer',
  plan_digest: 'string?',
  reason: 'string?',
  removed: 'array',
  removed_count: 'integer',
  removed_bytes: 'integer',
  left: 'array',
  resumed: 'boolean',
  note: 'string',
} as const satisfies Fields<RemovalReceipt>;

const LEFT = { path: 'string', kind: 'string', reason: 'string' } as const satisfies Fields<LeftItem>;

const KEPT = {
  path: 'string',
  session_id: 'string',
  head: 'string',
  tree_size: 'integer',
  checkpoint_index: 'integer',
} as const satisfies Fields<KeptSession>;

const ERASE = {
  schema_id: 'string',
  schema_version: 'string',
  ok: 'boolean',
  root: 'string',
  ledger: 'string',
  session_id: 'string',
  sequence: 'integer',
  sha256: 'string',
  reason: 'string',
  actor: 'string',
  packs: 'array',
  same_content: 'array',
  removals: 'array',
  left_count: 'integer',
} as const satisfies Fields<EraseReceipt>;

const ROOT = {
  ok: 'boolean',
  path: 'string',
  kind: 'string',
  verdict: 'string',
  signature_status: 'string',
  signed_by: 'array',
  session_count: 'integer',
  intact: 'integer',
  pruned: 'integer',
  missing: 'integer',
  removed_sessions: 'integer',
  sessions: 'array',
  ledgers: 'array',
  problems: 'array',
  problem_count: 'integer',
  warnings: 'array',
  warning_count: 'integer',
} as const satisfies Fields<RootReport>;

const SESSION = {
  path: 'string',
  session_id: 'string?',
  ok: 'boolean',
  retention: 'string',
  signature_status: 'string',
  last_sequence: 'integer',
  signed_to_sequence: 'integer',
  pruned_to_sequence: 'integer',
  erased_payloads: 'integer',
} as const satisfies Fields<RootSession>;

const LEDGER = {
  path: 'string',
  ok: 'boolean',
  signature_status: 'string',
  signed_by: 'array',
  last_sequence: 'integer',
  proves_to_sequence: 'integer',
  tombstones: 'integer',
  receipts: 'integer',
  holds_in_force: 'integer',
} as const satisfies Fields<RootLedger>;

const PROBLEM = {
  kind: 'string',
  path: 'string',
  sequence: 'integer?',
  found: 'string?',
  meaning: 'string',
} as const satisfies Fields<RootProblem>;

testFields([
  ['prune-receipt', '', PRUNE],
  ['prune-receipt', '/$defs/removal', REMOVAL],
  ['prune-receipt', '/$defs/left', LEFT],
  ['prune-receipt', '/$defs/kept', KEPT],
  ['erase-receipt', '', ERASE],
  ['root-report', '', ROOT],
  ['root-report', '/$defs/session', SESSION],
  ['root-report', '/$defs/ledger', LEDGER],
  ['root-report', '/$defs/problem', PROBLEM],
]);

testWords([
  [
    'prune-receipt',
    '/$defs/removed/properties/kind',
    allOf<RemovedItem['kind']>({
      session: true,
      segment: true,
      payload: true,
      trace: true,
      pack: true,
      export: true,
    }),
  ],
  [
    'root-report',
    '/$defs/problem/properties/kind',
    allOf<RootProblemKind>({
      session_invalid: true,
      session_unreadable: true,
      session_missing: true,
      ledger_invalid: true,
      tombstone_mismatch: true,
      receipt_mismatch: true,
      removal_unfinished: true,
      session_warning: true,
      not_looked_into: true,
    }),
  ],
  [
    'root-report',
    '/$defs/session/properties/retention',
    allOf<RootSession['retention']>({ intact: true, 'pruned (proven)': true, 'missing (unproven)': true }),
  ],
]);

function expectDeclared(schema: string, value: unknown): void {
  expect(complaints(schema, value)).toEqual([]);
  expect(undeclaredKeys(schema, value)).toEqual([]);
}

test('receipts and reports of a root that was pruned and erased from keep to their schemas, sound and damaged', async () => {
  const place = newRoot();
  await addSession(place, 'old', { ageDays: 60 });
  await addSession(place, 'young', {
    ageDays: 1,
    work: async (journal) => void (await journal.append(event(3), { payload: { content: Buffer.from('evidence') } })),
  });
  await addCompacted(place, 'live', { ageDays: [60, 1] });
  addTrace(place, 't1', 60);
  const options = { ...at(NOW), root: place.root, key: KEY };
  const plan = await planPrune(place.root, { ...at(NOW), profile: 'medium' });
  expectDeclared('prune-receipt', await executePrune(plan, { ...options, profile: 'medium', actor: 'ops' }));
  const request = { sessionId: 'young', sequence: 3, reason: 'request', actor: 'dpo' };
  expectDeclared('erase-receipt', await erasePayload(request, options));
  for (const publicKeys of [[], [KEY.publicKey]])
    expectDeclared('root-report', await verify(place.root, { publicKeys }));
  rmSync(join(place.root, 'young.jsonl'));
  rmSync(join(place.root, 'live.jsonl.gait', 'segments'), { recursive: true });
  const damaged = (await verify(place.root)) as RootReport;
  expect(damaged.problems.map(({ kind }) => kind)).toEqual(['session_invalid', 'session_missing']);
  expectDeclared('root-report', damaged);
});
