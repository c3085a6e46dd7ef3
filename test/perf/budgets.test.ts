import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, test } from 'vitest';
import { describeJudgement, isBroken, judgeAll, readBudgets, type Budget } from '../../perf/budgets.js';
import { toRow, type Measured } from '../../perf/report.js';
import { SUITES } from '../../perf/suites/index.js';
import { repositoryRoot } from '../support/paths.js';

function readJson(name: string): object {
  return JSON.parse(readFileSync(join(repositoryRoot, 'perf', name), 'utf8')) as object;
}

const isValid = new Ajv2020().compile(readJson('budgets.schema.json'));
const budget: Budget = { metric: 'durable.shared', ratio_to: 'floor', at_least: 0.7, why: 'everybody waits for it' };
const measured: Measured = {
  id: 'durable.shared',
  metric: 'durable append, shared',
  unit: 'events/s',
  floor: [100, 100, 100],
  project: [60, 70, 90],
  peers: { database: [140, 140, 140] },
};

function outcomeOf(change: Partial<Budget>, rows = [toRow(measured)]): string | undefined {
  return judgeAll([{ ...budget, ...change }], rows)[0]?.outcome;
}

describe('perf/budgets.json', () => {
  test('fits its schema', () => {
    expect(isValid(readJson('budgets.json'))).toBe(true);
  });

  test('has one row for each promise', () => {
    const promises = readBudgets().map(({ metric, ratio_to: ratioTo, peer }) => [metric, ratioTo, peer].join(' '));
    expect(promises.filter((promise, index) => promises.indexOf(promise) !== index)).toEqual([]);
  });

  test('names suites that there are', () => {
    const suites = new Set([...SUITES.map(({ name }) => name), 'drift']);
    const unknown = readBudgets().filter(({ metric }) => !suites.has(metric.split('.')[0] ?? ''));
    expect(unknown).toEqual([]);
  });

  test.each([
    ['no limit', { metric: 'a.b', ratio_to: 'floor', why: 'a good reason' }],
    ['two limits', { ...budget, at_most: 2 }],
    ['a peer without its name', { ...budget, ratio_to: 'peer' }],
    ['a peer beside the floor', { ...budget, peer: 'database' }],
    ['no reason', { ...budget, why: '' }],
    ['an unknown key', { ...budget, at_lest: 1 }],
  ])('would not fit with %s', (_, row) => {
    expect(isValid({ $schema: './budgets.schema.json', budgets: [row] })).toBe(false);
  });
});

describe('a budget', () => {
  test('is met at its limit and missed past it, by the median of the rounds', () => {
    expect(outcomeOf({})).toBe('met');
    expect(outcomeOf({ at_least: 0.71 })).toBe('missed');
  });

  test('can be about a peer, or about the figure itself', () => {
    expect(outcomeOf({ ratio_to: 'peer', peer: 'database', at_least: 0.5 })).toBe('met');
    expect(outcomeOf({ ratio_to: 'peer', peer: 'database', at_least: 0.51 })).toBe('missed');
    expect(outcomeOf({ ratio_to: 'figure', at_least: 70 })).toBe('met');
    expect(outcomeOf({ ratio_to: 'figure', at_least: 71 })).toBe('missed');
  });

  test('that nothing was measured for is broken, not kept', () => {
    const { floor: _, ...alone } = measured;
    const judgements = [
      ...judgeAll([budget], []),
      ...judgeAll([budget], [toRow(alone)]),
      ...judgeAll([{ ...budget, ratio_to: 'peer', peer: 'another' }], [toRow(measured)]),
    ];
    expect(judgements.map(({ outcome }) => outcome)).toEqual(['not measured', 'not measured', 'not measured']);
    expect(judgements.every(isBroken)).toBe(true);
  });

  test('that is only a stretch breaks nothing when it is missed', () => {
    const [missed] = judgeAll([{ ...budget, at_least: 2, is_stretch: true }], [toRow(measured)]);
    expect(missed?.outcome).toBe('missed');
    expect(missed !== undefined && isBroken(missed)).toBe(false);
  });

  test('names its row and its reason when it is described', () => {
    const [judgement] = judgeAll([budget], []);
    const text = judgement === undefined ? '' : describeJudgement(judgement);
    expect(text).toContain('durable.shared');
    expect(text).toContain('everybody waits for it');
  });
});
