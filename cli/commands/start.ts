import { GaitError } from '../../src/errors.js';
import type { Command } from '../command.js';
import { journalPath, TARGET_FLAGS } from '../target.js';
import { clean, statusLine } from '../text.js';

/** `gait run session start`: creates a journal, or finds the same session there. */
export const start: Command = {
  flags: [
    ...TARGET_FLAGS,
    { name: 'session-id', value: 'ID', help: 'id of the session; with --session it defaults to that' },
    { name: 'run-id', value: 'ID', help: 'id of the run; with --session it defaults to run_ and the session id' },
  ],
  examples: [
    'run session start --journal ./s1.jsonl --session-id s1 --run-id run_1',
    'run session start --session s1 --root ./sessions',
  ],
  async run({ args, io, echo }) {
    const session = args.text('session');
    const sessionId = args.text('session-id') ?? session;
    const runId = args.text('run-id') ?? (session === undefined ? undefined : `run_${sessionId}`);
    if (sessionId === undefined || runId === undefined || (session ?? args.text('journal')) === undefined) {
      throw new GaitError('INVALID_ARGUMENT', '--journal, --session-id, and --run-id are required', {
        hint: 'or give --session ID, which implies all three',
      });
    }
    const path = await journalPath(args, echo);
    const { startSession } = await import('../../src/index.js');
    const status = await startSession(path, { session_id: sessionId, run_id: runId }, { env: io.env });
    return {
      json: { ok: true, status },
      text: [statusLine('start', status), `journal: ${clean(path)}`],
    };
  },
};
