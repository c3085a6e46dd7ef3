import { expect, test } from 'vitest';
import { judgeAll, type Budget } from '../../perf/budgets.js';
import { isGreen, summaryPage, type NightlyResult } from '../../perf/nightly/summary.js';
import { machineFacts, toRow, type Report } from '../../perf/report.js';
import type { SoakReport } from '../../perf/soak/soak-report.js';

const soak: SoakReport = {
  what: 'soak',
  ok: true,
  seed: 12_345,
  ...machineFacts(),
  seconds: 60,
  processes: 8,
  faults: 70,
  acknowledged: 1_000,
  sessions: 3,
  pruned_sessions: 1,
  latency_ms: { p50: 1, p90: 2, p99: 3, p999: 4 },
  tally: { appends: 1_000 },
  failures: [],
  samples: [],
};
const rows = [toRow({ id: 'a.b', metric: 'a | b', unit: 'ms', floor: [1], project: [2] })];
const bench: Report = {
  what: 'bench',
  ...machineFacts(),
  file_system: '0x0',
  quick: false,
  line_bytes: 600,
  seconds: 1,
  missing_peers: { hypercore: 'not\ninstalled' },
  rows,
};
const budget: Budget = { metric: 'a.b', ratio_to: 'floor', at_most: 3, why: 'somebody waits' };
const green: NightlyResult = { date: '2026-01-02', soak, bench, judgements: judgeAll([budget], rows), failures: [] };

test('a night in which all went well is green', () => {
  expect(isGreen(green)).toBe(true);
  expect(summaryPage(green)).toContain('2026-01-02: green');
});

test.each<[string, NightlyResult, string]>([
  ['a broken budget', { ...green, judgements: judgeAll([{ ...budget, at_most: 1 }], rows) }, 'a.b'],
  ['a failed soak', { ...green, soak: { ...soak, ok: false, failures: ['w1-2 missing'] } }, 'w1-2 missing'],
  ['a part that could not be finished', { ...green, failures: ['drift: disk full'] }, 'drift: disk full'],
])('%s makes it red, and is named', (_, result, named) => {
  expect(isGreen(result)).toBe(false);
  expect(summaryPage(result)).toContain('RED');
  expect(summaryPage(result)).toContain(named);
});

test('a night without a soak is not green', () => {
  const { soak: _, ...without } = green;
  expect(isGreen(without)).toBe(false);
});

test('the page gives the seed, and no text breaks out of its table', () => {
  const page = summaryPage(green);
  expect(page).toContain('12345');
  expect(page).toContain('a \\| b');
  expect(page).toContain('not installed');
});
