import type { SessionStatus } from '../../src/index.js';
import type { Command } from '../command.js';
import { journalPath, TARGET_FLAGS } from '../target.js';
import { byteSize, count, statusLine } from '../text.js';
import { nowOf, when } from '../when.js';

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
      text: [statusLine('status', found), ...describeStatus(found, nowOf(io))],
      warnings: cut === 0 ? [] : [`warning: ${byteSize(cut)} after the last line: a write in flight, or one cut short`],
    };
  },
};

/** What the Go tool's line leaves out: since when, how large, how far it is sealed. */
function describeStatus(found: SessionStatus, nowMs: number): string[] {
  const { started_at, journal_size_bytes, archived_events, last_sequence, last_checkpoint_sequence, closed } = found;
  const open = last_sequence - last_checkpoint_sequence;
  const sealed = open === 0 ? 'all sealed' : `${count(open, 'event')} not sealed yet`;
  return [
    `started: ${when(started_at, nowMs)}, ${closed ? 'closed' : 'open'}`,
    `journal: ${byteSize(journal_size_bytes)}, ${last_sequence === 0 ? 'no event yet' : sealed}`,
    ...(archived_events === 0 ? [] : [`segments: ${count(archived_events, 'event')} moved out of the journal file`]),
  ];
}
