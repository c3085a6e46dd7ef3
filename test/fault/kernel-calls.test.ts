/** The kernel itself fails a call, of every operation that changes a disk. `strace` makes it. */
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { loadPrivateKey, openJournal, startSession, verify, type Receipt } from '../../src/index.js';
import { codeOf } from '../support/appending.js';
import { temporariesIn } from '../support/failpoints.js';
import { IDS, newFolder, QUICK, toolCall, withJournal } from '../support/journal-fixtures.js';
import { canTrace, TracedProcess, type KernelCall } from '../support/kernel-faults.js';
import { IS_LONG, need, tell } from '../support/long-form.js';
import { logOf } from '../support/log-state.js';
import { KEY } from '../support/sealed-session.js';
import { seededRandom, testSeed } from '../support/seeded.js';

const SEED = testSeed();
const ERRNOS = ['EIO', 'ENOSPC', 'EDQUOT', 'EROFS', 'EACCES', 'EMFILE'] as const;
const NO_SPACE: readonly string[] = ['ENOSPC', 'EDQUOT'];
/** How often a call is to fail that another one came before. */
const ATTEMPTS = 5;
const IN_DOUBT = ['SYNC_FAILED', 'HANDLE_POISONED'];

interface Operation {
  readonly name: string;
  /** On a session of three events, the first with a payload. */
  readonly prepare?: (path: string) => Promise<unknown>;
}

const sealed = (path: string): Promise<unknown> => withJournal(path, (journal) => journal.checkpoint({ key: KEY }));

const OPERATIONS: readonly Operation[] = [
  { name: 'start' },
  { name: 'append' },
  { name: 'payload' },
  { name: 'checkpoint' },
  { name: 'compact', prepare: sealed },
  { name: 'prune', prepare: (path) => withJournal(path, (journal) => journal.complete({ key: KEY })) },
  { name: 'erase', prepare: sealed },
  { name: 'hold' },
  { name: 'rotate' },
  { name: 'trace' },
];

async function scene({ prepare }: Operation): Promise<{ readonly root: string; readonly receipts: Receipt[] }> {
  const root = join(newFolder(), 'root');
  mkdirSync(root);
  const path = join(root, 's1.jsonl');
  await startSession(path, IDS, QUICK);
  const receipts = await withJournal(path, async (journal) => [
    await journal.append(toolCall(1), { payload: { content: Buffer.from('evidence') } }),
    ...(await journal.appendAll([toolCall(2), toolCall(3)])),
  ]);
  await prepare?.(path);
  return { root, receipts };
}

/** Everything acknowledged is there, the next append works, and all of the root verifies. */
async function expectUnharmed(root: string, receipts: readonly Receipt[], when: string): Promise<void> {
  const path = join(root, 's1.jsonl');
  if (existsSync(path)) {
    const known = [...receipts];
    const journal = await openJournal(path);
    const code = await codeOf(journal.append(toolCall(9)).then((receipt) => void known.push(receipt)));
    await journal.close();
    expect(code, when).toBeOneOf([undefined, 'SESSION_CLOSED']);
    const lines = await logOf(path);
    const sequences = known.map(({ leaf_index: at }) => (JSON.parse(lines[at] ?? '{}') as Line).event?.sequence);
    expect({ when, sequences }).toEqual({ when, sequences: known.map(({ sequence }) => sequence) });
  }
  const { problems } = await verify(root, { publicKeys: [KEY.publicKey] });
  expect({ when, problems }).toEqual({ when, problems: [] });
  for (const prefix of ['gait', 'gait_next']) {
    const key = join(root, 'keys', `${prefix}_private.key`);
    if (existsSync(key)) loadPrivateKey({ path: key });
  }
}

interface Line {
  readonly event?: { readonly sequence: number };
}

function expectRightCode(code: string, errno: string, when: string): void {
  const allowed = [NO_SPACE.includes(errno) ? 'DISK_FULL' : 'IO_ERROR', ...IN_DOUBT];
  expect({ when, code, isAllowed: allowed.includes(code) }).toEqual({ when, code, isAllowed: true });
}

/** In the short form one call of each name, drawn; in the long form every call. */
function chosen(calls: readonly KernelCall[], random: () => number): KernelCall[] {
  if (IS_LONG) return [...calls];
  const names = [...new Set(calls.map(({ call }) => call))];
  const name = names[Math.floor(random() * names.length)];
  const named = calls.filter(({ call }) => call === name);
  return named.slice(Math.floor(random() * named.length)).slice(0, 1);
}

let traced: TracedProcess | undefined;
afterAll(() => traced?.end());

describe(`the kernel fails a call (seed ${SEED})`, () => {
  test.for(OPERATIONS)(
    '$name: nothing acknowledged is lost, the code is right, and the next append works',
    { timeout: 600_000 },
    async (operation, context) => {
      need(context, canTrace(), 'strace is not there, or may not trace');
      traced ??= await TracedProcess.start(newFolder());
      const random = seededRandom(SEED);
      const first = await scene(operation);
      const calls = await traced.calls(operation.name, first.root);
      const counts = { calls: calls.length, tried: 0, hits: 0, failed: 0 };
      for (const call of chosen(calls, random)) {
        const errno = ERRNOS[Math.floor(random() * ERRNOS.length)] ?? 'EIO';
        const when = `${operation.name}: ${call.call} ${call.nth}, ${errno}`;
        counts.tried += 1;
        // What Node does for itself in between moves the calls up or down: then another one has failed, and it is tried again.
        for (let attempt = 0, isMissed = true; isMissed && attempt < ATTEMPTS; attempt += 1) {
          const { root, receipts } = await scene(operation);
          const { isHit, code, receipts: acknowledged } = await traced.failing(operation.name, root, call, errno);
          isMissed = !isHit;
          if (isHit) counts.hits += 1;
          if (code !== undefined) {
            counts.failed += 1;
            expectRightCode(code, errno, when);
          }
          await expectUnharmed(root, [...receipts, ...acknowledged], when);
          if (call.call !== 'unlink') expect({ when, left: temporariesIn(root) }).toEqual({ when, left: [] });
        }
      }
      tell(`strace, ${operation.name}`, counts);
      expect(counts.hits).toBeGreaterThan(counts.tried / 2);
    },
  );
});
