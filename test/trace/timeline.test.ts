/** The order of a timeline against a naive sort of everything, and what it says of what it leaves out. */
import { appendFileSync, copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import {
  emitTrace,
  openJournal,
  readJournal,
  startSession,
  timeline,
  type EventInput,
  type TimelineEntry,
  type TimelineFilter,
  type TimelineSource,
  type TimelineSummary,
} from '../../src/index.js';
import { openEngineJournal, startEngineSession } from '../../src/journal/index.js';
import { FaultFileSystem } from '../support/fault-file-system.js';
import { caught, folderContent, newFolder, QUICK, removeIndex } from '../support/journal-fixtures.js';
import { decision, emission, sha256 } from './emitting.js';
import { naiveTimeline } from './naive-timeline.js';
import { oracleKey, plainRecord, signedTrace } from './oracle.js';

async function told(
  source: TimelineSource,
  filter: TimelineFilter = {},
): Promise<{ readonly entries: TimelineEntry[]; readonly summary: TimelineSummary }> {
  const entries: TimelineEntry[] = [];
  let summary: TimelineSummary | undefined;
  const onSummary = (given: TimelineSummary): void => {
    expect(entries).toEqual([]);
    summary = given;
  };
  for await (const entry of timeline(source, { ...filter, onSummary })) entries.push(entry);
  if (summary === undefined) throw new Error('no summary');
  return { entries, summary };
}

async function newSession(root: string, id: string, events: readonly Partial<EventInput>[] = []): Promise<string> {
  const path = join(root, `${id}.jsonl`);
  await startSession(path, { session_id: id, run_id: `run_${id}` }, QUICK);
  await append(path, events);
  return path;
}

async function append(path: string, events: readonly Partial<EventInput>[], isSealed = false): Promise<void> {
  const journal = await openJournal(path, QUICK);
  await journal.appendAll(events.map((event) => ({ tool_name: 't', verdict: 'allow', ...event })));
  if (isSealed && events.length > 0) await journal.checkpoint();
  await journal.close();
}

const at = (second: number, fraction = ''): string =>
  `${new Date(Date.UTC(2026, 0, 1) + second * 1_000).toISOString().slice(0, 19)}${fraction}Z`;

/** A trace file of any content that has the name of one. */
function putTrace(folder: string, name: string, fields: object): string {
  mkdirSync(folder, { recursive: true });
  const path = join(folder, `trace_${name}.json`);
  writeFileSync(path, signedTrace({ ...plainRecord, ...fields }, oracleKey('one')));
  return path;
}

const moment = fc
  .record({ second: fc.nat(40), fraction: fc.constantFrom('', '.5', '.000000001', '.999999999') })
  .map(({ second, fraction }) => at(second, fraction));
const zoned = fc.oneof(
  { weight: 5, arbitrary: moment },
  { weight: 1, arbitrary: fc.constantFrom('2026-01-01T01:00:10+01:00', '2025-12-31T23:00:20.5-01:00') },
);
const someEvent = fc.record({
  created_at: zoned,
  tool_name: fc.constantFrom('fs.read', 'fs.write', 'sh.run'),
  verdict: fc.constantFrom('allow' as const, 'block' as const),
  correlation_id: fc.constantFrom('c1', 'c2'),
});
const someTrace = fc.record({
  created_at: zoned,
  observed_at: zoned,
  tool_name: fc.constantFrom('fs.read', 'fs.write'),
  verdict: fc.constantFrom('allow', 'block'),
  correlation_id: fc.constantFrom('c1', 'c2'),
});
/** Checkpoints are dated by the clock, which stands in February. */
const bound = fc.oneof({ weight: 3, arbitrary: zoned }, { weight: 1, arbitrary: fc.constant('2026-02-01T09:30:00Z') });
const option = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.option(arbitrary, { nil: undefined, freq: 2 });
const someFilter = fc
  .record({
    from: option(bound),
    to: option(bound),
    tool: option(fc.constantFrom('fs.*', '*', 's?.run', 'none')),
    verdict: option(fc.constantFrom('allow' as const, 'block' as const)),
    correlationId: option(fc.constantFrom('c1', 'c3')),
    sessionId: option(fc.constantFrom('s0', 's1', 'gone')),
    limit: option(fc.integer({ min: 1, max: 30 })),
    by: option(fc.constantFrom('created_at' as const, 'observed_at' as const)),
  })
  .map(
    (filter) => Object.fromEntries(Object.entries(filter).filter(([, value]) => value !== undefined)) as TimelineFilter,
  );

test('is the first of a naive sort of everything, whatever is asked, with an index or without', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(fc.array(someEvent, { maxLength: 12 }), { maxLength: 4 }), { minLength: 1, maxLength: 3 }),
      fc.array(someTrace, { maxLength: 8 }),
      fc.array(someFilter, { minLength: 4, maxLength: 8 }),
      fc.boolean(),
      async (sessions, traces, filters, hasIndex) => {
        const root = newFolder();
        for (const [index, batches] of sessions.entries()) {
          const path = await newSession(root, `s${index}`);
          // Small stretches in the index, and some that begin with a checkpoint.
          for (const events of batches) await append(path, events, events.length % 2 === 0);
          if (!hasIndex) removeIndex(path);
        }
        traces.forEach((fields, index) => {
          putTrace(join(root, index % 2 === 0 ? 'traces' : 'a/b'), String(index), { ...fields, event_id: `e${index}` });
        });
        for (const filter of filters) {
          const { from, to } = filter;
          if (from !== undefined && to !== undefined && Date.parse(from) > Date.parse(to)) continue;
          const limit = filter.limit ?? 1_000;
          const expected = naiveTimeline(root, filter);
          const { entries, summary } = await told(root, filter);
          expect(entries).toEqual(expected.slice(0, limit));
          expect(summary.cut_at).toBe(expected[limit]?.created_at);
          expect([summary.problem_count, summary.entries]).toEqual([0, entries.length]);
        }
      },
    ),
    { numRuns: 60 },
  );
});

describe('a journal of many stretches', () => {
  const EVENTS = 6_000;
  let root: string;
  let path: string;
  const random = (n: number): number => (n * 7_919) % 1_000;

  beforeAll(async () => {
    root = newFolder();
    // Mostly in order; every so often an event is dated far from its neighbours.
    const events = Array.from({ length: EVENTS }, (_, n) => ({
      created_at: at(n % 500 === 13 ? random(n) : n * 2),
      tool_name: `tool.${n % 3}`,
    }));
    path = await newSession(root, 's0', events.slice(0, EVENTS / 2));
    await append(path, events.slice(EVENTS / 2), true);
  });

  test.each<[string, TimelineFilter]>([
    ['without a window', {}],
    ['with a small limit', { limit: 3 }],
    ['at the end', { from: at(EVENTS * 2 - 40) }],
    ['at the beginning', { to: at(20) }],
    ['in the middle', { from: at(5_000), to: at(5_100) }],
    ['of one second', { from: at(5_002), to: at(5_002) }],
    ['beyond everything', { from: at(EVENTS * 3) }],
    ['by tool', { tool: 'tool.1', from: at(3_000), to: at(3_100) }],
    ['where events were dated back', { from: at(0), to: at(1_000), limit: 5_000 }],
  ])('gives what a naive sort gives: %s', async (_, filter) => {
    const expected = naiveTimeline(root, filter);
    expect((await told(root, filter)).entries).toEqual(expected.slice(0, filter.limit ?? 1_000));
  });

  test('is read only where it may hold what is asked, as long as there is an index', async () => {
    const bytesRead = async (filter: TimelineFilter): Promise<number> => {
      const faults = new FaultFileSystem();
      let bytes = 0;
      faults.intercept = ({ operation, path: file }, proceed) => {
        const count = proceed();
        if (operation === 'read' && file === path) bytes += count as number;
        return count;
      };
      await told(root, { ...filter, fileSystem: faults.fs });
      return bytes;
    };
    const size = readFileSync(path).length;
    expect(size).toBeGreaterThan(1_500_000);
    // A read is a quarter of a MiB.
    expect(await bytesRead({ from: at(EVENTS * 2 - 40) })).toBeLessThan(600_000);
    expect(await bytesRead({ limit: 10 })).toBeLessThan(600_000);
    const index = `${path}.gait/index`;
    copyFileSync(index, `${path}.index`);
    rmSync(index);
    expect(await bytesRead({ from: at(EVENTS * 2 - 40) })).toBeGreaterThanOrEqual(size);
    copyFileSync(`${path}.index`, index);
  });

  test('shows lines that came after the index', async () => {
    const journal = await openJournal(await newSession(newFolder(), 's0', [{ created_at: at(1) }]), QUICK);
    await journal.append({ tool_name: 'late', verdict: 'allow', created_at: at(0) });
    await journal.checkpoint();
    const { entries } = await told({ journals: [journal.path] }, { from: at(0), to: at(0) });
    expect(entries.map(({ tool_name: tool }) => tool)).toEqual(['late']);
    // The checkpoint is dated by the clock, which stands in February.
    const { entries: sealed } = await told({ journals: [journal.path] }, { from: '2026-02-01T00:00:00Z' });
    expect(sealed.map(({ kind }) => kind)).toEqual(['checkpoint']);
    await journal.close();

    // A checkpoint alone, of which the index does not know.
    const index = `${journal.path}.gait/index`;
    await append(journal.path, [{ created_at: at(2) }]);
    const known = readFileSync(index);
    const again = await openJournal(journal.path, QUICK);
    await again.checkpoint();
    await again.close();
    writeFileSync(index, known);
    const after = await told({ journals: [journal.path] }, { from: '2026-02-01T00:00:00Z' });
    expect(after.entries.map(({ checkpoint_index: number }) => number)).toEqual([1, 2]);
  });
});

describe('times', () => {
  test('of any zone, with nanoseconds, with a leap second, and equal ones are in order', async () => {
    const folder = newFolder();
    const inOrder = [
      '2016-12-31T23:59:59.999999999Z',
      '2016-12-31T23:59:60Z',
      '2017-01-01T08:59:60.5+09:00',
      '2017-01-01T00:00:00Z',
      '2026-02-01T10:00:00.000000001+01:00',
      '2026-02-01T09:00:00.000000002Z',
      '2026-02-01T09:00:00.00000001Z',
      '2026-02-01T09:00:00.1Z',
    ];
    const shuffled = inOrder.map((createdAt, n) => ({ createdAt, n, place: (n * 5) % inOrder.length }));
    for (const { createdAt, n } of shuffled.toSorted((a, b) => a.place - b.place)) {
      putTrace(folder, `${inOrder.length - n}`, { created_at: createdAt, event_id: `e${n}` });
    }
    const { entries } = await told(folder);
    expect(entries.map((entry) => entry.created_at)).toEqual(inOrder);
    const leap = await told(folder, { from: '2016-12-31T23:59:60Z', to: '2016-12-31T23:59:60.999Z' });
    expect(leap.entries.map(({ event_id: id }) => id)).toEqual(['e1', 'e2']);
    const nanosecond = await told(folder, { from: inOrder[5] ?? '', to: inOrder[5] ?? '' });
    expect(nanosecond.entries.map(({ event_id: id }) => id)).toEqual(['e5']);
    const around = await told(folder, { around: '2016-12-31T23:59:60.25Z', windowMs: 500 });
    expect(around.entries.map(({ event_id: id }) => id)).toEqual(['e0', 'e1', 'e2', 'e3']);
  });

  test('that are equal keep the order of the log, a seal behind what it seals, a trace behind its event', async () => {
    const root = newFolder();
    const same = { created_at: '2026-02-01T09:30:00Z' };
    const path = await newSession(root, 'b');
    await append(path, [same, same], true);
    await emitTrace({ ...decision, ...same }, { ...emission, journal: path });
    await append(path, [same], true);
    await newSession(root, 'a', [same]);
    const { entries } = await told(root);
    const seen = entries.map(({ kind, session_id: id, sequence }) => `${id ?? ''} ${kind} ${sequence ?? ''}`.trim());
    expect(seen).toEqual([
      'a event 1',
      'b event 1',
      'b event 2',
      'b checkpoint',
      'b event 3',
      'b event 4',
      'b checkpoint',
      'trace',
    ]);
  });

  test('of a trace are two: by its emission it stands elsewhere', async () => {
    const root = newFolder();
    await newSession(root, 's1', [{ created_at: at(10) }]);
    putTrace(root, 'x', { created_at: '1980-01-01T00:00:00Z', observed_at: at(11) });
    const kinds = async (filter: TimelineFilter): Promise<string[]> =>
      (await told(root, filter)).entries.map(({ kind }) => kind);
    expect(await kinds({})).toEqual(['trace', 'event']);
    expect(await kinds({ by: 'observed_at' })).toEqual(['event', 'trace']);
    expect(await kinds({ from: at(0) })).toEqual(['event']);
    expect(await kinds({ from: at(0), by: 'observed_at' })).toEqual(['event', 'trace']);
  });

  test('that are none come first, and are counted where a window leaves them out', async () => {
    const root = newFolder();
    await newSession(root, 's1', [{ created_at: at(1) }]);
    putTrace(root, 'x', { created_at: 'yesterday' });
    expect((await told(root)).entries.map(({ created_at: text }) => text)).toEqual(['yesterday', at(1)]);
    const { entries, summary } = await told(root, { from: at(0) });
    expect([entries.length, summary.undated]).toEqual([1, 1]);
  });
});

describe('what it covers', () => {
  test('is at most 1,000 entries, and it says when there are more', async () => {
    const root = newFolder();
    await newSession(
      root,
      's1',
      Array.from({ length: 1_001 }, (_, n) => ({ created_at: at(n) })),
    );
    const { entries, summary } = await told(root);
    expect([entries.length, summary.limit, summary.cut_at]).toEqual([1_000, 1_000, at(1_000)]);
    expect((await told(root, { to: at(999) })).summary.cut_at).toBeUndefined();
    expect((await told(root, { limit: 1_001 })).summary.cut_at).toBeUndefined();
  });

  test('goes on where one source cannot be read, and names it', async () => {
    const root = newFolder();
    await newSession(root, 'good', [{ created_at: at(1) }]);
    const bad = await newSession(root, 'bad', [{ created_at: at(0) }]);
    appendFileSync(bad, 'rubbish\n');
    writeFileSync(join(root, 'trace_x.json'), '{');
    writeFileSync(join(root, 'trace_y.json'), '{"schema_id":"something.else"}');
    const { entries, summary } = await told(root);
    expect(entries.map(({ session_id: id }) => id)).toEqual(['bad', 'good']);
    expect(summary.problems.map(({ path, error_code: code }) => [path, code])).toEqual([
      [bad, 'JOURNAL_CORRUPT'],
      [join(root, 'trace_x.json'), 'INVALID_JSON'],
      [join(root, 'trace_y.json'), 'INVALID_TRACE'],
    ]);
  });

  test('changes nothing on the disk', async () => {
    const root = newFolder();
    const path = await newSession(root, 's1', [{ created_at: at(1) }]);
    await emitTrace(decision, { ...emission, journal: path });
    const before = folderContent(root);
    await told(root, { sessionId: 's1', around: 1 });
    expect(folderContent(root)).toEqual(before);
  });

  test('ends when it is told to', async () => {
    const root = newFolder();
    await newSession(root, 's1', [{ created_at: at(1) }]);
    const signal = AbortSignal.abort(new Error('enough'));
    await expect(told(root, { signal })).rejects.toThrow('enough');
  });

  test('is one journal whether or not it was compacted', async () => {
    const root = newFolder();
    const path = await newSession(root, 's1');
    for (let n = 0; n < 3; n += 1) await append(path, [{ created_at: at(n) }, { created_at: at(10 - n) }], true);
    const before = await told(root);
    const journal = await openJournal(path, QUICK);
    await journal.compact();
    await journal.close();
    expect((await told(root)).entries).toEqual(before.entries);
    expect((await told(root, { from: at(9) })).entries.length).toBeGreaterThan(1);
    expect((await told(root, { from: at(9), to: at(9) })).entries).toEqual(
      before.entries.filter(({ created_at: text }) => text === at(9)),
    );
  });
});

describe('one session', () => {
  test('is shown with the traces that its events name, wherever they are, and no others', async () => {
    const root = newFolder();
    const [one, two] = [await newSession(root, 's1'), await newSession(root, 's2')];
    const mine = await emitTrace({ ...decision, created_at: at(1) }, { ...emission, journal: one, dir: newFolder() });
    await emitTrace({ ...decision, verdict: 'allow', created_at: at(1) }, { ...emission, journal: two });
    for (const source of [root, { journals: [one] }]) {
      const { entries } = await told(source, { sessionId: 's1' });
      expect(entries.map(({ kind, event_id: id }) => [kind, id])).toEqual([
        ['event', undefined],
        ['trace', mine.trace['event_id']],
      ]);
    }
    // Once, though the event names what the folder holds.
    expect((await told(root)).entries.filter(({ kind }) => kind === 'trace')).toHaveLength(2);
  });

  test('is found under a file name that is not its own', async () => {
    const root = newFolder();
    const path = join(root, 'odd.name.jsonl');
    await startSession(path, { session_id: 's/1', run_id: 'r' }, QUICK);
    await append(path, [{}]);
    await newSession(root, 'other', [{}]);
    const { entries } = await told(root, { sessionId: 'other' });
    expect(entries).toHaveLength(1);
  });

  test('a window around one of its events, by its sequence', async () => {
    const root = newFolder();
    await newSession(
      root,
      's1',
      [0, 290, 300, 600, 601].map((second) => ({ created_at: at(second) })),
    );
    await newSession(root, 's2', [{ created_at: at(299) }, { created_at: at(2_000) }, {}, {}, {}]);
    const sequences = async (filter: TimelineFilter): Promise<unknown[]> =>
      (await told(root, filter)).entries.map(({ session_id: id, sequence }) => `${id} ${sequence}`);
    expect(await sequences({ sessionId: 's1', around: 3 })).toEqual(['s1 1', 's1 2', 's1 3', 's1 4']);
    expect(await sequences({ sessionId: 's1', around: 3, windowMs: 10_000 })).toEqual(['s1 2', 's1 3']);
    expect(await sequences({ around: at(300), windowMs: 1_000 })).toEqual(['s2 1', 's1 3']);
    expect((await caught(told(root, { around: 3 }))).code).toBe('INVALID_ARGUMENT');
    expect((await caught(told(root, { sessionId: 's1', around: 6 }))).code).toBe('INVALID_ARGUMENT');
  });
});

test('the ledger tells of holds and removals, of a root and of one session', async () => {
  const root = newFolder();
  await newSession(root, 's1', [{ created_at: at(1) }]);
  const ledger = join(root, 'gait.ledger.jsonl');
  await startEngineSession(ledger, { session_id: 'gait.ledger', run_id: 'gait.ledger' }, QUICK);
  const journal = await openEngineJournal(ledger, QUICK);
  const about = { session_id: 's1', reason: 'case 7' };
  const tools = [
    'gait.hold.set',
    'gait.hold.release',
    'gait.prune.intent',
    'gait.erase.receipt',
    'gait.journal.repair',
  ];
  for (const [n, tool] of tools.entries()) {
    const attributes = n < 2 ? about : {};
    await journal.append({ tool_name: tool, verdict: 'allow', created_at: at(n + 2), actor: 'ops', attributes });
  }
  await journal.close();
  const { entries } = await told(root);
  expect(entries.map(({ kind }) => kind)).toEqual(['event', 'hold', 'hold', 'prune', 'erase', 'repair']);
  expect((await told(root, { sessionId: 's1' })).entries).toMatchObject([
    { kind: 'event', sequence: 1 },
    { kind: 'hold', subject_session_id: 's1', reason: 'case 7', actor: 'ops' },
    { kind: 'hold', tool_name: 'gait.hold.release' },
  ]);
});

test.each<[string, TimelineSource, object, string]>([
  ['no such root', '/no/such/root', {}, 'FILE_NOT_FOUND'],
  ['no journal', { journals: [] }, {}, 'INVALID_ARGUMENT'],
  ['an unknown option', '.', { form: 'x' }, 'INVALID_ARGUMENT'],
  ['a limit of nothing', '.', { limit: 0 }, 'INVALID_ARGUMENT'],
  ['more than memory is meant to hold', '.', { limit: 100_001 }, 'INVALID_ARGUMENT'],
  ['a verdict that is none', '.', { verdict: 'maybe' }, 'INVALID_ARGUMENT'],
  ['a time that is none', '.', { from: 'now' }, 'INVALID_ARGUMENT'],
  ['an end before the beginning', '.', { from: at(2), to: at(1) }, 'INVALID_ARGUMENT'],
  ['a window around nothing', '.', { windowMs: 5 }, 'INVALID_ARGUMENT'],
  ['two windows', '.', { around: at(1), from: at(1) }, 'INVALID_ARGUMENT'],
  ['a negative window', '.', { around: at(1), windowMs: -1 }, 'INVALID_ARGUMENT'],
  ['an unknown clock', '.', { by: 'mtime' }, 'INVALID_ARGUMENT'],
])('%s is refused', async (_, source, filter, code) => {
  expect((await caught(told(source, filter as TimelineFilter))).code).toBe(code);
});

test('an event that names a file which is no trace shows nothing of it', async () => {
  const root = newFolder();
  const secret = join(root, 'secret.txt');
  writeFileSync(secret, 'hello');
  const other = putTrace(newFolder(), 'x', {});
  const path = await newSession(root, 's1', [
    { trace_path: secret },
    { trace_path: '/dev/zero' },
    { trace_path: other, trace_id: sha256('another').slice(0, 24) },
  ]);
  const { entries, summary } = await told({ journals: [path] });
  expect([entries.length, summary.trace_files, summary.problem_count]).toEqual([3, 0, 0]);
  let lines = 0;
  for await (const _ of readJournal(path)) lines += 1;
  expect(lines).toBe(4);
});
