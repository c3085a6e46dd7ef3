import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { verifyJournal } from '../../src/index.js';
import { tempDir } from '../support/temp-dir.js';
import { eventLine, gait, snapshot, startedJournal } from './gait.js';

async function filled(folder: string, events = 6): Promise<string> {
  const journal = await startedJournal(folder);
  const stdin = [eventLine().repeat(events)];
  await gait(['run', 'session', 'append', '--journal', journal, '--stdin'], { stdin });
  return journal;
}

describe('verify', () => {
  test('is what the library says, and writes nothing', async () => {
    const folder = tempDir();
    const journal = await filled(folder);
    const before = snapshot(folder);
    const { code, json } = await gait(['verify', journal, '--json']);
    expect(code).toBe(0);
    expect(json).toMatchObject({ ...(await verifyJournal(journal)), operation: 'verify', journal });
    expect(snapshot(folder)).toEqual(before);
    const byName = await gait(['verify', '--session', 's1', '--root', folder, '--json']);
    expect(byName.json).toMatchObject({ ok: true, path: journal });
  });

  test('says the verdict first, and what no signature covers', async () => {
    const journal = await filled(tempDir());
    const { code, stdout, stderr } = await gait(['verify', journal]);
    expect(code).toBe(0);
    expect(stdout.split('\n')[0]).toBe(`verify ok: ${journal} (not signed)`);
    expect(stdout).toContain('6 events (1..6), 0 checkpoints, 7 lines, all linked');
    expect(stderr).toContain('unsigned tail: 6 events');
  });

  test('names every problem with its place, and exits 2', async () => {
    const journal = await filled(tempDir());
    const lines = readFileSync(journal, 'utf8').split('\n');
    lines[2] = (lines[2] ?? '').replace('fs.read', 'fs.reed');
    lines[5] = '{"no":"record"}';
    writeFileSync(journal, lines.join('\n'));
    const report = await verifyJournal(journal);
    expect(report.problem_count).toBeGreaterThan(1);
    const { code, stdout } = await gait(['verify', journal]);
    expect(code).toBe(2);
    expect(stdout.split('\n')[0]).toContain(`verify failed: ${journal}`);
    for (const { line, byte_offset, kind, expected, found } of report.problems) {
      expect(stdout).toContain(`line ${line}, byte ${byte_offset}`);
      for (const word of [kind, expected, found]) if (word !== undefined) expect(stdout).toContain(word);
    }
    expect(stdout.match(/^ {2}meaning:/gm)).toHaveLength(report.problem_count);
    expect(stdout).not.toContain('all linked');
    const json = await gait(['verify', journal, '--json']);
    expect([json.code, json.json['ok'], json.json['verdict']]).toEqual([2, false, 'invalid']);
    expect(json.json).not.toHaveProperty('error');
  });

  test('a problem list that is cut says how much is missing', async () => {
    const journal = await startedJournal(tempDir());
    const [header = ''] = readFileSync(journal, 'utf8').split('\n');
    writeFileSync(journal, `${header}\n${'no json\n'.repeat(1_200)}`);
    const report = await verifyJournal(journal);
    expect(report.problem_count).toBeGreaterThan(report.problems.length);
    const { stdout } = await gait(['verify', journal]);
    expect(stdout).toContain(`${report.problem_count - report.problems.length} more`);
  });

  test('an interrupted check gives no verdict', async () => {
    const journal = await filled(tempDir(), 2_000);
    const { code, stdout } = await gait(['verify', journal], { onListening: (interrupt) => interrupt('SIGINT') });
    expect([code, stdout]).toEqual([130, '']);
  });
});
