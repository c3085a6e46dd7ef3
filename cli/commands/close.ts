import { GaitError, isGaitError } from '../../src/errors.js';
import type { Environment, Journal, SessionCheckpoint } from '../../src/index.js';
import type { Command, Invocation, Outcome } from '../command.js';
import { whileWorking } from '../progress.js';
import { asksForOutput, describeSeal, SEAL_FLAGS, sealOf, type Seal } from '../seal.js';
import { journalPath, TARGET_FLAGS } from '../target.js';
import { clean, pairs } from '../text.js';

/**
 * `gait run session close`: ends the session for good. Closing it again says so and exits 0, because all that was asked for
 * is there; when files or a signature were asked for that are not, it is NOTHING_TO_SEAL, exit 6.
 */
export const close: Command = {
  flags: [...TARGET_FLAGS, ...SEAL_FLAGS],
  examples: [
    'run session close --journal ./s1.jsonl --private-key ./gait-out/keys/gait_private.key',
    'run session close --session s1 --root ./sessions --out ./s1-last.zip --json',
  ],
  async run(invocation) {
    const { args, io, echo } = invocation;
    const seal = await sealOf(args, io);
    const path = await journalPath(args, echo);
    const { openJournal } = await import('../../src/index.js');
    const journal = await openJournal(path, { env: io.env });
    try {
      return await closeOnce(invocation, journal, seal);
    } finally {
      await journal.close();
    }
  },
};

async function closeOnce(invocation: Invocation, journal: Journal, { options, warnings }: Seal): Promise<Outcome> {
  const { args, io } = invocation;
  try {
    const sealed = await whileWorking(invocation, 'sealing', async () => await journal.complete(options));
    const outcome = describeSeal('close', sealed, args.text('note-out'), warnings);
    return { ...outcome, json: { ...outcome.json, already_closed: false } };
  } catch (error) {
    // Completing appends a closing event first: that nothing is left to seal means that it was there, and sealed.
    if (!isGaitError(error) || error.code !== 'NOTHING_TO_SEAL') throw error;
    const last = await lastCheckpoint(journal, { env: io.env });
    const isSigned = last?.signature !== undefined;
    if (asksForOutput(args) || (options.key !== undefined && !isSigned)) throw alreadyClosed(isSigned, error);
    return {
      json: { ok: true, already_closed: true, ...(last === undefined ? {} : { checkpoint: last }) },
      text: [
        `session close: already closed, ${pairs({ index: last?.checkpoint_index, last_sequence: last?.sequence_end })}`,
        `signed by: ${clean(last?.signature?.key_id ?? 'nobody')}`,
      ],
    };
  }
}

function alreadyClosed(isSigned: boolean, cause: GaitError): GaitError {
  const state = isSigned ? 'closed and sealed' : 'closed and sealed without a signature';
  return new GaitError('NOTHING_TO_SEAL', `the session is ${state} already: nothing was written`, {
    hint: 'gait run session checkpoint --rebuild-chain writes the chain anew; gait run session show prints the notes',
    details: cause.details,
    cause,
  });
}

async function lastCheckpoint(journal: Journal, environment: Environment): Promise<SessionCheckpoint | undefined> {
  const { readJournal } = await import('../../src/index.js');
  const { last_sequence: fromSequence } = await journal.status();
  let last: SessionCheckpoint | undefined;
  for await (const line of readJournal(journal.path, { ...environment, fromSequence })) {
    if (line.recordType === 'checkpoint') last = line.checkpoint;
  }
  return last;
}
