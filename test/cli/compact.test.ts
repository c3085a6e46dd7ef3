import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { complaints, undeclaredKeys } from '../schemas/schema-files.js';
import { tempDir } from '../support/temp-dir.js';
import { gait, snapshot, startedJournal, type GaitResult } from './gait.js';

const EVENTS = 3;

/** A journal of three events, sealed, and one behind them. */
async function sealed(): Promise<{ readonly folder: string; readonly journal: string }> {
  const folder = tempDir();
  const journal = await startedJournal(folder);
  const append = (): Promise<GaitResult> =>
    gait(['run', 'session', 'append', '--journal', journal, '--tool', 'fs.read', '--verdict', 'allow']);
  for (let count = 0; count < EVENTS; count += 1) await append();
  await gait(['run', 'session', 'checkpoint', '--journal', journal, '--key-mode', 'dev']);
  await append();
  return { folder, journal };
}

async function compact(journal: string, ...more: readonly string[]): Promise<GaitResult> {
  return await gait(['run', 'session', 'compact', '--journal', journal, ...more]);
}

function expectSchema(value: unknown): void {
  expect(complaints('compaction-result#/$defs/output', value)).toEqual([]);
  expect(undeclaredKeys('compaction-result#/$defs/output', value)).toEqual([]);
}

describe('run session compact', () => {
  test('prints the fields of the Go tool and the segment, and everything is read as before', async () => {
    const { journal } = await sealed();
    const before = await gait(['run', 'session', 'show', '--journal', journal]);
    const verdict = await gait(['verify', journal, '--json']);
    const { code, json, stderr } = await compact(journal, '--json');
    expect([code, stderr]).toEqual([0, '']);
    expectSchema(json);
    expect(json).toMatchObject({
      operation: 'compact',
      journal,
      compaction: { compacted: true, events_before: EVENTS + 1, events_after: 1, segment: { last_sequence: EVENTS } },
    });
    expect((await gait(['run', 'session', 'show', '--journal', journal])).stdout).toBe(before.stdout);
    const after = await gait(['verify', journal, '--json']);
    const { verdict: word, root_hash: root } = { ...after.json, ...(after.json['coverage'] as object) } as Record<
      string,
      unknown
    >;
    expect([after.code, word, root]).toEqual([
      verdict.code,
      verdict.json['verdict'],
      (verdict.json['coverage'] as Record<string, unknown>)['root_hash'],
    ]);
    const text = await gait(['verify', journal]);
    expect(text.stdout).toContain('retention: intact, 1 segment beside the journal file');
    const tail = await gait(['run', 'session', 'tail', '--journal', journal, '--lines', '4']);
    expect(before.stdout.endsWith(tail.stdout)).toBe(true);
  });

  test('says in a dry run what it would do, and changes nothing', async () => {
    const { folder, journal } = await sealed();
    const before = snapshot(folder);
    const { code, json } = await compact(journal, '--dry-run', '--json');
    expect(code).toBe(0);
    expectSchema(json);
    expect(json).toMatchObject({ compaction: { compacted: true, dry_run: true, events_after: 1 } });
    expect(snapshot(folder)).toEqual(before);
  });

  test('says when there is nothing to move, and why', async () => {
    const { journal } = await sealed();
    await compact(journal);
    const { code, stdout, stderr } = await compact(journal);
    expect(code).toBe(0);
    expect(stdout).toContain('compacted=false');
    expect(stderr).toContain('nothing to move');
  });

  test('writes a copy that verifies, and refuses to write over anything (W13)', async () => {
    const { folder, journal } = await sealed();
    const out = join(folder, 'copy.jsonl');
    const { code, json, stdout } = await compact(journal, '--out', out, '--json');
    expect([code, json['ok']]).toEqual([0, true]);
    expect(stdout).toContain('copy.jsonl');
    expect((await gait(['verify', out])).code).toBe(0);
    const before = snapshot(folder);
    for (const target of [out, journal, `${journal}.state.json`]) {
      const refused = await compact(journal, '--out', target, '--json');
      expect([refused.code, refused.json['ok']]).toEqual([6, false]);
    }
    expect(snapshot(folder)).toEqual(before);
  });
});
