import type { SessionListEntry } from '../../src/index.js';
import type { Command } from '../command.js';
import { DEFAULT_ROOT, ROOT_FLAG } from '../target.js';
import { errorEnvelope } from '../json-output.js';
import { byteSize, clean, table } from '../text.js';
import { nowOf, when } from '../when.js';

/** `gait run session list`: every session of a root; a journal that cannot be read is listed with its error. */
export const list: Command = {
  flags: [ROOT_FLAG],
  examples: ['run session list --root ./sessions', 'run session list --root ./sessions --json'],
  async run({ args, io, echo }) {
    const root = args.text('root') ?? DEFAULT_ROOT;
    echo['root'] = root;
    const { listSessions } = await import('../../src/index.js');
    const entries: SessionListEntry[] = [];
    for await (const entry of listSessions(root, { env: io.env })) entries.push(entry);
    return {
      json: { ok: true, sessions: entries.map(describeEntry) },
      text:
        entries.length === 0
          ? ['no sessions']
          : table([HEADINGS, ...entries.flatMap((entry) => row(entry, nowOf(io)))]),
      warnings: entries.flatMap((entry) =>
        'error' in entry ? [`warning: ${clean(entry.path)}: ${clean(entry.error.message)}`] : [],
      ),
    };
  },
};

const HEADINGS = ['SESSION', 'RUN', 'EVENTS', 'CHECKPOINTS', 'LAST', 'SIZE', 'STARTED', 'JOURNAL'];

function row(entry: SessionListEntry, nowMs: number): string[][] {
  const path = clean(entry.path);
  if ('error' in entry) return [[`(${entry.error.code})`, '-', '-', '-', '-', '-', '-', path]];
  const { session_id, run_id, event_count, checkpoint_count, last_sequence, journal_size_bytes, started_at } =
    entry.status;
  const counts = [event_count, checkpoint_count, last_sequence].map(String);
  return [[clean(session_id), clean(run_id), ...counts, byteSize(journal_size_bytes), when(started_at, nowMs), path]];
}

function describeEntry(entry: SessionListEntry): Record<string, unknown> {
  return 'error' in entry
    ? { path: entry.path, ...errorEnvelope(entry.error) }
    : { path: entry.path, ok: true, status: entry.status };
}
