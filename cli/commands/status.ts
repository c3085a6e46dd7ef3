import type { Command } from '../command.js';
import { journalPath, TARGET_FLAGS } from '../target.js';
import { statusLine } from '../text.js';

/** `gait run session status`: where a session stands. */
export const status: Command = {
  flags: TARGET_FLAGS,
  examples: ['run session status --journal ./s1.jsonl', 'run session status --session s1 --root ./sessions --json'],
  async run({ args, io, echo }) {
    const path = await journalPath(args, echo);
    const { readStatus } = await import('../../src/index.js');
    const found = await readStatus(path, { env: io.env });
    const cut = found.unterminated_bytes;
    return {
      json: { ok: true, status: found },
      text: [statusLine('status', found)],
      warnings: cut === 0 ? [] : [`warning: ${cut} bytes after the last line: a write in flight, or one cut short`],
    };
  },
};
