/** A journal of ours, checked by a reader that shares no code with the engine. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { readStatus, verifyJournal } from '../../src/index.js';
import { newJournal, QUICK, toolCall, withJournal } from '../support/journal-fixtures.js';
import { checkOwnJournal, goReaderRefusal } from './oracle.js';

async function variedJournal(): Promise<{ readonly path: string; readonly receipts: readonly unknown[] }> {
  const path = await newJournal();
  const receipts = await withJournal(
    path,
    async (journal) => [
      await journal.append(toolCall(1, { attributes: { b: [1.5, -0, 1e21], a: { é: '\u2028<&>😀\u0001"\\' } } })),
      ...(await journal.appendAll([
        toolCall(2, { reason_codes: ['z', 'a', 'z'], created_at: '2026-02-01T10:00:00.120+01:00' }),
        toolCall(3, { idempotency_key: 'k', actor: 'someone', correlation_id: 'c', intent_digest: 'A'.repeat(64) }),
        toolCall(4, {
          relationship: { parent_refs: [] },
          matched_rule_ids: ['r'],
          policy_id: 'p',
          policy_version: '1',
        }),
      ])),
      ...(await journal.appendAll(Array.from({ length: 60 }, (_, i) => toolCall(i + 5)))),
    ],
    { ...QUICK, durability: 'durable' },
  );
  return { path, receipts };
}

describe('an independent reader', () => {
  it('finds every line of ours canonical, linked and in sequence', async () => {
    const { path } = await variedJournal();
    expect(checkOwnJournal(readFileSync(path))).toMatchObject({ faults: [], lastSequence: 64 });
  });

  it('gets the root and the head that status and verify report', async () => {
    const { path } = await variedJournal();
    const { leaves, root } = checkOwnJournal(readFileSync(path));
    const head = leaves.at(-1)?.toString('hex');
    expect(await readStatus(path)).toMatchObject({ root_hash: root, head, tree_size: leaves.length });
    expect((await verifyJournal(path)).coverage).toMatchObject({ root_hash: root, head, tree_size: leaves.length });
  });

  it('gets the leaf hash that each receipt promised', async () => {
    const { path, receipts } = await variedJournal();
    const { leaves } = checkOwnJournal(readFileSync(path));
    expect(receipts).toEqual(
      leaves.slice(1).map((leaf, at) => ({
        session_id: 's1',
        sequence: at + 1,
        leaf_index: at + 1,
        leaf_hash: leaf.toString('hex'),
        durability: 'durable',
      })),
    );
  });

  it('with the rules of the Go tool accepts the journal, too', async () => {
    expect(goReaderRefusal(readFileSync((await variedJournal()).path))).toBeUndefined();
  });

  it('tells a changed, a moved and a missing line from the real ones', async () => {
    const { path } = await variedJournal();
    const lines = readFileSync(path, 'utf8').split('\n');
    const swapped = lines.with(2, lines[3] ?? '').with(3, lines[2] ?? '');
    for (const bad of [lines.with(2, (lines[2] ?? '').replace('tool.2', 'tool.X')), swapped, lines.toSpliced(2, 1)]) {
      expect(checkOwnJournal(Buffer.from(bad.join('\n'))).faults).not.toEqual([]);
    }
    expect(goReaderRefusal(Buffer.from(swapped.join('\n')))).toBeDefined();
  });
});
