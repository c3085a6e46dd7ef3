import type { Command } from '../command.js';
import { INTERRUPT_CODES } from '../exit-codes.js';
import { Interruption } from '../interruption.js';
import { LiveView } from '../live-text.js';
import { paintFor } from '../paint.js';
import { journalPath, TARGET_FLAGS } from '../target.js';

const DEFAULT_EVENTS = 20;

/** `gait run session watch`: a readable line for each event as it lands, until the session is closed, or Ctrl-C. */
export const watch: Command = {
  flags: [...TARGET_FLAGS, { name: 'n', value: 'N', help: `begin with the last N events (default ${DEFAULT_EVENTS})` }],
  examples: ['run session watch --journal ./s1.jsonl', 'run session watch --session s1 --root ./sessions -n 0'],
  async run({ args, io, out, json, echo }) {
    const path = await journalPath(args, echo);
    const events = args.whole('n') ?? DEFAULT_EVENTS;
    const { readJournal, readStatus } = await import('../../src/index.js');
    const { last_sequence: last, closed } = await readStatus(path, { env: io.env });
    const view = new LiveView(paintFor(io));
    const interruption = new Interruption(io);
    try {
      const fromSequence = Math.max(1, last - events + 1);
      const lines = readJournal(path, { env: io.env, fromSequence, follow: !closed, signal: interruption.abortSignal });
      let isClosing = false;
      for await (const line of lines) {
        await out.write(`${json ? line.text : view.draw(line)}\n`);
        if (out.closed || (isClosing && line.recordType === 'checkpoint')) break;
        isClosing = line.recordType === 'event' && line.event.tool_name === 'gait.journal.close';
      }
      return {};
    } catch (error) {
      if (interruption.received === undefined) throw error;
      return { exitCode: INTERRUPT_CODES[interruption.received] };
    } finally {
      interruption.release();
    }
  },
};
