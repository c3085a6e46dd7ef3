/** A read may give less than it was asked for, every time: whoever reads asks on. */
import { join } from 'node:path';
import { expect, test } from 'vitest';
import {
  inspectHealth,
  planPrune,
  proveInclusion,
  readJournal,
  readStatus,
  startSession,
  verify,
} from '../../src/index.js';
import { FaultFileSystem } from '../support/fault-file-system.js';
import { IDS, newFolder, QUICK, toolCall, withJournal } from '../support/journal-fixtures.js';
import { KEY } from '../support/sealed-session.js';

/** Gives half of what it is asked for, one byte at least. */
function halfReader(): FaultFileSystem {
  const faults = new FaultFileSystem();
  faults.intercept = ({ operation, args }, proceed) => {
    if (operation !== 'read') return proceed();
    const [descriptor, buffer, offset, length, position] = args as [number, Uint8Array, number, number, number];
    return proceed(descriptor, buffer, offset, Math.ceil(length / 2), position);
  };
  return faults;
}

test('a disk that gives half of every read is read like any other', async () => {
  const root = newFolder();
  const path = join(root, 's1.jsonl');
  await startSession(path, IDS, QUICK);
  await withJournal(path, async (journal) => {
    await journal.append(toolCall(1), { payload: { content: Buffer.from('evidence') } });
    await journal.checkpoint({ key: KEY });
    await journal.compact();
    await journal.append(toolCall(2));
    await journal.complete({ key: KEY });
  });
  const read = async ({ fs: fileSystem }: FaultFileSystem): Promise<unknown> => {
    const clock = (): number => Date.UTC(2026, 6, 1);
    const texts: string[] = [];
    for await (const { text } of readJournal(path, { fileSystem })) texts.push(text);
    const report = await verify(path, { fileSystem, publicKeys: [KEY.publicKey], profile: 'strict' });
    return {
      texts,
      report,
      status: await readStatus(path, { fileSystem }),
      health: await inspectHealth(path, { fileSystem, clock }),
      proof: await proveInclusion(path, 1, { fileSystem }),
      plan: await planPrune(root, { fileSystem, clock, profile: 'short' }),
    };
  };
  expect(await read(halfReader())).toEqual(await read(new FaultFileSystem()));
});
