/** The power goes at every step of a compaction; the disk is then in every state that it may be found in. */
import { describe, expect, it } from 'vitest';
import {
  openJournal,
  readJournal,
  startSession,
  verifyJournal,
  type Journal,
  type OpenOptions,
  type Receipt,
} from '../../src/index.js';
import { IDS, toolCall } from '../support/journal-fixtures.js';
import { ModelDisk, PowerCutError } from '../support/model-disk.js';
import { KEY } from '../support/sealed-session.js';

const PATH = '/disk/s1.jsonl';

function optionsOf({ fs }: ModelDisk): OpenOptions {
  return { fileSystem: fs, clock: () => Date.UTC(2026, 1, 1), lockLayers: 'kernel' };
}

/** Receipts that were given, and how often a compaction said it was done. */
interface Told {
  readonly receipts: Receipt[];
  compactions: number;
}

async function workload(disk: ModelDisk, told: Told): Promise<void> {
  disk.fs.mkdirs('/disk', 0o750);
  disk.fs.syncDirectory('/');
  await startSession(PATH, IDS, optionsOf(disk));
  const journal = await openJournal(PATH, optionsOf(disk));
  for (const round of [1, 2]) {
    told.receipts.push(...(await journal.appendAll([toolCall(round), toolCall(round + 10)])));
    await journal.checkpoint({ key: KEY });
    told.receipts.push(await journal.append(toolCall(round + 20, { idempotency_key: `key ${round}` })));
    await journal.compact();
    told.compactions += 1;
  }
  await journal.close();
}

async function untilCut(
  cutAt: number,
): Promise<{ readonly disk: ModelDisk; readonly told: Told; readonly isCut: boolean }> {
  const disk = new ModelDisk();
  const told: Told = { receipts: [], compactions: 0 };
  disk.cutAt = cutAt;
  try {
    await workload(disk, told);
    return { disk, told, isCut: false };
  } catch (error) {
    // A cut may come to its caller inside an error of ours, as an injected failure would; nothing happens after it either way.
    if (disk.steps < cutAt) throw error;
    return { disk, told, isCut: true };
  }
}

async function texts(disk: ModelDisk): Promise<string[]> {
  const found: string[] = [];
  for await (const { text } of readJournal(PATH, { fileSystem: disk.fs })) found.push(text);
  return found;
}

/** What must hold in any state: everything acknowledged is there, proved; the next append works; the next compaction finishes. */
async function expectWhole(disk: ModelDisk, told: Told, name: string): Promise<void> {
  const options = optionsOf(disk);
  const status = await startSession(PATH, IDS, options);
  const journal: Journal = await openJournal(PATH, options);
  const next = await journal.append(toolCall(99));
  expect(next.sequence, name).toBeGreaterThan(told.receipts.at(-1)?.sequence ?? 0);
  expect(next.sequence, name).toBeGreaterThan(status.last_sequence);
  const before = await texts(disk);
  await journal.checkpoint({ key: KEY });
  const { compacted } = await journal.compact();
  expect(compacted, name).toBe(true);
  await journal.close();
  expect((await texts(disk)).slice(0, before.length), name).toEqual(before);
  for (const receipt of told.receipts) {
    const report = await verifyJournal(PATH, {
      fileSystem: disk.fs,
      publicKeys: [KEY.publicKey],
      profile: 'strict',
      since: JSON.stringify(receipt),
    });
    expect({ name, problems: report.problems, retention: report.retention }).toEqual({
      name,
      problems: [],
      retention: 'intact',
    });
  }
  const leftovers = [...disk.files().keys()].filter((path) => path.includes('segments/') && path.includes('.tmp-'));
  // Old enough by the model's clock, which stands still: the next compaction clears them away.
  expect(leftovers, name).toEqual([]);
}

describe('a power cut at every step of appends, checkpoints and compactions', () => {
  it('leaves a journal that opens, proves everything acknowledged, and compacts again', async () => {
    let states = 0;
    let cuts = 0;
    for (let cutAt = 1; ; cutAt += 1) {
      const { disk, told, isCut } = await untilCut(cutAt);
      if (!isCut) break;
      cuts += 1;
      for (const { name, disk: found } of disk.crashStates()) {
        // Before the folder is durable there is nothing to come back to.
        if (found.fs.lstat('/disk') === undefined) continue;
        states += 1;
        await expectWhole(found, told, `cut at step ${cutAt}: ${name}`);
      }
    }
    expect(cuts).toBeGreaterThan(60);
    expect(states).toBeGreaterThan(300);
  }, 300_000);

  it('is a cut: nothing reaches the disk after it', async () => {
    const { disk, isCut } = await untilCut(40);
    expect(isCut).toBe(true);
    expect(() => disk.fs.mkdir('/other', 0o750)).toThrow(PowerCutError);
  });
});
