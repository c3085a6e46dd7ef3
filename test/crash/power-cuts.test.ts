/** The power goes at every step of everything that writes to a session; the disk is then in every state it may be found in. */
import { describe, expect, it } from 'vitest';
import {
  openJournal,
  readPayload,
  startSession,
  verify,
  type EventInput,
  type Journal,
  readJournal,
  type JournalLine,
} from '../../src/index.js';
import { IDS, toolCall } from '../support/journal-fixtures.js';
import type { ModelDisk } from '../support/model-disk.js';
import { cutEverywhere, expectKept, optionsOf, PATH, type Told, type Work } from '../support/power-cuts.js';
import { KEY } from '../support/sealed-session.js';
import { testSeed } from '../support/seeded.js';

const SEED = testSeed();

async function started(disk: ModelDisk, told: Told): Promise<void> {
  await startSession(PATH, IDS, optionsOf(disk));
  await onJournal(disk, async (journal) => void told.receipts.push(await journal.append(toolCall(0))));
}

async function onJournal(
  disk: ModelDisk,
  work: (journal: Journal) => Promise<void>,
  more: { readonly durability?: 'buffered'; readonly lock?: 'exclusive' } = {},
): Promise<void> {
  const journal = await openJournal(PATH, { ...optionsOf(disk), ...more });
  await work(journal);
  await journal.close();
}

async function recordsOn(disk: ModelDisk): Promise<JournalLine[]> {
  const found: JournalLine[] = [];
  for await (const line of readJournal(PATH, { fileSystem: disk.fs })) found.push(line);
  return found;
}

const group = (from: number, count: number): EventInput[] =>
  Array.from({ length: count }, (_, index) => toolCall(from + index, { attributes: { filler: 'x'.repeat(40) } }));

const APPENDS: Work = {
  name: 'start, durable appends and groups',
  run: async (disk, told) => {
    await startSession(PATH, IDS, optionsOf(disk));
    told.done.add('started');
    await onJournal(disk, async (journal) => {
      told.receipts.push(await journal.append(toolCall(1)));
      told.receipts.push(...(await journal.appendAll(group(2, 3))));
      const together = [toolCall(5, { idempotency_key: 'k' }), toolCall(6)].map((event) => journal.append(event));
      told.receipts.push(...(await Promise.all(together)));
    });
    await onJournal(disk, async (journal) => void told.receipts.push(await journal.append(toolCall(7))), {
      lock: 'exclusive',
    });
  },
  check: async (disk, told, when) => {
    if (told.done.has('started')) expect({ when, there: disk.fs.lstat(PATH)?.kind }).toEqual({ when, there: 'file' });
    await expectKept(disk, told, when);
  },
};

/** Of buffered events only what a checkpoint or a close has synced is promised. */
const BUFFERED: Work = {
  name: 'buffered appends',
  prepare: started,
  run: async (disk, told) => {
    await onJournal(
      disk,
      async (journal) => {
        const waiting = [await journal.append(toolCall(1)), ...(await journal.appendAll(group(2, 2)))];
        await journal.checkpoint({ key: KEY });
        told.receipts.push(...waiting.splice(0));
        waiting.push(await journal.append(toolCall(4)));
      },
      { durability: 'buffered' },
    );
    await onJournal(disk, async (journal) => void told.receipts.push(await journal.append(toolCall(5))));
  },
  check: expectKept,
};

const PAYLOADS: Work = {
  name: 'payloads',
  prepare: started,
  run: (disk, told) =>
    onJournal(disk, async (journal) => {
      for (const text of ['first', 'second']) {
        told.receipts.push(await journal.append(toolCall(1), { payload: { content: Buffer.from(text) } }));
      }
      const long = { attributes: { text: 'y'.repeat(70_000) } };
      told.receipts.push(await journal.append(toolCall(3, long)));
    }),
  check: async (disk, told, when) => {
    await expectKept(disk, told, when);
    for (const line of await recordsOn(disk)) {
      if (line.recordType !== 'event' || line.event.payload === undefined) continue;
      // Acknowledged or not: a line never stands without the payload that it names.
      const { content } = await readPayload(PATH, line.event.sequence, { fileSystem: disk.fs });
      let size = 0;
      for await (const chunk of content) size += chunk.length;
      expect({ when, size }).toEqual({ when, size: line.event.payload.size });
    }
  },
};

const SEALS: Work = {
  name: 'signed checkpoints with runpack, chain and note',
  prepare: started,
  run: (disk, told) =>
    onJournal(disk, async (journal) => {
      for (const n of [1, 2]) {
        told.receipts.push(await journal.append(toolCall(n)));
        const out = { out: `/disk/cp${n}.zip`, noteOut: `/disk/cp${n}.note`, chainOut: '/disk/chain.json' };
        await journal.checkpoint({ key: KEY, ...out });
        told.done.add(out.out).add(out.noteOut).add(out.chainOut);
      }
      await journal.complete({ key: KEY });
    }),
  check: expectSealed,
};

async function expectSealed(disk: ModelDisk, told: Told, when: string): Promise<void> {
  const environment = { fileSystem: disk.fs, publicKeys: [KEY.publicKey] };
  // Settles the tail first: a closing event that lacks its line feed alone counts as written.
  await onJournal(disk, () => Promise.resolve(), { lock: 'exclusive' });
  const records = await recordsOn(disk);
  const named = records.flatMap((line) => (line.recordType === 'checkpoint' ? [line.checkpoint.runpack_path] : []));
  const packs = named.filter((path) => path !== '');
  const files = new Set([...told.done, ...packs, '/disk/cp1.zip', '/disk/cp2.zip', '/disk/cp1.note', '/disk/cp2.note']);
  for (const file of files) {
    const isThere = disk.fs.lstat(file) !== undefined;
    const isOwed = told.done.has(file) || packs.includes(file);
    // What was promised, or is named in the journal, is there; what is there is whole.
    expect({ when, file, isThere: isThere || !isOwed }).toEqual({ when, file, isThere: true });
    if (!isThere) continue;
    const { ok } = await verify(file, environment);
    expect({ when, file, ok }).toEqual({ when, file, ok: true });
  }
  const report = await verify(PATH, environment);
  expect({ when, problems: report.problems }).toEqual({ when, problems: [] });
  const isClosed = report.kind === 'journal' && report.coverage.closed;
  if (!isClosed) await expectKept(disk, told, when);
}

const COMPACTIONS: Work = {
  name: 'compactions, in place and into a copy',
  prepare: async (disk, told) => {
    await started(disk, told);
    await onJournal(disk, async (journal) => void (await journal.checkpoint({ key: KEY })));
  },
  run: (disk, told) =>
    onJournal(disk, async (journal) => {
      told.receipts.push(await journal.append(toolCall(1, { idempotency_key: 'key' })));
      await journal.compact({ out: '/disk/copy.jsonl' });
      await journal.compact();
      told.receipts.push(await journal.append(toolCall(2)));
      await journal.checkpoint({ key: KEY });
      await journal.compact();
      told.done.add('compacted');
      told.receipts.push(await journal.append(toolCall(3)));
    }),
  check: async (disk, told, when) => {
    await expectKept(disk, told, when);
    const copy = disk.fs.lstat('/disk/copy.jsonl');
    if (copy !== undefined) {
      const report = await verify('/disk/copy.jsonl', { fileSystem: disk.fs, publicKeys: [KEY.publicKey] });
      expect({ when, copy: report.problems }).toEqual({ when, copy: [] });
    }
    await onJournal(disk, async (journal) => {
      const again = await journal.append(toolCall(1, { idempotency_key: 'key' }));
      const first = told.receipts[1];
      if (first !== undefined) expect({ when, again }).toEqual({ when, again: first });
      await journal.checkpoint({ key: KEY });
      expect({ when, ...(await journal.compact()) }).toMatchObject({ when, compacted: true });
    });
    await expectKept(disk, told, `${when}, compacted`);
  },
};

describe(`a power cut at every step (seed ${SEED})`, () => {
  it.each([
    { work: APPENDS, every: 3, atLeast: 150 },
    { work: BUFFERED, every: 2, atLeast: 100 },
    { work: PAYLOADS, every: 4, atLeast: 100 },
    { work: SEALS, every: 24, atLeast: 300 },
    { work: COMPACTIONS, every: 40, atLeast: 300 },
  ])(
    'keeps every promise in every state: $work.name',
    async ({ work, every, atLeast }) => {
      expect(await cutEverywhere(work, { seed: SEED, every })).toBeGreaterThan(atLeast);
    },
    1_200_000,
  );
});
