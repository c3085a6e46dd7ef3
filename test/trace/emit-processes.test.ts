/** Emissions from processes that know nothing of each other, and from some that die at any moment. */
import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, describe, expect, test } from 'vitest';
import { initKeys, loadPublicKey, verifyJournal, verifyTraceFile } from '../../src/index.js';
import { newFolder, newJournal, withJournal, toolCall } from '../support/journal-fixtures.js';
import { repositoryRoot } from '../support/paths.js';
import { seededRandom, testSeed } from '../support/seeded.js';
import { decision, mismatches, readTraceFile, tracesIn } from './emitting.js';

const SEED = testSeed();
const PROCESSES = 8;
const EACH = 125;
const KILLS = 40;
const MAX_LIFE_MS = 30;
/** Starting Node takes about this long. */
const MAX_EARLY_MS = 150;

let privateKey: string;
let publicKeys: Uint8Array[];

beforeAll(() => {
  const { privateKeyPath, publicKeyPath } = initKeys({ outDir: newFolder() });
  privateKey = privateKeyPath;
  publicKeys = [loadPublicKey({ path: publicKeyPath })];
});

interface Emitter {
  readonly child: ChildProcessWithoutNullStreams;
  readonly emitted: { readonly path: string; readonly event_id: string }[];
  readonly ended: Promise<unknown[]>;
  stderr: string;
}

function emitter(options: object, count?: number): Emitter {
  const script = join(repositoryRoot, 'test', 'trace', 'workers', 'emit.mjs');
  const settings = JSON.stringify({ decision, options, privateKey, ...(count === undefined ? {} : { count }) });
  const child = spawn(process.execPath, [script, settings], { stdio: 'pipe' });
  const one: Emitter = { child, emitted: [], ended: once(child, 'close'), stderr: '' };
  let rest = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (one.stderr += text));
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    one.emitted.push(...lines.map((line) => JSON.parse(line) as Emitter['emitted'][number]));
  });
  return one;
}

describe.each([
  ['into one folder', false],
  ['into one folder and one journal', true],
])('1,000 emissions of one decision from 8 processes, %s', (_, hasJournal) => {
  test('are 1,000 files and 1,000 event_ids of one trace_id', async () => {
    const dir = newFolder();
    const journal = hasJournal ? await newJournal(0, {}) : undefined;
    const options = journal === undefined ? { dir } : { dir, journal };
    const emitters = Array.from({ length: PROCESSES }, () => emitter(options, EACH));
    await Promise.all(emitters.map(({ ended }) => ended));
    expect(emitters.map(({ stderr }) => stderr).join('')).toBe('');
    const { traces, hidden } = tracesIn(dir);
    const records = traces.map((name) => readTraceFile(join(dir, name)));
    expect([traces.length, hidden]).toEqual([PROCESSES * EACH, []]);
    expect(new Set(records.map((record) => record['event_id'])).size).toBe(PROCESSES * EACH);
    expect(new Set(records.map((record) => record['trace_id'])).size).toBe(1);
    const told = emitters.flatMap(({ emitted }) => emitted.map((each) => each.event_id));
    expect(told.toSorted()).toEqual(records.map((record) => String(record['event_id'])).toSorted());
    for (const name of traces) expect(verifyTraceFile(join(dir, name), { publicKeys }).verdict).toBe('valid');
    if (journal !== undefined) {
      expect(await mismatches(journal, dir)).toEqual([]);
      expect(await verifyJournal(journal)).toMatchObject({ ok: true, coverage: { events: PROCESSES * EACH } });
    }
  }, 300_000);
});

test(`emitters that die by SIGKILL, ${KILLS} times (seed ${SEED}), leave what the next append makes whole`, async () => {
  const random = seededRandom(SEED);
  const journal = await newJournal(0, {});
  const dir = join(newFolder(), 'traces');
  const told = new Set<string>();
  for (let round = 0; round < KILLS; round += 1) {
    const one = emitter({ dir, journal });
    if (round % 4 === 0) await sleep(random() * MAX_EARLY_MS);
    else {
      while (one.emitted.length === 0 && one.child.exitCode === null) await sleep(1);
      await sleep(random() * MAX_LIFE_MS);
    }
    one.child.kill('SIGKILL');
    await one.ended;
    expect(one.stderr).toBe('');
    for (const { event_id: id } of one.emitted) told.add(id);
    await withJournal(journal, (handle) => handle.append(toolCall(round)), { lockTimeoutMs: 1_000 });
    expect({ round, found: await mismatches(journal, dir) }).toEqual({ round, found: [] });
  }
  const { traces, hidden } = tracesIn(dir);
  const kept = new Set(traces.map((name) => readTraceFile(join(dir, name))['event_id']));
  expect(hidden).toEqual([]);
  expect([...told].filter((id) => !kept.has(id))).toEqual([]);
  expect(await verifyJournal(journal)).toMatchObject({ ok: true });
}, 300_000);
