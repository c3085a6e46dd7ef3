/** A checkpoint that dies after any of the changes it makes to the disk: what is left verifies, and the next one finishes. */
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  openJournal,
  verify,
  verifyJournal,
  writeNewFile,
  type CheckpointOptions,
  type Journal,
} from '../../src/index.js';
import { dyingAfter } from '../support/dying-disk.js';
import { caught, linesOf, newJournal, QUICK, removeIndex, toolCall, withJournal } from '../support/journal-fixtures.js';
import { KEY, STRICT } from '../support/sealed-session.js';

/** A session of three events, the first two sealed. */
async function unsealed(): Promise<string> {
  const path = await newJournal(2);
  await withJournal(path, async (journal) => {
    await journal.checkpoint({ key: KEY });
    await journal.append(toolCall(3));
  });
  return path;
}

const outputs = (
  folder: string,
): CheckpointOptions & { readonly out: string; readonly chainOut: string; readonly noteOut: string } => ({
  key: KEY,
  out: join(folder, 'cp2.zip'),
  chainOut: join(folder, 'copy_chain.json'),
  noteOut: join(folder, 'head.note'),
});

/** As a crash: nothing of the process is left, neither its locks nor its index. */
async function dieAfter(path: string, steps: number, work: (journal: Journal) => Promise<unknown>): Promise<boolean> {
  const { fs, start, hasDied } = dyingAfter(steps, false);
  const journal = await openJournal(path, { ...QUICK, fileSystem: fs });
  start();
  await work(journal).catch((error: unknown) => {
    if (!hasDied()) throw error;
  });
  const died = hasDied();
  await journal.close().catch((error: unknown) => {
    if (!hasDied()) throw error;
  });
  rmSync(`${path}.lock`, { recursive: true, force: true });
  removeIndex(path);
  return died;
}

describe.each<['checkpoint' | 'complete', number]>([
  ['checkpoint', 3],
  ['complete', 4],
])('a %s that dies after any of its steps', (how, events) => {
  const work =
    (options: CheckpointOptions) =>
    (journal: Journal): Promise<unknown> =>
      journal[how](options);

  it('leaves a journal that verifies as far as it is signed, and is finished by the next', async () => {
    const seen = new Set<string>();
    let steps = 0;
    for (let died = true; died; steps += 1) {
      const path = await unsealed();
      const folder = dirname(path);
      const before = readFileSync(path);
      const options = outputs(folder);
      died = await dieAfter(path, steps, work(options));
      const where = `after ${steps} steps`;

      const after = await verifyJournal(path, { publicKeys: [KEY.publicKey] });
      expect(after.ok, where).toBe(true);
      expect(readFileSync(path).subarray(0, before.length).equals(before), where).toBe(true);
      const isSealed = after.coverage.checkpoints === 2;
      const packed = readdirSync(folder).includes('cp2.zip');
      seen.add(`${packed ? 'packed' : 'unpacked'} ${isSealed ? 'sealed' : 'unsealed'}`);
      // A pack is there whole or not at all, and never after its checkpoint.
      if (packed) expect((await verify(options.out, STRICT)).ok, where).toBe(true);
      expect(isSealed && !packed, where).toBe(false);

      if (!isSealed && packed) {
        const pack = readFileSync(options.out);
        const again = await caught(withJournal(path, work(options)));
        expect(again.code, where).toBe('OUTPUT_EXISTS');
        expect(readFileSync(options.out).equals(pack), where).toBe(true);
      }
      await finish(path, isSealed, options);

      const done = await verifyJournal(path, STRICT);
      expect(done, where).toMatchObject({
        ok: true,
        coverage: { checkpoints: 2, unsigned_events: 0, closed: how === 'complete' },
      });
      expect(done.coverage.events, where).toBeGreaterThanOrEqual(events);
      for (const output of [options.noteOut, options.chainOut, join(folder, 'journal_chain.json')]) {
        expect((await verify(output, STRICT)).ok, `${where}: ${output}`).toBe(true);
      }
    }
    expect([...seen].toSorted()).toEqual(['packed sealed', 'packed unsealed', 'unpacked unsealed']);
    expect(steps).toBeGreaterThan(10);
  });

  /** What an operator does: seals again with another pack; what was sealed only lacks files that are made from the journal. */
  async function finish(
    path: string,
    isSealed: boolean,
    options: CheckpointOptions & { readonly noteOut: string },
  ): Promise<void> {
    await withJournal(path, async (journal) => {
      if (!isSealed) {
        await journal[how]({ ...options, out: join(dirname(path), 'again.zip') });
        return;
      }
      expect((await caught(journal[how](options))).code).toBe('NOTHING_TO_SEAL');
      await journal.rebuildChain(options.chainOut);
    });
    if (!readdirSync(dirname(path)).includes('head.note')) {
      const { note } = JSON.parse(linesOf(path).at(-1) ?? '') as { note: string };
      await writeNewFile(options.noteOut, Buffer.from(note));
    }
  }
});
