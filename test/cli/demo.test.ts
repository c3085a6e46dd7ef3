import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { verify, type VerifyReport } from '../../src/index.js';
import { repositoryRoot } from '../support/paths.js';
import { gait } from './gait.js';

interface Demo {
  readonly folder: string;
  readonly appended: number;
  readonly report: VerifyReport;
  readonly proof: { readonly ok: boolean; readonly path: string };
  readonly prune: { readonly plan_digest: string; readonly delete_count: number };
  readonly tampering: { readonly line: number; readonly caught: boolean; readonly report: VerifyReport };
}

const events = readFileSync(join(repositoryRoot, 'demo', 'events.ndjson'), 'utf8')
  .trimEnd()
  .split('\n');

describe('demo', () => {
  test('keeps the real events, verifies them, catches the tampering and cleans up', async () => {
    const { code, json } = await gait(['demo', '--json']);
    const { folder, appended, report, proof, prune, tampering } = json as unknown as Demo;
    expect([code, json['ok'], appended, report.ok]).toEqual([0, true, events.length, true]);
    expect(report).toMatchObject({ signature_status: 'verified', coverage: { unsigned_events: 0, closed: true } });
    expect(proof.ok).toBe(true);
    expect([prune.delete_count, prune.plan_digest]).toEqual([1, expect.stringMatching(/^[0-9a-f]{64}$/)]);
    expect(tampering).toMatchObject({ caught: true, report: { ok: false } });
    expect(tampering.report.problems.map(({ line }) => line)).toContain(tampering.line);
    expect(existsSync(folder)).toBe(false);
  });

  test('--keep leaves both journals, one byte apart', async () => {
    const { code, stdout, json } = await gait(['demo', '--json', '--keep']);
    const { folder, tampering } = json as unknown as Demo;
    try {
      const [good, bad] = [join(folder, 'sessions', 'demo.jsonl'), join(folder, 'tampered.jsonl')];
      const [before, after] = [readFileSync(good), readFileSync(bad)];
      expect(after.length).toBe(before.length);
      expect([...before.keys()].filter((i) => before[i] !== after[i])).toHaveLength(1);
      expect([(await verify(good)).ok, (await verify(bad)).ok]).toEqual([true, false]);
      expect([code, tampering.caught, stdout.split('\n').length]).toEqual([0, true, 2]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test('tells the story in text', async () => {
    const { code, stdout, stderr } = await gait(['demo']);
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toContain(`${events.length} tool calls on disk`);
    expect(stdout).toMatch(/verify ok: [\s\S]*verify failed: [\s\S]*The change of line \d+ was caught\./);
  });

  test("its events are the first of the project's vectors", () => {
    const vectors = readFileSync(join(repositoryRoot, 'test/vectors/real-events/claude-opus-4-6.ndjson'), 'utf8');
    expect(events).toEqual(vectors.split('\n').slice(0, events.length));
  });
});
