/** Evidence that others vouch for, spoilt: runpacks of a chain, the ledger of a root, the mark in a trash. */
import { cpSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import {
  erasePayload,
  executePrune,
  isGaitError,
  openJournal,
  planPrune,
  setHold,
  startSession,
  verify,
} from '../../src/index.js';
import { errnoError, FaultFileSystem } from '../support/fault-file-system.js';
import { newFolder, QUICK, toolCall, withJournal } from '../support/journal-fixtures.js';
import { tell, times } from '../support/long-form.js';
import { logOf } from '../support/log-state.js';
import { mutate } from '../support/mutations.js';
import { KEY } from '../support/sealed-session.js';
import { seededRandom, testSeed } from '../support/seeded.js';

const SEED = testSeed();
const ROUNDS = times(45, 450);
const LATER = { ...QUICK, clock: () => Date.UTC(2026, 6, 1) };
const TRUST = { publicKeys: [KEY.publicKey] };

/** What verifies, said in full; undefined when it does not. */
type Meaning = Promise<unknown>;

interface Kind {
  readonly name: string;
  readonly file: (root: string) => string;
  readonly read: (root: string, file: string) => Meaning;
}

/** A closed session with a runpack for each of its two checkpoints. */
async function addSession(root: string, id: string): Promise<void> {
  const path = join(root, `${id}.jsonl`);
  await startSession(path, { session_id: id, run_id: 'r' }, QUICK);
  await withJournal(path, async (journal) => {
    await journal.append(toolCall(1), { payload: { content: Buffer.from(`secret of ${id}`) } });
    await journal.checkpoint({ key: KEY, out: join(root, `${id}-1.zip`) });
    await journal.append(toolCall(2));
    await journal.complete({ key: KEY, out: join(root, `${id}-2.zip`) });
  });
}

const prune = async (root: string, fileSystem = LATER.fileSystem): Promise<void> => {
  const policy = { fileSystem, clock: LATER.clock, profile: 'short' };
  await executePrune(await planPrune(root, policy), { ...policy, lockLayers: 'kernel', root, key: KEY });
};

/** One session was pruned, one has lost a payload, one is held. */
async function prunedRoot(): Promise<string> {
  const root = newFolder();
  for (const id of ['s1', 'held', 'erased']) await addSession(root, id);
  for (const sessionId of ['held', 'erased']) {
    if (sessionId === 'erased') {
      const request = { sessionId, sequence: 1, reason: 'asked by the person', actor: 'dpo' };
      await erasePayload(request, { ...LATER, root, key: KEY });
    }
    await setHold(root, { sessionId, reason: 'case 12', actor: 'counsel' }, { ...LATER, key: KEY });
  }
  await prune(root);
  expect(existsSync(join(root, 's1.jsonl'))).toBe(false);
  return root;
}

/** The prune died when everything had been moved and marked, and nothing was unlinked yet. */
async function interruptedRoot(): Promise<string> {
  const root = newFolder();
  await addSession(root, 's1');
  await addSession(root, 's2');
  const faults = new FaultFileSystem(QUICK.fileSystem);
  faults.intercept = ({ operation, path }, proceed) => {
    if (operation === 'unlink' && path.includes('.gait-trash')) throw errnoError('EIO');
    return proceed();
  };
  await prune(root, faults.fs).catch(() => undefined);
  expect(existsSync(markIn(root))).toBe(true);
  return root;
}

function markIn(root: string): string {
  const trash = join(root, '.gait-trash');
  const [intent = 'none'] = existsSync(trash) ? readdirSync(trash) : [];
  return join(trash, intent, 'moved.json');
}

let pruned: string;
let interrupted: string;
beforeAll(async () => {
  [pruned, interrupted] = [await prunedRoot(), await interruptedRoot()];
});

const chain = async (root: string): Meaning => {
  const { ok } = await verify(join(root, 'held_chain.json'), TRUST);
  if (!ok) return undefined;
  const packs = [1, 2].map((number) => verify(join(root, `held-${number}.zip`), TRUST));
  return (await Promise.all(packs)).map((report) =>
    report.kind === 'runpack' ? report.manifest_digest : 'no runpack',
  );
};

const KINDS: readonly (Kind & { readonly from: () => string })[] = [
  { name: 'the first runpack of a chain', from: () => pruned, file: (root) => join(root, 'held-1.zip'), read: chain },
  { name: 'the last runpack of a chain', from: () => pruned, file: (root) => join(root, 'held-2.zip'), read: chain },
  {
    name: 'the ledger of a root',
    from: () => pruned,
    file: (root) => join(root, 'gait.ledger.jsonl'),
    read: async (root, file) => {
      const report = await verify(root, TRUST);
      if (!report.ok || report.kind !== 'root') return undefined;
      // A ledger that was cut back proves less, and says so: what it still proves was in it before.
      const lines = await logOf(file);
      const whole = await logOf(join(pruned, 'gait.ledger.jsonl'));
      expect(lines).toEqual(whole.slice(0, lines.length));
      return 'what it said';
    },
  },
  {
    name: 'the mark in a trash',
    from: () => interrupted,
    file: markIn,
    // Whoever may write to the trash may empty it. It leads nowhere else, and the next run ends in an error of gait or finishes.
    read: async (root) => {
      const outside = readFileSync(join(pruned, 'held.jsonl'));
      await prune(root);
      expect(readFileSync(join(pruned, 'held.jsonl'))).toEqual(outside);
      return 'finished';
    },
  },
];

describe(`evidence that others vouch for (seed ${SEED}, ${ROUNDS} of each kind)`, () => {
  test.each(KINDS)(
    '$name: refused or read, never a crash, never valid with another meaning',
    async ({ name, from, file, read }) => {
      const random = seededRandom(SEED);
      const original = readFileSync(file(from()));
      const meaning = await read(fresh(from()), file(fresh(from())));
      expect(meaning).toBeDefined();
      const counts = { refused: 0, 'valid still': 0 };
      for (let round = 0; round < ROUNDS; round += 1) {
        const root = fresh(from());
        const { name: how, bytes } = mutate(original, round, random);
        writeFileSync(file(root), bytes);
        const when = `${name}, ${how}, round ${round}`;
        const found = await read(root, file(root)).catch((error: unknown) => {
          // The disk did nothing wrong.
          if (!isGaitError(error) || ['INTERNAL', 'IO_ERROR'].includes(error.code))
            throw new Error(when, { cause: error });
          return undefined;
        });
        counts[found === undefined ? 'refused' : 'valid still'] += 1;
        if (found !== undefined) expect({ when, found }).toEqual({ when, found: meaning });
        await expectOpens(root, when);
      }
      tell(`hostile files, ${name}`, counts);
      expect(counts.refused).toBeGreaterThan(0);
    },
    600_000,
  );
});

/** Whatever was done to what vouches for it, the session beside it is what it was. */
async function expectOpens(root: string, when: string): Promise<void> {
  const path = join(root, 'held.jsonl');
  if (!existsSync(path)) return;
  const journal = await openJournal(path, QUICK);
  const { last_sequence: last } = await journal.status();
  await journal.close();
  expect([when, last]).toEqual([when, 3]);
}

let work: string | undefined;
function fresh(from: string): string {
  work ??= join(newFolder(), 'root');
  rmSync(work, { recursive: true, force: true });
  cpSync(from, work, { recursive: true });
  return work;
}
