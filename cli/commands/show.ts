import { GaitError } from '../../src/errors.js';
import type { Command } from '../command.js';
import { printLines } from '../print-lines.js';
import { journalPath, TARGET_FLAGS } from '../target.js';

/** `gait run session show`: the lines of a journal, all or those of a range of events. */
export const show: Command = {
  flags: [
    ...TARGET_FLAGS,
    { name: 'from', value: 'N', help: 'first event, by sequence' },
    { name: 'to', value: 'M', help: 'last event, by sequence' },
  ],
  examples: ['run session show --journal ./s1.jsonl --from 1 --to 20', 'run session show --journal ./s1.jsonl --json'],
  async run({ args, io, out, json, echo }) {
    const path = await journalPath(args, echo);
    const [from, to] = [args.whole('from'), args.whole('to')];
    if (from === 0 || to === 0 || (from ?? 1) > (to ?? Infinity)) {
      throw new GaitError('INVALID_ARGUMENT', '--from and --to are sequences from 1, the first not after the second', {
        details: { from, to },
      });
    }
    const { readJournal } = await import('../../src/index.js');
    const lines = readJournal(path, {
      env: io.env,
      ...(from === undefined ? {} : { fromSequence: from }),
      ...(to === undefined ? {} : { toSequence: to }),
    });
    await printLines(lines, out, { json, isLive: false });
    return {};
  },
};
