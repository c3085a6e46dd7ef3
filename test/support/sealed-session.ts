/** A signed and closed session with everything that a verifier may be handed: journal, runpacks, chain, notes, receipts. */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { startSession, type EventInput, type Receipt } from '../../src/index.js';
import { keyPairFromSeed, type KeyPair } from '../../src/sign/index.js';
import { IDS, newFolder, QUICK, removeIndex, withJournal } from './journal-fixtures.js';
import { repositoryRoot } from './paths.js';

export const KEY: KeyPair = keyPairFromSeed(Buffer.alloc(32, 3));
export const OTHER_KEY: KeyPair = keyPairFromSeed(Buffer.alloc(32, 4));

/** Demands under which nothing but the holder of KEY passes. */
export const STRICT: { readonly publicKeys: readonly Buffer[]; readonly profile: 'strict' } = {
  publicKeys: [KEY.publicKey],
  profile: 'strict',
};

export interface SealedSession {
  readonly folder: string;
  readonly journal: string;
  readonly chain: string;
  /** Of the last two checkpoints; the last one is small enough to be changed in every place. */
  readonly runpacks: readonly string[];
  /** Notes of all checkpoints, in their order. */
  readonly notes: readonly string[];
  /** File of the last note. */
  readonly noteFile: string;
  readonly receipts: readonly Receipt[];
}

/** Events before each checkpoint beside the last, which closes the session. */
const SEALED_AFTER = [0.6, 0.98] as const;

/** Its index is removed: what is found must be found from the evidence alone. @param count events, the closing one included */
export async function sealedSession(count: number): Promise<SealedSession> {
  const journal = join(newFolder(), 'journal.jsonl');
  const folder = dirname(journal);
  await startSession(journal, IDS, QUICK);
  const noteFile = join(folder, 'head.note');
  const runpacks = ['cp2.zip', 'cp3.zip'].map((name) => join(folder, name));
  const receipts: Receipt[] = [];
  const notes: string[] = [];
  await withJournal(journal, async (handle) => {
    const appendUpTo = async (end: number): Promise<void> => {
      receipts.push(...(await handle.appendAll(realEvents(end).slice(receipts.length))));
    };
    for (const [index, share] of SEALED_AFTER.entries()) {
      await appendUpTo(Math.floor(count * share));
      const pack = index === SEALED_AFTER.length - 1 ? { out: runpacks[0] ?? '' } : {};
      const { note = '' } = await handle.checkpoint({ key: KEY, ...pack });
      notes.push(note);
    }
    await appendUpTo(count - 1);
    const { note = '' } = await handle.complete({ key: KEY, out: runpacks[1] ?? '', noteOut: noteFile });
    notes.push(note);
  });
  removeIndex(journal);
  return { folder, journal, chain: join(folder, 'journal_chain.json'), runpacks, notes, noteFile, receipts };
}

const realLines: readonly string[] = ['claude-opus-4-6', 'codex-gpt-5-2'].flatMap((name) =>
  readFileSync(join(repositoryRoot, 'test', 'vectors', 'real-events', `${name}.ndjson`), 'utf8')
    .trimEnd()
    .split('\n'),
);

/** The first events that real agents recorded, without what makes their lines long; every tenth keeps its names and digests. */
function realEvents(count: number): EventInput[] {
  return Array.from({ length: count }, (_, index) => {
    const event = JSON.parse(realLines[index % realLines.length] ?? '') as EventInput;
    const { intent_id: _id, intent_digest: _intent, policy_digest: _policy, ...short } = event;
    return { ...(index % 10 === 0 ? event : short), attributes: { agent: event.attributes?.['agent'] } };
  });
}
