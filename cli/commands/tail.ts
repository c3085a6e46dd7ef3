import { INTERRUPT_CODES } from '../exit-codes.js';
import type { Command } from '../command.js';
import { Interruption } from '../interruption.js';
import { printLines } from '../print-lines.js';
import { journalPath, TARGET_FLAGS } from '../target.js';

const DEFAULT_EVENTS = 10;

/** `gait run session tail`: the last events, and with `--follow` those to come, until Ctrl-C. */
export const tail: Command = {
  flags: [
    ...TARGET_FLAGS,
    { name: 'n', value: 'N', help: `how many of the last events (default ${DEFAULT_EVENTS})` },
    { name: 'follow', help: 'go on with the events to come' },
  ],
  examples: ['run session tail --journal ./s1.jsonl -n 20', 'run session tail --journal ./s1.jsonl --follow --json'],
  async run({ args, io, out, json, echo }) {
    const path = await journalPath(args, echo);
    const events = args.whole('n') ?? DEFAULT_EVENTS;
    const follow = args.has('follow');
    const { readJournal, readStatus } = await import('../../src/index.js');
    const { last_sequence: last } = await readStatus(path, { env: io.env });
    const interruption = new Interruption(io);
    try {
      const fromSequence = Math.max(1, last - events + 1);
      const lines = readJournal(path, { env: io.env, fromSequence, follow, signal: interruption.abortSignal });
      await printLines(lines, out, { json, isLive: follow });
      return {};
    } catch (error) {
      if (interruption.received === undefined) throw error;
      return { exitCode: INTERRUPT_CODES[interruption.received] };
    } finally {
      interruption.release();
    }
  },
};
