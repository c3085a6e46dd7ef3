import { describe, expect, test } from 'vitest';
import { relative, when } from '../../cli/when.js';
import { tempDir } from '../support/temp-dir.js';
import { gait, startedJournal } from './gait.js';

const NOW = Date.parse('2026-02-01T12:00:00Z');
const SECOND = 1_000;
const HOUR = 3_600 * SECOND;

describe('a time is told from where the reader stands', () => {
  test.each([
    [0, 'now'],
    [1_999, 'now'],
    [2 * SECOND, '2 s ago'],
    [119 * SECOND, '119 s ago'],
    [120 * SECOND, '2 min ago'],
    [2 * HOUR - 1, '119 min ago'],
    [2 * HOUR, '2 h ago'],
    [47 * HOUR, '47 h ago'],
    [48 * HOUR, '2 days ago'],
    [729 * 24 * HOUR, '729 days ago'],
    [730 * 24 * HOUR, '2 years ago'],
    [-5 * HOUR, 'in 5 h'],
  ])('%d ms ago is %s', (agoMs, text) => {
    expect(relative(NOW - agoMs, NOW)).toBe(text);
  });

  test('and as it is stored', () => {
    expect(when('2026-02-01T11:00:00.5Z', NOW)).toBe('2026-02-01T11:00:00.5Z (59 min ago)');
    expect(when('no\u001btime', NOW)).toBe('no time');
  });
});

test('list, status and holds tell both, by the clock that they are given', async () => {
  const root = tempDir();
  await startedJournal(root);
  const session = ['--session', 's1', '--root', root];
  await gait(['hold', 'set', ...session, '--reason', 'r', '--actor', 'a']);
  const { json } = await gait(['run', 'session', 'status', ...session, '--json']);
  const { started_at: startedAt } = json['status'] as { readonly started_at: string };
  const clock = (): number => Date.parse(startedAt) + 3 * HOUR;
  for (const args of [
    ['run', 'session', 'list', '--root', root],
    ['run', 'session', 'status', ...session],
  ]) {
    expect((await gait(args, { clock })).stdout).toContain(`${startedAt} (3 h ago)`);
  }
  expect((await gait(['hold', 'list', '--root', root], { clock })).stdout).toMatch(/Z \((2|3|179|180) (h|min) ago\)/);
  const plan = await gait(['prune', '--root', root, '--profile', 'medium', '--dry-run'], { clock });
  expect(plan.stdout).toMatch(/Z \(3 h ago\)/);
});
