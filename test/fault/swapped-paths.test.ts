/** Somebody puts a link in the place of a file between a look at it and its use: nothing outside the root is changed. */
import { existsSync, linkSync, mkdirSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  erasePayload,
  executePrune,
  isGaitError,
  planPrune,
  setHold,
  startSession,
  type FileSystem,
} from '../../src/index.js';
import { FaultFileSystem } from '../support/fault-file-system.js';
import { folderContent, IDS, newFolder, QUICK, toolCall, withJournal } from '../support/journal-fixtures.js';
import { sampler, tell } from '../support/long-form.js';
import { KEY } from '../support/sealed-session.js';
import { testSeed } from '../support/seeded.js';

const SEED = testSeed();
const clock = (): number => Date.UTC(2026, 6, 1);

interface Place {
  readonly root: string;
  readonly path: string;
  /** What must not change. */
  readonly outside: string;
}

/** A session with a payload, sealed and closed, with a ledger beside it. */
async function newPlace({ isClosed = false }: { readonly isClosed?: boolean } = {}): Promise<Place> {
  const root = join(newFolder(), 'root');
  const outside = newFolder();
  const path = join(root, 's1.jsonl');
  await startSession(path, IDS, QUICK);
  await withJournal(path, async (journal) => {
    await journal.append(toolCall(1), { payload: { content: Buffer.from('evidence') } });
    if (isClosed) await journal.complete({ key: KEY });
  });
  await setHold(root, { sessionId: 'other', reason: 'case 12', actor: 'counsel' }, { ...QUICK, clock, key: KEY });
  mkdirSync(join(outside, 'folder'));
  return { root, path, outside };
}

interface Operation {
  readonly name: string;
  readonly isClosed?: boolean;
  readonly run: (place: Place, fileSystem: FileSystem) => Promise<unknown>;
}

const OPERATIONS: readonly Operation[] = [
  {
    name: 'append',
    run: ({ path }, fileSystem) =>
      withJournal(path, (journal) => journal.append(toolCall(2)), { ...QUICK, fileSystem, clock }),
  },
  {
    name: 'checkpoint',
    run: ({ path, root }, fileSystem) =>
      withJournal(path, (journal) => journal.checkpoint({ key: KEY, out: join(root, 'cp.zip') }), {
        ...QUICK,
        fileSystem,
        clock,
      }),
  },
  {
    name: 'prune',
    isClosed: true,
    run: async ({ root }, fileSystem) => {
      const policy = { fileSystem, clock, profile: 'short' };
      await executePrune(await planPrune(root, policy), { ...policy, lockLayers: 'kernel', root, key: KEY });
    },
  },
  {
    name: 'erase',
    run: ({ root }, fileSystem) =>
      erasePayload(
        { sessionId: 's1', sequence: 1, reason: 'asked by the person', actor: 'dpo' },
        { ...QUICK, fileSystem, clock, root, key: KEY },
      ),
  },
];

type Trick = (inside: string, outside: string) => void;

const TRICKS: Readonly<Record<string, Trick>> = {
  'a symlink to another file outside': (inside, outside) => {
    writeFileSync(outside, 'mine, and none of yours\n');
    renameSync(inside, `${inside}-moved-away`);
    symlinkSync(outside, inside);
  },
  'a hard link to another file outside': (inside, outside) => {
    writeFileSync(outside, 'mine, and none of yours\n');
    renameSync(inside, `${inside}-moved-away`);
    linkSync(outside, inside);
  },
  'a dangling symlink': (inside, outside) => {
    renameSync(inside, `${inside}-moved-away`);
    symlinkSync(outside, inside);
  },
};

const victimsOf = ({ root, path }: Place): readonly string[] => [
  path,
  `${path}.gait/index`,
  `${path}.gait/guard`,
  join(root, 'gait.ledger.jsonl'),
];

describe(`a path that is swapped between two calls (seed ${SEED})`, () => {
  test.each(OPERATIONS)(
    'changes nothing outside the root: $name',
    async ({ name, run, isClosed = false }) => {
      const probe = new FaultFileSystem(QUICK.fileSystem);
      await run(await newPlace({ isClosed }), probe.fs);
      const calls = probe.calls.length;
      // As many of a short operation as of a long one.
      const isLookedAt = sampler(SEED, calls, Math.max(1, Math.floor(calls / 40)));
      const counts = { calls, swaps: 0, refused: 0 };
      for (const [how, trick] of Object.entries(TRICKS)) {
        for (let victim = 0; victim < 4; victim += 1) {
          for (let at = 1; at <= calls; at += 1) {
            if (!isLookedAt()) continue;
            const place = await newPlace({ isClosed });
            const target = victimsOf(place)[victim] ?? '';
            // A hard link in the place of the guard is the guard: the record in it is written over. See docs/reliability.md.
            if (target.endsWith('guard') && how.includes('hard link')) continue;
            const faults = new FaultFileSystem(QUICK.fileSystem);
            let before: unknown;
            faults.intercept = (_, proceed) => {
              if (faults.calls.length === at && existsSync(target)) {
                trick(target, join(place.outside, 'victim'));
                before = folderContent(place.outside);
              }
              return proceed();
            };
            const when = `${name}, ${how} for ${target.slice(dirname(place.root).length)} before call ${at}`;
            const error: unknown = await run(place, faults.fs).then(
              () => undefined,
              (failure: unknown) => failure,
            );
            if (before === undefined) continue;
            counts.swaps += 1;
            if (error !== undefined) counts.refused += 1;
            const foreign = isGaitError(error) ? undefined : error;
            expect([when, foreign]).toEqual([when, undefined]);
            expect({ when, outside: folderContent(place.outside) }).toEqual({ when, outside: before });
          }
        }
      }
      tell(`swapped paths, ${name}`, counts);
      expect(counts.swaps).toBeGreaterThan(0);
    },
    600_000,
  );
});
