import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { AckLog, eventId, readAcks, type Ack, type AckHistory } from '../../perf/soak/acks.js';
import { compareSession, REMEMBERED_KEYS, type Occurrence, type Violation } from '../../perf/soak/model.js';
import { tempDir } from '../support/temp-dir.js';

const SLOT = 3;

function occurrence(n: number, sequence = n + 1): Occurrence {
  return { id: eventId(SLOT, n), sequence, leafIndex: sequence, leafHash: `leaf-${sequence}` };
}

function ack(n: number, sequence = n + 1, isRetry = false): Ack {
  const receipt = { session_id: 's', sequence, leaf_index: sequence, leaf_hash: `leaf-${sequence}` };
  return { n, isRetry, receipt: { ...receipt, durability: 'durable' } };
}

function kindsOf(occurrences: readonly Occurrence[], history: AckHistory, prunedToSequence = 0): Violation['kind'][] {
  const content = { session: 's', occurrences, prunedToSequence };
  return compareSession(content, new Map([[SLOT, history]])).map(({ kind }) => kind);
}

describe('the model of a soak', () => {
  const history: AckHistory = { issued: 3, acks: [ack(0), ack(1), ack(2)] };
  const all = [occurrence(0), occurrence(1), occurrence(2)];

  test('finds nothing where everything acknowledged is there, once, in order', () => {
    expect(kindsOf(all, history)).toEqual([]);
  });

  test('finds an acknowledged event that is not there', () => {
    expect(kindsOf(all.slice(0, 2), history)).toEqual(['missing']);
  });

  test('lets one be gone that was pruned, and no other', () => {
    expect(kindsOf(all.slice(1), history, 1)).toEqual([]);
    expect(kindsOf(all.slice(2), history, 1)).toEqual(['missing']);
  });

  test('lets an event be there or not that was sent and not acknowledged', () => {
    expect(kindsOf(all, { issued: 4, acks: history.acks })).toEqual([]);
    expect(kindsOf([...all, occurrence(3)], { issued: 4, acks: history.acks })).toEqual([]);
  });

  test('finds an event that nobody sent', () => {
    expect(kindsOf([...all, occurrence(3)], history)).toEqual(['unknown']);
  });

  test.each([
    ['elsewhere', { sequence: 9 }],
    ['at another leaf', { leafIndex: 9 }],
    ['with other bytes', { leafHash: 'another' }],
  ])('finds an event that lies %s than its receipt says', (_, change) => {
    expect(kindsOf([{ ...occurrence(0), ...change }, ...all.slice(1)], history)).toEqual(['altered']);
  });

  test('finds a receipt of another session', () => {
    const { receipt } = ack(0);
    const other: AckHistory = { issued: 1, acks: [{ n: 0, isRetry: false, receipt: { ...receipt, session_id: 't' } }] };
    expect(kindsOf([occurrence(0)], other)).toEqual(['altered']);
  });

  test('finds an event that is there twice while its key is remembered, and not later', () => {
    expect(kindsOf([...all, occurrence(0, 1 + REMEMBERED_KEYS)], history)).toEqual(['repeated']);
    expect(kindsOf([...all, occurrence(0, 2 + REMEMBERED_KEYS)], history)).toEqual([]);
  });

  test('finds events of one writer in another order than it sent them, except those it sent again', () => {
    const swapped = [occurrence(1, 1), occurrence(0, 2)];
    expect(kindsOf(swapped, { issued: 2, acks: [ack(0, 2), ack(1, 1)] })).toEqual(['out of order']);
    expect(kindsOf(swapped, { issued: 2, acks: [ack(0, 2, true), ack(1, 1)] })).toEqual([]);
  });
});

test('what a killed writer had not finished noting was not said', () => {
  const path = join(tempDir(), 'acks');
  const log = new AckLog(path);
  log.issue(2);
  log.acknowledge(ack(0));
  log.close();
  appendFileSync(path, '{"n":1,"isRetry":fal');
  expect(readAcks(path)).toEqual({ issued: 2, acks: [ack(0)] });
  expect(readAcks(`${path}-of-nobody`)).toEqual({ issued: 0, acks: [] });
});
