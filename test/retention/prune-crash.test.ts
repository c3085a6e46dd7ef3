/** A prune that dies after any of its changes, alone or with the power: what is there verifies, and the next run finishes. */
import { cpSync, existsSync, mkdtempSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { verify, type FileSystem } from '../../src/index.js';
import { executePrune, planPrune } from '../../src/retention/index.js';
import { summarizeLedger } from '../../src/retention/ledger-reader.js';
import { tempDir } from '../support/temp-dir.js';
import { addCompacted, addSession, addTrace, at, event, KEY, newRoot, NOW } from './roots.js';
import { DeadError, DyingFileSystem } from './power-loss.js';

const work = tempDir();

/** An old session with a payload, a live one whose old lines were compacted, a trace; and one that stays. */
async function template(): Promise<string> {
  const place = newRoot();
  await addSession(place, 'old', {
    ageDays: 60,
    work: async (journal) => {
      await journal.append(event(3), { payload: { content: Buffer.from('evidence') } });
    },
  });
  await addCompacted(place, 'live', { ageDays: [60, 50, 1] });
  await addSession(place, 'young', { ageDays: 1 });
  addTrace(place, 't1', 60);
  return place.root;
}

function copyOf(root: string): string {
  const copy = join(mkdtempSync(join(work, 'c-')), 'sessions');
  cpSync(root, copy, { recursive: true });
  return copy;
}

function namesIn(root: string): string[] {
  return readdirSync(root, { recursive: true, encoding: 'utf8' })
    .filter((name) => !/gait\.ledger|\.gait\/(index|guard)$/.test(name))
    .toSorted();
}

const POLICY = { ...at(NOW), profile: 'medium' };

async function prune(root: string, digest: string, fileSystem: FileSystem = POLICY.fileSystem): Promise<void> {
  await executePrune(digest, { ...POLICY, fileSystem, root, key: KEY });
}

/** Everything verifies, whatever was removed so far. */
async function expectSound(root: string, when: string): Promise<void> {
  const report = await verify(root, { publicKeys: [KEY.publicKey] });
  expect([when, report.problems]).toEqual([when, []]);
  for (const name of readdirSync(root).filter((file) => file.endsWith('.jsonl'))) {
    const one = await verify(join(root, name), { publicKeys: [KEY.publicKey] });
    expect([when, name, one.problems]).toEqual([when, name, []]);
  }
}

describe('a prune that dies after any of its steps', () => {
  test.each([false, true])(
    'leaves a sound root and is finished by the next run; with the power cut: %s',
    async (cut) => {
      const root = await template();
      const whole = copyOf(root);
      const { plan_digest: digest, items } = await planPrune(whole, POLICY);
      const going = items.filter(({ action }) => action === 'delete').map(({ unit }) => unit);
      expect(going.toSorted()).toEqual(['file', 'segment', 'segment', 'session']);
      await prune(whole, digest);
      await expectSound(whole, 'uninterrupted');
      const expected = namesIn(whole);

      let steps = 0;
      for (let hasDied = true; hasDied; steps += 1) {
        const copy = copyOf(root);
        const dying = new DyingFileSystem(steps, mkdtempSync(join(work, 'g-')));
        await prune(copy, digest, dying.fs).catch(expectDeath);
        ({ hasDied } = dying);
        if (cut && hasDied) dying.cutPower();
        const when = `after step ${steps}`;
        await expectSound(copy, when);
        await expectGoneWhenSaid(copy, when);
        if (!hasDied) break;
        await prune(copy, digest);
        await expectSound(copy, `${when}, run again`);
        expect([when, namesIn(copy)]).toEqual([when, expected]);
        expect(existsSync(join(copy, '.gait-trash'))).toBe(false);
      }
      // Intent, folder, moves, mark, unlinks, tombstones, cleaning: fewer would mean that the test looked past them.
      expect(steps).toBeGreaterThan(40);
    },
  );
});

function expectDeath(error: unknown): void {
  let cause: unknown = error;
  while (cause instanceof Error) {
    if (cause instanceof DeadError) return;
    if ('code' in cause && cause.code === 'HANDLE_POISONED') return;
    cause = cause.cause;
  }
  throw error;
}

/** Once a receipt is there, nothing comes back, not even when the power goes. */
async function expectGoneWhenSaid(root: string, when: string): Promise<void> {
  const { intents } = await summarizeLedger(join(root, 'gait.ledger.jsonl'), {});
  const trash = join(root, '.gait-trash');
  if (intents.length === 0 || intents.some(({ isFinished }) => !isFinished) || !existsSync(trash)) return;
  const names = readdirSync(trash, { recursive: true, encoding: 'utf8' });
  expect([when, names.filter((name) => !/^\d+(\/moved\.json)?$/.test(name))]).toEqual([when, []]);
}
