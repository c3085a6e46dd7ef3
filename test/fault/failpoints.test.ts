/** Every call to the file system, of every operation, fails in turn. */
import { existsSync, readFileSync, rmSync, truncateSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  emitTrace,
  erasePayload,
  executePrune,
  initKeys,
  isGaitError,
  listHolds,
  listSessions,
  loadPrivateKey,
  openJournal,
  planPrune,
  proveInclusion,
  readJournal,
  readPayload,
  rotateKeys,
  setHold,
  startSession,
  timeline,
  verify,
  type Journal,
  type OpenOptions,
  type Receipt,
} from '../../src/index.js';
import { drawFaults, FailingFileSystem, temporariesIn, type Fault } from '../support/failpoints.js';
import { IDS, newFolder, QUICK, toolCall } from '../support/journal-fixtures.js';
import { IS_LONG, tell, times } from '../support/long-form.js';
import { logOf } from '../support/log-state.js';
import { KEY } from '../support/sealed-session.js';
import { seededRandom, testSeed } from '../support/seeded.js';

const SEED = testSeed();
const LATER = Date.UTC(2026, 6, 1);
/** Of the seven, in the long form. The errors of a disk are told apart in one place; other seeds draw other ones. */
const FAULTS_A_CALL = 2;

/** A root with one session, and somebody who works on it through a file system that fails. */
interface Scene {
  readonly root: string;
  readonly path: string;
  readonly disk: FailingFileSystem;
  readonly options: OpenOptions & { readonly clock: () => number };
  /** Acknowledged before the operation. */
  readonly receipts: Receipt[];
}

interface Operation {
  readonly name: string;
  readonly run: (scene: Scene) => Promise<unknown>;
  /** Before the faults: on the real disk. */
  readonly prepare?: (scene: Scene) => Promise<unknown>;
  /** Nothing of it may be there after it failed, beside what was there before. */
  readonly mayClose?: boolean;
  /** Which locks the others of its journal take, too. */
  readonly layers?: { readonly lockLayers: 'both' };
}

async function setUp({ prepare }: Operation): Promise<Scene> {
  const root = newFolder();
  const path = join(root, 's1.jsonl');
  await startSession(path, IDS, QUICK);
  const disk = new FailingFileSystem();
  const { fileSystem: unsynced, ...quick } = QUICK;
  const scene = { root, path, disk, options: { ...quick, fileSystem: disk.fs }, receipts: [] };
  await onJournal({ ...scene, options: { ...quick, fileSystem: unsynced } }, async (journal) => [
    await journal.append(toolCall(1), { payload: { content: Buffer.from('evidence') } }),
    ...(await journal.appendAll([toolCall(2), toolCall(3)])),
  ]);
  // What it prepares, it may also spoil: only what was acknowledged before counts.
  await prepare?.({ ...scene, receipts: [], options: { ...quick, fileSystem: unsynced } });
  return scene;
}

/** Opens, works, closes; the first failure is the one that is told. */
async function onJournal(
  { path, options, receipts }: Scene,
  work: (journal: Journal) => Promise<unknown>,
): Promise<void> {
  const journal = await openJournal(path, options);
  try {
    receipts.push(...receiptsIn(await work(journal)));
  } finally {
    await journal.close();
  }
}

/** What was acknowledged: from then on it must be found. */
function receiptsIn(result: unknown): Receipt[] {
  return [result]
    .flat()
    .filter((item): item is Receipt => typeof item === 'object' && item !== null && 'sequence' in item);
}

const seal = (scene: Scene): Promise<void> => onJournal(scene, (journal) => journal.checkpoint({ key: KEY }));

async function all(items: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of items);
}

const holdRequest = { sessionId: 's1', reason: 'case 12', actor: 'counsel' };
const decision = {
  tool_name: 'tool.9',
  verdict: 'allow',
  args_digest: 'a'.repeat(64),
  intent_digest: 'b'.repeat(64),
  policy_digest: 'c'.repeat(64),
} as const;

async function prune(scene: Scene): Promise<void> {
  const { root, options } = scene;
  const { lockLayers: _layers, ...plain } = options;
  const policy = { ...plain, profile: 'short', clock: () => LATER };
  const plan = await planPrune(root, policy);
  await executePrune(plan, { ...policy, lockLayers: 'kernel', root, key: KEY });
}

const OPERATIONS: readonly Operation[] = [
  {
    name: 'start',
    run: ({ root, options }) => startSession(join(root, 'new/s2.jsonl'), { ...IDS, session_id: 's2' }, options),
  },
  { name: 'append', run: (scene) => onJournal(scene, (journal) => journal.append(toolCall(4))) },
  {
    name: 'append with both locks',
    layers: { lockLayers: 'both' },
    run: (scene) =>
      onJournal({ ...scene, options: { ...scene.options, lockLayers: 'both', lockTimeoutMs: 50 } }, (journal) =>
        journal.append(toolCall(4)),
      ),
  },
  {
    name: 'append in exclusive mode, buffered',
    run: (scene) =>
      onJournal({ ...scene, options: { ...scene.options, lock: 'exclusive', durability: 'buffered' } }, (journal) =>
        journal.append(toolCall(4)),
      ),
  },
  {
    name: 'append a group',
    run: (scene) => onJournal(scene, (journal) => journal.appendAll([toolCall(4), toolCall(5)])),
  },
  {
    name: 'append with a payload',
    run: (scene) =>
      onJournal(scene, (journal) => journal.append(toolCall(4), { payload: { content: Buffer.from('more') } })),
  },
  {
    name: 'recover a torn tail',
    prepare: async (scene) => {
      await onJournal(scene, (journal) => journal.append(toolCall(4)));
      truncateSync(scene.path, readFileSync(scene.path).length - 20);
      rmSync(`${scene.path}.gait/index`);
    },
    run: (scene) => onJournal(scene, (journal) => journal.append(toolCall(5))),
  },
  { name: 'checkpoint', run: seal },
  {
    name: 'checkpoint with runpack, chain and note',
    run: (scene) =>
      onJournal(scene, (journal) =>
        journal.checkpoint({
          key: KEY,
          out: join(scene.root, 'cp.zip'),
          noteOut: join(scene.root, 'cp.note'),
          chainOut: join(scene.root, 'chain.json'),
          withPayloads: true,
        }),
      ),
  },
  { name: 'complete', mayClose: true, run: (scene) => onJournal(scene, (journal) => journal.complete({ key: KEY })) },
  { name: 'compact', prepare: seal, run: (scene) => onJournal(scene, (journal) => journal.compact()) },
  {
    name: 'compact into a copy',
    prepare: seal,
    run: (scene) => onJournal(scene, (journal) => journal.compact({ out: join(scene.root, 'copy.jsonl') })),
  },
  {
    name: 'emit a trace with its event',
    run: ({ path, options }) => emitTrace(decision, { ...options, key: KEY, journal: path }),
  },
  { name: 'hold', run: ({ root, options }) => setHold(root, holdRequest, { ...options, key: KEY }) },
  {
    name: 'list holds',
    prepare: ({ root, options }) => setHold(root, holdRequest, { ...options, key: KEY }),
    run: ({ root, options: { fileSystem = QUICK.fileSystem } }) => listHolds(root, { fileSystem }),
  },
  {
    name: 'prune',
    mayClose: true,
    prepare: (scene) => onJournal(scene, (journal) => journal.complete({ key: KEY })),
    run: prune,
  },
  {
    name: 'erase',
    prepare: seal,
    run: ({ root, options }) =>
      erasePayload(
        { sessionId: 's1', sequence: 1, reason: 'asked by the person', actor: 'dpo' },
        { ...options, root, key: KEY },
      ),
  },
  {
    name: 'keys init and rotate',
    run: ({ root, options: { fileSystem = QUICK.fileSystem } }) => {
      const outDir = join(root, 'keys');
      return Promise.resolve().then(() => [initKeys({ outDir, fileSystem }), rotateKeys({ outDir, fileSystem })]);
    },
  },
  {
    name: 'keys replaced',
    prepare: ({ root }) => Promise.resolve(initKeys({ outDir: join(root, 'keys') })),
    run: ({ root, options: { fileSystem = QUICK.fileSystem } }) =>
      Promise.resolve().then(() => initKeys({ outDir: join(root, 'keys'), fileSystem, force: true })),
  },
  {
    name: 'load a key',
    prepare: ({ root }) => Promise.resolve(initKeys({ outDir: join(root, 'keys') })),
    run: ({ root, options: { fileSystem = QUICK.fileSystem } }) =>
      Promise.resolve().then(() => loadPrivateKey({ path: join(root, 'keys/gait_private.key') }, { fileSystem })),
  },
  {
    name: 'read',
    run: ({ path, options: { fileSystem = QUICK.fileSystem } }) => all(readJournal(path, { fileSystem })),
  },
  {
    name: 'read a payload',
    run: async ({ path, options: { fileSystem = QUICK.fileSystem } }) =>
      all((await readPayload(path, 1, { fileSystem })).content),
  },
  {
    name: 'list sessions',
    run: async ({ root, options: { fileSystem = QUICK.fileSystem } }) => {
      for await (const entry of listSessions(root, { fileSystem })) if ('error' in entry) throw entry.error;
    },
  },
  {
    name: 'prove',
    prepare: seal,
    run: ({ path, options: { fileSystem = QUICK.fileSystem } }) => proveInclusion(path, 2, { fileSystem }),
  },
  {
    name: 'verify a root',
    prepare: seal,
    run: async ({ root, options: { fileSystem = QUICK.fileSystem } }) => {
      const { ok, problems } = await verify(root, { fileSystem, publicKeys: [KEY.publicKey] });
      // A disk that does not answer is no proof of tampering, but no report may call it valid either.
      if (!ok) throw new ReportedError(problems.map(({ kind }) => kind).join());
    },
  },
  {
    name: 'timeline',
    run: async ({ path, options: { fileSystem = QUICK.fileSystem } }) => {
      let unread = 0;
      const onSummary = ({ problem_count: count }: { readonly problem_count: number }): void => void (unread = count);
      await all(timeline({ journals: [path] }, { fileSystem, onSummary }));
      if (unread > 0) throw new ReportedError('the summary names what could not be read');
    },
  },
];

/** A verifier that says what it could not read. */
class ReportedError extends Error {}

/** Codes that say what the disk did. The handle of a journal may have to be opened anew after some. */
const NO_SPACE = new Set<Fault>(['ENOSPC', 'EDQUOT']);
const IN_DOUBT = new Set(['SYNC_FAILED', 'HANDLE_POISONED']);

function expectRightCode(error: unknown, fault: Fault, when: string): string {
  if (error instanceof ReportedError) return 'REPORTED';
  if (!isGaitError(error)) throw new Error(`${when}: ${String(error)}`, { cause: error });
  const allowed =
    fault === 'short'
      ? ['DISK_FULL', 'IO_ERROR', 'HANDLE_POISONED', ...SHORT_READS]
      : [NO_SPACE.has(fault) ? 'DISK_FULL' : 'IO_ERROR', ...IN_DOUBT, ...(fault === 'EACCES' ? ['INVALID_KEY'] : [])];
  const found = { when, code: error.code, text: error.message };
  expect({ ...found, isAllowed: allowed.includes(error.code) }).toEqual({ ...found, isAllowed: true });
  return error.code;
}

/** A file that ends before its size says so was cut short by somebody, or is being: each reader has its word for that. */
const SHORT_READS = ['PAYLOAD_ALTERED', 'SEGMENT_DAMAGED', 'INVALID_KEY', 'JOURNAL_CORRUPT', 'JOURNAL_TRUNCATED'];

/** Everything acknowledged is there, nothing else that was refused, and the next one of everything works. */
async function expectUnharmed(
  scene: Scene,
  operation: Operation,
  code: string | undefined,
  when: string,
): Promise<void> {
  const { path, receipts } = scene;
  const isPruned = operation.name === 'prune' && !existsSync(path);
  if (isPruned) return;
  const journal = await openJournal(path, { ...QUICK, ...operation.layers });
  const next = await journal.append(toolCall(99)).catch((error: unknown) => {
    if (operation.mayClose === true && isGaitError(error) && error.code === 'SESSION_CLOSED') return undefined;
    throw error;
  });
  await journal.close();
  const lines = await logOf(path);
  for (const receipt of [...receipts, ...(next === undefined ? [] : [next])]) {
    const { event } = JSON.parse(lines[receipt.leaf_index] ?? '{}') as { event?: { sequence: number } };
    expect({ when, sequence: event?.sequence }).toEqual({ when, sequence: receipt.sequence });
  }
  const isRefused = code !== undefined && !IN_DOUBT.has(code) && operation.name.startsWith('append');
  // What an append was refused is not there. (A close that fails says so after its appends were kept.)
  if (isRefused && next !== undefined && scene.disk.hit?.operation === 'write' && scene.disk.hit.path === path) {
    expect({ when, sequence: next.sequence }).toEqual({ when, sequence: (receipts.at(-1)?.sequence ?? 0) + 1 });
  }
  const report = await verify(path, { publicKeys: [KEY.publicKey] });
  expect({ when, problems: report.problems }).toEqual({ when, problems: [] });
}

async function failOnce(operation: Operation, at: number, fault: Fault): Promise<'failed' | 'withstood' | 'not met'> {
  const scene = await setUp(operation);
  const { disk } = scene;
  disk.arm(at, fault);
  const error: unknown = await operation.run(scene).then(
    () => undefined,
    (failure: unknown) => failure,
  );
  disk.disarm();
  if (disk.hit === undefined) return 'not met';
  const { operation: call, path } = disk.hit;
  const when = `${operation.name}: call ${at}, ${call} of ${path.replace(dirname(scene.root), '')}, ${fault}`;
  const code = error === undefined ? undefined : expectRightCode(error, fault, when);
  expect({ when, open: [...disk.open.values()] }).toEqual({ when, open: [] });
  // What could not be unlinked is left, and a folder that cannot be read is not cleaned up.
  const mayLeave = call === 'unlink' || operation.name.startsWith('emit');
  if (!mayLeave) expect({ when, left: temporariesIn(scene.root) }).toEqual({ when, left: [] });
  await expectUnharmed(scene, operation, code, when);
  // The file of an event that may be kept waits for the next writer, who was here by now.
  if (call !== 'unlink') expect({ when, left: temporariesIn(scene.root) }).toEqual({ when, left: [] });
  if (operation.name !== 'start') await again(scene, operation, when);
  return error === undefined ? 'withstood' : 'failed';
}

/** The same operation once more, the disk being well again: it works, or says that it was done. */
async function again(scene: Scene, { run }: Operation, when: string): Promise<void> {
  scene.disk.arm(Infinity, 'EIO');
  const done = ['OUTPUT_EXISTS', 'NOTHING_TO_SEAL', 'SESSION_CLOSED', 'KEY_EXISTS', 'PAYLOAD_NOT_FOUND', 'PLAN_STALE'];
  try {
    await run(scene);
  } catch (error) {
    const found = isGaitError(error) ? error.code : String(error);
    expect({ when, again: found, isAllowed: done.includes(found) }).toEqual({ when, again: found, isAllowed: true });
  }
  expect({ when, open: [...scene.disk.open.values()] }).toEqual({ when, open: [] });
}

/** A failed expectation says what it found. */
function described(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return 'actual' in error ? JSON.stringify(error.actual) : error.message;
}

describe(`each call to the file system fails once (seed ${SEED})`, () => {
  test.each(OPERATIONS)(
    '$name: nothing acknowledged is lost, the error is right, nothing is left behind',
    async (operation) => {
      const random = seededRandom(SEED);
      const counts = { failed: 0, withstood: 0, 'not met': 0 };
      const scene = await setUp(operation);
      scene.disk.arm(Infinity, 'EIO');
      await operation.run(scene);
      const calls = scene.disk.seen;
      const counted = new Set(scene.disk.counted);
      const stride = IS_LONG ? 1 : Math.max(1, Math.floor(calls / 40));
      const faults: string[] = [];
      for (let at = 1 + Math.floor(random() * stride); at <= calls; at += stride) {
        for (const fault of drawFaults(times(1, FAULTS_A_CALL), counted.has(at), random)) {
          const outcome = await failOnce(operation, at, fault).catch((error: unknown) => {
            faults.push(described(error));
            return 'failed' as const;
          });
          counts[outcome] += 1;
        }
      }
      // All of them at once: what they have in common says where the mistake is.
      expect(faults).toEqual([]);
      tell(`failpoints, ${operation.name}`, { calls, ...counts });
      expect(counts.failed).toBeGreaterThan(0);
    },
    1_200_000,
  );
});
