import { GaitError } from '../../src/errors.js';
import type { Command } from '../command.js';
import { required, SIGNING_FLAGS, signingKey } from '../ledger-flags.js';
import { whileWorking } from '../progress.js';
import { describeErase } from '../prune-text.js';
import { DEFAULT_ROOT, ROOT_FLAG } from '../target.js';

/** `gait erase`: removes the payload of one event for a stated reason. The event and its proof stay. */
export const erase: Command = {
  flags: [
    ROOT_FLAG,
    { name: 'session', value: 'ID', help: 'the session' },
    { name: 'sequence', value: 'N', help: 'sequence of the event that names the payload' },
    { name: 'reason', value: 'TEXT', help: 'why, for whoever reads the ledger later' },
    { name: 'actor', value: 'NAME', help: 'who asks for it' },
    { name: 'with-packs', help: 'also remove the runpacks and packs that carry a copy' },
    ...SIGNING_FLAGS,
  ],
  examples: [
    'erase --root ./sessions --session s1 --sequence 12 --reason "request 31" --actor dpo --private-key ./gait_private.key',
    'erase --session s1 --sequence 12 --reason "leaked token" --actor sec --with-packs --private-key-env GAIT_KEY --json',
  ],
  async run(invocation) {
    const { args, io, echo } = invocation;
    const root = args.text('root') ?? DEFAULT_ROOT;
    echo['root'] = root;
    const sequence = args.whole('sequence');
    if (sequence === undefined) {
      throw new GaitError('INVALID_ARGUMENT', '--sequence is required: a payload is named by its event', {
        hint: 'gait run session show lists the events of a session',
        details: { flag: 'sequence' },
      });
    }
    const request = {
      sessionId: required(args, 'session', 'the payload is that of an event of one session'),
      sequence,
      reason: required(args, 'reason', 'whoever reads the ledger later has nothing else'),
      actor: required(args, 'actor', 'somebody has to answer for it'),
    };
    const { key, warnings } = await signingKey(args, io, 'erase');
    const { erasePayload } = await import('../../src/index.js');
    const receipt = await whileWorking(invocation, 'erasing', async () =>
      erasePayload(request, { env: io.env, root, key, withPacks: args.has('with-packs') }),
    );
    return {
      json: { ...receipt, ...(warnings.length === 0 ? {} : { warnings }) },
      text: describeErase(receipt),
      warnings: [
        ...warnings.map((warning) => `warning: ${warning}`),
        ...receipt.same_content.map(
          ({ path, sequence: other }) => `warning: event ${other} of ${path} has the same content, and still has it`,
        ),
      ],
    };
  },
};
