/** The schemas of traces that are emitted and of timelines say the same as their types, and as what really comes. */
import { join } from 'node:path';
import { expect, test } from 'vitest';
import {
  emitTrace,
  openJournal,
  timeline,
  type EmittedTrace,
  type TimelineEntry,
  type TimelineKind,
  type TimelineProblem,
  type TimelineSummary,
} from '../../src/index.js';
import { gait } from '../cli/gait.js';
import { newFolder, newJournal, QUICK } from '../support/journal-fixtures.js';
import { decision, emission } from '../trace/emitting.js';
import { complaints, undeclaredKeys } from './schema-files.js';
import { allOf, testFields, testWords, type Fields } from './type-tables.js';

const ENTRY = {
  kind: 'string',
  created_at: 'string',
  observed_at: 'string?',
  session_id: 'string?',
  run_id: 'string?',
  sequence: 'integer?',
  tool_name: 'string?',
  verdict: 'string?',
  actor: 'string?',
  intent_id: 'string?',
  correlation_id: 'string?',
  trace_id: 'string?',
  event_id: 'string?',
  trace_path: 'string?',
  reason_codes: 'array?',
  violations: 'array?',
  subject_session_id: 'string?',
  reason: 'string?',
  checkpoint_index: 'integer?',
  sequence_start: 'integer?',
  sequence_end: 'integer?',
  root_hash: 'string?',
  path: 'string',
} as const satisfies Fields<TimelineEntry>;

const SUMMARY = {
  entries: 'integer',
  limit: 'integer',
  cut_at: 'string?',
  journals: 'integer',
  trace_files: 'integer',
  undated: 'integer',
  problems: 'array',
  problem_count: 'integer',
} as const satisfies Fields<TimelineSummary>;

const PROBLEM = {
  path: 'string',
  error_code: 'string',
  meaning: 'string',
} as const satisfies Fields<TimelineProblem>;

const EMISSION = { path: 'string', trace: 'object', receipt: 'object?' } as const satisfies Fields<EmittedTrace>;

testFields([
  ['timeline-entry', '', ENTRY],
  ['timeline', '', SUMMARY],
  ['timeline', '/$defs/problem', PROBLEM],
  ['trace-emission', '', EMISSION],
]);

testWords([
  [
    'timeline-entry',
    '/properties/kind',
    allOf<TimelineKind>({
      event: true,
      checkpoint: true,
      repair: true,
      close: true,
      hold: true,
      prune: true,
      erase: true,
      trace: true,
    }),
  ],
]);

test('what really comes keeps to them', async () => {
  const path = await newJournal();
  const event = { actor: 'a', intent_id: 'i', reason_codes: ['r'] };
  const input = { ...decision, correlation_id: 'c', violations: ['v'] };
  const emitted = await emitTrace(input, { ...emission, journal: path, event });
  const journal = await openJournal(path, QUICK);
  await journal.complete();
  await journal.close();
  expect(complaints('trace-emission', emitted)).toEqual([]);
  expect(undeclaredKeys('trace-emission', emitted)).toEqual([]);
  let summary: TimelineSummary | undefined;
  const entries: TimelineEntry[] = [];
  const source = { journals: [path, join(newFolder(), 'gone.jsonl')] };
  for await (const entry of timeline(source, { limit: 3, onSummary: (told) => (summary = told) })) entries.push(entry);
  expect(entries.map(({ kind }) => kind)).toEqual(['event', 'close', 'checkpoint']);
  expect(summary).toMatchObject({ cut_at: expect.any(String) as string, problem_count: 1 });
  for (const entry of entries) {
    expect([complaints('timeline-entry', entry), undeclaredKeys('timeline-entry', entry)]).toEqual([[], []]);
  }
  expect([complaints('timeline', summary), undeclaredKeys('timeline', summary)]).toEqual([[], []]);
  const { objects } = await gait(['timeline', path, '--format', 'ndjson']);
  for (const line of objects.slice(0, -1)) expect(complaints('timeline-entry', line)).toEqual([]);
  expect(complaints('timeline', objects.at(-1))).toEqual([]);
});

test.each([
  ['timeline-entry', { kind: 'event', path: 'p' }],
  ['timeline-entry', { kind: 'rumour', created_at: 't', path: 'p' }],
  ['timeline', { entries: 1 }],
  ['trace-emission', { path: '' }],
])('%s refuses what is none', (schema, value) => {
  expect(complaints(schema, value)).not.toEqual([]);
});
