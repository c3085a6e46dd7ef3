/** Values that use every field there is. */
import { appendFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  openJournal,
  readJournal,
  readStatus,
  startSession,
  verifyJournal,
  type CheckpointResult,
  type EventInput,
  type JournalLine,
  type Receipt,
  type SessionStatus,
  type VerifyReport,
} from '../../src/index.js';
import { keyPairFromSeed } from '../../src/sign/index.js';
import { tempDir } from '../support/temp-dir.js';

export const fullEvent: Required<EventInput> = {
  tool_name: 'fs.write',
  verdict: 'require_approval',
  created_at: '2026-02-01T10:30:00.5+01:00',
  intent_id: 'intent-1',
  intent_digest: 'a1'.repeat(32),
  policy_digest: 'b2'.repeat(32),
  policy_id: 'policy-1',
  policy_version: '7',
  matched_rule_ids: ['rule-2', 'rule-1'],
  trace_id: 'trace-1',
  trace_path: './traces/trace-1.json',
  reason_codes: ['late', 'early', 'late'],
  violations: ['no-network'],
  relationship: { parent: 'intent-0' },
  safety_invariant_version: '3',
  safety_invariant_hash: 'c3',
  correlation_id: 'correlation-1',
  actor: 'agent 7 é 😀',
  attributes: { args: { path: '/tmp/x', bytes: [1, 2.5, -3e-7] }, 'a key': null },
  idempotency_key: 'key-1',
};

export interface WrittenSession {
  readonly path: string;
  readonly receipts: readonly Receipt[];
  readonly checkpoints: readonly CheckpointResult[];
  readonly statuses: readonly SessionStatus[];
  readonly lines: readonly JournalLine[];
}

/** A session with every kind of line: header, events of all shapes, a repair, checkpoints with and without key, a close. */
export async function writeSession(): Promise<WrittenSession> {
  const path = join(tempDir(), 'session.jsonl');
  const receipts: Receipt[] = [];
  const checkpoints: CheckpointResult[] = [];
  const key = keyPairFromSeed(Buffer.alloc(32, 7));
  const ids = { session_id: 's 1', run_id: 'run_1' };
  const statuses = [await startSession(path, ids, { retentionProfile: 'short' })];

  let journal = await openJournal(path);
  receipts.push(await journal.append(fullEvent));
  receipts.push(await journal.append({ tool_name: 'sh.run', verdict: 'block' }));
  checkpoints.push(await journal.checkpoint());
  await journal.close();
  statuses.push(await readStatus(path));

  appendFileSync(path, '{"event":{"actor":"torn');
  statuses.push(await readStatus(path));
  journal = await openJournal(path, { durability: 'buffered' });
  receipts.push(await journal.append({ tool_name: 'sh.run', verdict: 'allow' }));
  checkpoints.push(await journal.checkpoint({ key }), await journal.complete({ key }));
  statuses.push(await journal.status());
  await journal.close();

  const lines: JournalLine[] = [];
  for await (const line of readJournal(path)) lines.push(line);
  return { path, receipts, checkpoints, statuses, lines };
}

/** A report with problems of several kinds: a line that is not JSON, an event that is missing, a tail that is cut short. */
export async function reportOfDamage(lines: readonly JournalLine[]): Promise<VerifyReport> {
  const path = join(tempDir(), 'damaged.jsonl');
  const texts = lines.map(({ text }) => text);
  const kept = [...texts.slice(0, 2), '{', ...texts.slice(3, 5), ...texts.slice(6)];
  writeFileSync(path, `${kept.join('\n')}\n{"event`);
  return await verifyJournal(path);
}
