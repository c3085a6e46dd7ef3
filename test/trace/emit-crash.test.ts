/**
 * An emission with its event that dies after any of the changes it makes to the disk, or whose disk fails at any of them: no
 * trace without its event, no event that names a trace that is not there (W14).
 */
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { emitTrace, openJournal, timeline, verify, verifyJournal, verifyTraceFile } from '../../src/index.js';
import { CHANGES, dyingAfter } from '../support/dying-disk.js';
import { errnoError, FaultFileSystem } from '../support/fault-file-system.js';
import {
  caught,
  linesOf,
  newFolder,
  newJournal,
  QUICK,
  removeIndex,
  toolCall,
  withJournal,
} from '../support/journal-fixtures.js';
import { publicKeys } from './checked.js';
import { decision, emission, mismatches, tracesIn } from './emitting.js';

/** As a crash: nothing of the process is left, neither its locks nor its index. */
async function dieEmitting(path: string, dir: string, steps: number): Promise<boolean> {
  const { fs, hasDied } = dyingAfter(steps);
  await emitTrace(decision, { ...emission, fileSystem: fs, journal: path, dir }).catch((error: unknown) => {
    if (!hasDied()) throw error;
  });
  rmSync(`${path}.lock`, { recursive: true, force: true });
  removeIndex(path);
  return hasDied();
}

const namesTrace = (line: string): boolean => line.includes('"trace_path"');

/** The next operation of anybody on the journal. */
const NEXT = {
  'an append': (path: string) => withJournal(path, (journal) => journal.append(toolCall(2))),
  'another emission': (path: string) => emitTrace(decision, { ...emission, journal: path, dir: newFolder() }),
  'a checkpoint': (path: string) => withJournal(path, (journal) => journal.checkpoint()),
} as const;

describe('an emission that dies after any of its changes to the disk', () => {
  test.each(Object.entries(NEXT))('is settled by %s', async (name, next) => {
    const seen = { without: 0, with: 0, owed: 0 };
    let steps = 0;
    for (let died = true; died; steps += 1) {
      const path = await newJournal(1);
      const dir = join(newFolder(), 'traces');
      died = await dieEmitting(path, dir, steps);
      // Before anybody else came: nothing that has the name of a trace is without its event.
      const isCommitted = linesOf(path).some(namesTrace);
      if (!isCommitted) expect(tracesIn(dir).traces).toEqual([]);
      if (isCommitted && tracesIn(dir).traces.length === 0) seen.owed += 1;
      await next(path);
      const committed = linesOf(path).filter((line) => namesTrace(line) && line.includes(dir)).length;
      expect({ steps, traces: tracesIn(dir).traces.length }).toEqual({ steps, traces: committed });
      if (name !== 'another emission') expect(await mismatches(path, dir)).toEqual([]);
      expect(existsSync(`${path}.gait/companion`)).toBe(false);
      expect(tracesIn(dir).hidden).toEqual([]);
      expect(await verifyJournal(path)).toMatchObject({ ok: true });
      seen[committed === 0 ? 'without' : 'with'] += 1;
    }
    expect(seen.without).toBeGreaterThan(5);
    expect(seen.with).toBeGreaterThan(4);
    // The state that the record is for was there.
    expect(seen.owed).toBeGreaterThan(0);
    expect(steps).toBeGreaterThan(12);
  });

  test('shows its trace in a timeline, wherever it died behind the event, and the timeline changes nothing', async () => {
    let owed = 0;
    for (let steps = 0, died = true; died; steps += 1) {
      const path = await newJournal(1);
      const dir = join(newFolder(), 'traces');
      died = await dieEmitting(path, dir, steps);
      const isCommitted = linesOf(path).some(namesTrace);
      const before = tracesIn(dir);
      if (isCommitted && before.traces.length === 0) owed += 1;
      const kinds: string[] = [];
      for await (const { kind } of timeline({ journals: [path] })) kinds.push(kind);
      expect(kinds.filter((kind) => kind === 'trace')).toHaveLength(isCommitted ? 1 : 0);
      expect(tracesIn(dir)).toEqual(before);
    }
    expect(owed).toBeGreaterThan(0);
  });

  test('is settled once for all: dying again while settling changes nothing', async () => {
    for (let first = 0, diedFirst = true; diedFirst; first += 1) {
      for (let second = 0, diedSecond = true; diedSecond; second += 1) {
        const path = await newJournal();
        const dir = join(newFolder(), 'traces');
        diedFirst = await dieEmitting(path, dir, first);
        const { fs, hasDied } = dyingAfter(second);
        await withJournal(path, (journal) => journal.append(toolCall(1)), { ...QUICK, fileSystem: fs }).catch(
          (error: unknown) => {
            if (!hasDied()) throw error;
          },
        );
        diedSecond = hasDied();
        rmSync(`${path}.lock`, { recursive: true, force: true });
        removeIndex(path);
        await withJournal(path, (journal) => journal.append(toolCall(2)));
        expect({ first, second, found: await mismatches(path, dir) }).toEqual({ first, second, found: [] });
        expect(tracesIn(dir).hidden).toEqual([]);
      }
    }
  }, 120_000);
});

describe('a disk that fails', () => {
  test.each([...CHANGES, 'open' as const])('once at any %s leaves trace and event, or neither', async (operation) => {
    for (let at = 1, hasFailed = true; hasFailed; at += 1) {
      const path = await newJournal();
      const dir = join(newFolder(), 'traces');
      const faults = new FaultFileSystem();
      let count = 0;
      faults.intercept = (call, proceed) => {
        // Locks have tests of their own.
        if (call.operation !== operation || /\.lock|guard|\/index/.test(call.path)) return proceed();
        count += 1;
        if (count === at) throw errnoError('EIO');
        return proceed();
      };
      const options = { ...emission, fileSystem: faults.fs, journal: path, dir };
      await emitTrace(decision, options).catch((error: unknown) => error);
      hasFailed = count >= at;
      await withJournal(path, (journal) => journal.append(toolCall(1)));
      expect({ at, found: await mismatches(path, dir) }).toEqual({ at, found: [] });
      expect(tracesIn(dir).hidden).toEqual([]);
    }
  });

  test('at the last step says that the event is kept; the next append puts the file in place', async () => {
    const path = await newJournal();
    const dir = newFolder();
    const faults = new FaultFileSystem();
    faults.fail('link', '.staged', 'EIO');
    const journal = await openJournal(path, { ...QUICK, fileSystem: faults.fs });
    const error = await caught(emitTrace(decision, { ...emission, journal, dir }));
    expect([error.code, error.details['sequence']]).toEqual(['IO_ERROR', 1]);
    // As long as it lasts nobody is kept from appending.
    await journal.append(toolCall(2));
    expect(tracesIn(dir).traces).toEqual([]);
    expect((await caught(emitTrace(decision, { ...emission, journal, dir }))).code).toBe('IO_ERROR');
    faults.intercept = undefined;
    await journal.append(toolCall(3));
    expect(await mismatches(path, dir)).toEqual([]);
    expect(tracesIn(dir).traces).toHaveLength(1);
    await journal.close();
  });
});

test.each([
  ['under a name of its own', false],
  ['over an older one', true],
])('a trace without a journal, %s, is whole or not there, whatever step its emission dies at', async (_, isOut) => {
  const found = new Set<string>();
  for (let steps = 0, died = true; died; steps += 1) {
    const dir = newFolder();
    const out = join(dir, 'trace_out.json');
    if (isOut) await emitTrace({ ...decision, verdict: 'allow' }, { ...emission, out });
    const { fs, hasDied } = dyingAfter(steps);
    const place = isOut ? { out } : { dir };
    await emitTrace(decision, { ...emission, ...place, fileSystem: fs }).catch((error: unknown) => {
      if (!hasDied()) throw error;
    });
    died = hasDied();
    const { traces } = tracesIn(dir);
    for (const name of traces) {
      const report = verifyTraceFile(join(dir, name), { publicKeys });
      expect({ steps, verdict: report.verdict }).toEqual({ steps, verdict: 'valid' });
      found.add(report.decision ?? '');
    }
    if (traces.length === 0) found.add('none');
  }
  expect([...found].toSorted()).toEqual(isOut ? ['allow', 'block'] : ['block', 'none']);
});

test('each step is on the disk before the next one begins', async () => {
  const path = await newJournal();
  const dir = newFolder();
  const faults = new FaultFileSystem();
  await emitTrace(decision, { ...emission, fileSystem: faults.fs, journal: path, dir });
  const steps = faults.calls.flatMap(({ operation, path: at, args }) => {
    const target = String(operation === 'rename' || operation === 'link' ? args[1] : at);
    const name = target
      .replace(path, 'P')
      .replace(dir, 'D')
      .replaceAll(/[0-9a-f]{12,}/g, '#');
    return CHANGES.includes(operation) && !/lock|guard|index/.test(name) ? [`${operation} ${name}`] : [];
  });
  const staged = 'D/.trace_#_#.json.staged';
  const inOrder = [
    'rename P.gait/companion',
    'syncDirectory P.gait',
    `sync ${staged}`,
    'syncDirectory D',
    'write P',
    'syncData P',
    'link D/trace_#_#.json',
    'syncDirectory D',
    `unlink ${staged}`,
    'unlink P.gait/companion',
  ];
  let from = 0;
  for (const step of inOrder) {
    const at = steps.indexOf(step, from);
    expect({ step, found: at >= 0, steps: steps.slice(from) }).toMatchObject({ step, found: true });
    from = at + 1;
  }
});

test.each([
  ['no JSON', '{'],
  ['nothing', ''],
  ['another shape', '[1]'],
  ['null', 'null'],
  ['an event that is not there', JSON.stringify({ sequence: 99, leaf_hash: 'x', path: '/nowhere/t.json' })],
])('a record that holds %s keeps nobody from appending, and is gone afterwards', async (_, text) => {
  const path = await newJournal(1);
  writeFileSync(`${path}.gait/companion`, text);
  await withJournal(path, (journal) => journal.append(toolCall(2)));
  expect(existsSync(`${path}.gait/companion`)).toBe(false);
  expect(await verify(path)).toMatchObject({ ok: true });
});

test('a record cannot be made to remove or replace anything but its own hidden file', async () => {
  const path = await newJournal(1);
  const folder = newFolder();
  const victim = join(folder, 'victim.txt');
  writeFileSync(victim, 'mine');
  for (const sequence of [1, 99]) {
    writeFileSync(`${path}.gait/companion`, JSON.stringify({ sequence, leaf_hash: 'x', path: victim }));
    await withJournal(path, (journal) => journal.append(toolCall(2)));
    expect(readFileSync(victim, 'utf8')).toBe('mine');
  }
  expect(dirname(victim)).toBe(folder);
});
