import { GaitError } from '../../src/errors.js';
import type { Command, Invocation, Outcome } from '../command.js';
import { whileWorking } from '../progress.js';
import { describeSeal, SEAL_FLAGS, sealOf } from '../seal.js';
import { journalPath, TARGET_FLAGS } from '../target.js';
import { clean } from '../text.js';

/** `gait run session checkpoint`: seals the events so far, and writes what others need to check them. */
export const checkpoint: Command = {
  flags: [
    ...TARGET_FLAGS,
    ...SEAL_FLAGS,
    { name: 'rebuild-chain', help: 'seal nothing: write the chain anew from the journal; goes with --chain-out' },
  ],
  examples: [
    'run session checkpoint --journal ./s1.jsonl --private-key ./gait-out/keys/gait_private.key --note-out ./s1.note',
    'run session checkpoint --journal ./s1.jsonl --out ./cp1.zip --key-mode dev --json',
    'run session checkpoint --journal ./s1.jsonl --rebuild-chain',
  ],
  async run(invocation) {
    const { args, io, echo } = invocation;
    if (args.has('rebuild-chain')) return await rebuildChain(invocation);
    const { options, warnings } = await sealOf(args, io);
    const path = await journalPath(args, echo);
    const { openJournal } = await import('../../src/index.js');
    const journal = await openJournal(path, { env: io.env });
    try {
      const sealed = await whileWorking(invocation, 'sealing', async () => await journal.checkpoint(options));
      return describeSeal('checkpoint', sealed, args.text('note-out'), warnings);
    } finally {
      await journal.close();
    }
  },
};

async function rebuildChain(invocation: Invocation): Promise<Outcome> {
  const { args, io, echo } = invocation;
  const other = SEAL_FLAGS.find(
    ({ name }) => name !== 'chain-out' && (args.has(name) || args.text(name) !== undefined),
  );
  if (other !== undefined) {
    throw new GaitError('INVALID_ARGUMENT', `--${other.name} means nothing with --rebuild-chain, which seals nothing`, {
      details: { flag: other.name },
    });
  }
  const path = await journalPath(args, echo);
  const { openJournal } = await import('../../src/index.js');
  const journal = await openJournal(path, { env: io.env });
  try {
    const chain = await whileWorking(
      invocation,
      'reading',
      async () => await journal.rebuildChain(args.text('chain-out')),
    );
    return { json: { ok: true, chain_path: chain }, text: [`session chain: ${clean(chain)}`] };
  } finally {
    await journal.close();
  }
}
