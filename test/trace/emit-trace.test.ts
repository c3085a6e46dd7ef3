/** What an emission writes, judged by an independent verifier, and what it refuses. */
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  emitTrace,
  openJournal,
  readJournal,
  startSession,
  verifyTrace,
  verifyTraceFile,
  type TraceInput,
} from '../../src/index.js';
import { folderContent, caught, IDS, newFolder, newJournal, QUICK } from '../support/journal-fixtures.js';
import { key, publicKeys } from './checked.js';
import { decision, emission, mismatches, readTraceFile, sha256, signer, tracesIn } from './emitting.js';
import { fullRecord, signatureOver, type Fields } from './oracle.js';

const NOW = '2026-02-01T09:30:00Z';

describe('a trace', () => {
  test('has the fields, ids and signature of the specification, by an oracle that shares no code', async () => {
    const dir = newFolder();
    const { path, trace } = await emitTrace(decision, { ...emission, dir, producerVersion: '9.9' });
    const id = sha256(`${decision.policy_digest}:${decision.intent_digest}:block`).slice(0, 24);
    const record: Fields = {
      schema_id: 'gait.gate.trace',
      schema_version: '1.0.0',
      created_at: NOW,
      observed_at: NOW,
      producer_version: '9.9',
      trace_id: id,
      event_id: sha256(`${id}:${NOW}`).slice(0, 24),
      ...decision,
    };
    expect(trace).toEqual({ ...record, signature: signatureOver(record, key) });
    expect(path).toBe(join(dir, `trace_${id}_${String(record['event_id'])}.json`));
    expect(readFileSync(path, 'utf8')).toBe(`${JSON.stringify(trace, null, 2)}\n`);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(verifyTraceFile(path, { publicKeys })).toMatchObject({ verdict: 'valid', warning_count: 0 });
    expect(tracesIn(dir).hidden).toEqual([]);
  });

  test('carries every field of 1.2.3 and those of 1.4.0, and verifies', async () => {
    const { schema_id, schema_version, observed_at, producer_version, trace_id, event_id, ...given } = fullRecord;
    const { trace } = await emitTrace(given as unknown as TraceInput, { ...emission, dir: newFolder() });
    expect(trace).toMatchObject({ ...given, schema_id, schema_version, trace_id });
    expect([observed_at, producer_version, event_id]).not.toContain(undefined);
    expect(verifyTrace(JSON.stringify(trace), 't.json', { publicKeys })).toMatchObject({ verdict: 'valid' });
  });

  test('is signed over the text that the Go tool makes of it: no empty optional field, one spelling of times', async () => {
    const input = {
      ...decision,
      args_digest: decision.args_digest.toUpperCase(),
      created_at: '2026-02-01T10:30:00.500+01:00',
      violations: ['b ', '', 'a', 'b'],
      latency_ms: 0,
      context_evidence_mode: '',
      delegation_ref: { delegation_depth: 0, scope_class: 'write' },
    };
    const { trace } = await emitTrace(input, { ...emission, dir: newFolder() });
    expect(trace).toMatchObject({
      args_digest: decision.args_digest,
      created_at: '2026-02-01T09:30:00.5Z',
      violations: ['a', 'b'],
      delegation_ref: { scope_class: 'write' },
    });
    expect(Object.keys(trace)).not.toContain('latency_ms');
    expect(Object.keys(trace)).not.toContain('context_evidence_mode');
    const { warnings, ok } = verifyTrace(JSON.stringify(trace), 't.json', { publicKeys });
    expect([ok, warnings]).toEqual([true, []]);
  });

  test('keeps the nanoseconds of its clock', async () => {
    const clock = (): number => Date.UTC(2026, 1, 1) + 0.25;
    const { trace } = await emitTrace(decision, { ...emission, clock, dir: newFolder() });
    expect(trace['observed_at']).toBe('2026-02-01T00:00:00.00025Z');
  });
});

describe('the same decision again', () => {
  test('is another file with another event_id, though the clock stands still', async () => {
    const dir = newFolder();
    const emitted = [];
    for (let n = 0; n < 20; n += 1) emitted.push(await emitTrace(decision, { ...emission, dir }));
    expect(new Set(emitted.map(({ trace }) => trace['trace_id'])).size).toBe(1);
    expect(new Set(emitted.map(({ trace }) => trace['event_id'])).size).toBe(20);
    expect(tracesIn(dir).traces).toHaveLength(20);
    for (const { path } of emitted) expect(verifyTraceFile(path, { publicKeys }).verdict).toBe('valid');
  });

  test('overwrites what is at a path of its own, but only another trace', async () => {
    const out = join(newFolder(), 'sub', 'trace.json');
    await emitTrace(decision, { ...emission, out });
    const { trace } = await emitTrace({ ...decision, verdict: 'allow' }, { ...emission, out });
    expect(readTraceFile(out)).toEqual(trace);
    for (const text of ['', 'my notes', '{"record_type":"header"}']) {
      writeFileSync(out, text);
      expect((await caught(emitTrace(decision, { ...emission, out }))).code).toBe('OUTPUT_EXISTS');
      expect(readFileSync(out, 'utf8')).toBe(text);
    }
  });
});

describe('with a journal', () => {
  test('trace and event are there, and name each other', async () => {
    const journal = await newJournal();
    const event = { actor: 'agent-1', reason_codes: ['rule_7'], intent_id: 'i1', attributes: { a: 1 } };
    const input = { ...decision, correlation_id: 'req-7', violations: ['v1'], created_at: '2026-01-31T00:00:00Z' };
    const { path, trace, receipt } = await emitTrace(input, { ...emission, journal, event });
    const events = [];
    for await (const line of readJournal(journal)) if (line.recordType === 'event') events.push(line.event);
    expect(events).toMatchObject([
      {
        ...event,
        sequence: receipt?.sequence,
        tool_name: 'fs.delete',
        verdict: 'block',
        created_at: '2026-01-31T00:00:00Z',
        trace_id: trace['trace_id'],
        trace_path: path,
        correlation_id: 'req-7',
        intent_digest: decision.intent_digest,
        policy_digest: decision.policy_digest,
        violations: ['v1'],
      },
    ]);
    expect(path.startsWith(join(journal, '..', 'traces'))).toBe(true);
    expect(await mismatches(journal)).toEqual([]);
  });

  test('an open handle is used, also one that keeps every other out', async () => {
    const path = await newJournal();
    const journal = await openJournal(path, { ...QUICK, lock: 'exclusive', durability: 'buffered' });
    const dir = join(newFolder(), 'elsewhere');
    const emitted = await Promise.all(
      Array.from({ length: 30 }, async (_, n) => {
        if (n % 3 === 0) await journal.append({ tool_name: 'plain', verdict: 'allow' });
        return await emitTrace(decision, { ...emission, journal, dir });
      }),
    );
    await journal.close();
    expect(new Set(emitted.map(({ trace }) => trace['event_id'])).size).toBe(30);
    expect(tracesIn(dir).traces).toHaveLength(30);
    expect(await mismatches(path, dir)).toEqual([]);
  });

  test('a path of its own is never overwritten: an event names what is there', async () => {
    const journal = await newJournal();
    const out = join(newFolder(), 'trace.json');
    await emitTrace(decision, { ...emission, out });
    const before = readFileSync(out, 'utf8');
    const content = readFileSync(journal, 'utf8');
    expect((await caught(emitTrace(decision, { ...emission, out, journal }))).code).toBe('OUTPUT_EXISTS');
    expect([readFileSync(out, 'utf8'), readFileSync(journal, 'utf8')]).toEqual([before, content]);
  });

  test('a closed session takes neither the event nor the trace', async () => {
    const path = await newJournal(1);
    const journal = await openJournal(path, QUICK);
    await journal.complete();
    await journal.close();
    const dir = newFolder();
    expect((await caught(emitTrace(decision, { ...emission, journal: path, dir }))).code).toBe('SESSION_CLOSED');
    expect(folderContent(dir)).toEqual({});
  });

  test('a journal that is not there leaves no trace', async () => {
    const folder = newFolder();
    const journal = join(folder, 'gone.jsonl');
    expect((await caught(emitTrace(decision, { ...emission, journal }))).code).toBe('JOURNAL_NOT_FOUND');
    expect(folderContent(folder)).toEqual({});
  });
});

describe('refused, with nothing written:', () => {
  test.each<[string, object, string]>([
    ['no object', ['x'], 'INVALID_TRACE'],
    ['a missing tool', { tool_name: undefined }, 'tool_name'],
    ['a tool with a line break', { tool_name: 'a\nb' }, 'tool_name'],
    ['an unknown verdict', { verdict: 'maybe' }, 'verdict'],
    ['a digest that is none', { policy_digest: 'abc' }, 'policy_digest'],
    ['a missing digest', { args_digest: undefined }, 'args_digest'],
    ['a date without a time', { created_at: '2026-02-01' }, 'created_at'],
    ['more digits than nanoseconds', { created_at: '2026-02-01T00:00:00.1234567891Z' }, 'created_at'],
    ['a negative latency', { latency_ms: -1 }, 'latency_ms'],
    ['violations that are no list', { violations: 'v' }, 'violations'],
    [
      'a nested field of another type',
      { delegation_ref: { delegation_depth: 'deep' } },
      'delegation_ref.delegation_depth',
    ],
    ['a field that no reader knows', { mood: 'good' }, 'mood'],
    ['an unknown nested field', { delegation_ref: { mood: 'good' } }, 'delegation_ref.mood'],
    ['an id of the emission', { event_id: 'x' }, 'event_id'],
    ['a signature', { signature: {} }, 'signature'],
  ])('%s', async (_, change, field) => {
    const dir = newFolder();
    const input = (Array.isArray(change) ? change : { ...decision, ...change }) as TraceInput;
    const { code, details } = await caught(emitTrace(input, { ...emission, dir }));
    expect(code).toBe('INVALID_TRACE');
    if (field !== 'INVALID_TRACE') expect(details['field']).toBe(field);
    expect(folderContent(dir)).toEqual({});
  });

  test('a folder and a file at once, a path that leads out, the name of a session file', async () => {
    const dir = newFolder();
    const both = { ...emission, dir, out: join(dir, 't.json') };
    expect((await caught(emitTrace(decision, both))).code).toBe('INVALID_ARGUMENT');
    expect((await caught(emitTrace(decision, { ...emission, dir: '../x' }))).code).toBe('INVALID_PATH');
    const journal = join(dir, 's1.jsonl');
    await startSession(journal, IDS, QUICK);
    const before = folderContent(dir);
    for (const out of [`${journal}.state.json`, `${journal}.gait/index`]) {
      expect((await caught(emitTrace(decision, { ...emission, out }))).code).toBe('OUTPUT_EXISTS');
    }
    expect(folderContent(dir)).toEqual(before);
  });
});

test('a companion belongs to one event without a payload', async () => {
  const path = await newJournal();
  const journal = await openJournal(path, QUICK);
  const companion = { path: join(newFolder(), 'c.txt'), content: Buffer.from('c') };
  const event = { tool_name: 't', verdict: 'allow' } as const;
  const payload = { content: Buffer.from('p') };
  expect((await caught(journal.append(event, { companion, payload }))).code).toBe('INVALID_ARGUMENT');
  expect((await caught(journal.appendAll([event, event], { companion }))).code).toBe('INVALID_ARGUMENT');
  const attributes = { text: 'x'.repeat(70_000) };
  expect((await caught(journal.append({ ...event, attributes }, { companion }))).code).toBe('LINE_TOO_LONG');
  const conflict = journal.append(event, { companion, expectedSequence: 7 });
  expect((await caught(conflict)).code).toBe('SEQUENCE_CONFLICT');
  expect(existsSync(companion.path)).toBe(false);
  const keyed = { ...event, idempotency_key: 'k' };
  const first = await journal.append(keyed, { companion });
  const other = { path: join(newFolder(), 'd.txt'), content: Buffer.from('d') };
  expect(await journal.append(keyed, { companion: other })).toEqual(first);
  await journal.close();
  expect([existsSync(companion.path), existsSync(other.path)]).toEqual([true, false]);
});

test('a trace folder that is a file is an error, and nothing is left', async () => {
  const folder = newFolder();
  writeFileSync(join(folder, 'file'), '');
  mkdirSync(join(folder, 'dir'));
  const before = folderContent(folder);
  const { code } = await caught(emitTrace(decision, { ...emission, key: signer, dir: join(folder, 'file') }));
  expect(['IO_ERROR', 'INVALID_PATH']).toContain(code);
  expect(folderContent(folder)).toEqual(before);
});
