/** Which journal a command means: `--journal PATH`, or `--session ID` under `--root DIR`. */
import { GaitError } from '../src/errors.js';
import type { Arguments, Flag } from './flags.js';

/** Where sessions live unless `--root` says otherwise. */
export const DEFAULT_ROOT = 'gait-out/sessions';

export const ROOT_FLAG: Flag = {
  name: 'root',
  value: 'DIR',
  help: `folder that holds the sessions (default ${DEFAULT_ROOT})`,
};

export const TARGET_FLAGS: readonly Flag[] = [
  { name: 'journal', value: 'PATH', help: 'the journal file' },
  { name: 'session', value: 'ID', help: 'short for --journal ROOT/ID.jsonl' },
  ROOT_FLAG,
];

/**
 * The path of the journal, trimmed and otherwise as given; it is noted in `echo`.
 *
 * @throws GaitError INVALID_ARGUMENT when no journal is named, or two are, or the id is no safe file name
 */
export async function journalPath(
  args: Arguments,
  echo: Record<string, unknown>,
  positional?: string,
): Promise<string> {
  const path = await resolvePath(args, positional);
  echo['journal'] = path;
  return path;
}

async function resolvePath(args: Arguments, positional: string | undefined): Promise<string> {
  const [journal, session, root] = [args.text('journal'), args.text('session'), args.text('root')];
  const named = [positional, journal, session].filter((name) => name !== undefined);
  if (named.length > 1) throw new GaitError('INVALID_ARGUMENT', 'the journal is named twice');
  if (root !== undefined && session === undefined) {
    throw new GaitError('INVALID_ARGUMENT', '--root needs --session', { details: { flag: 'root' } });
  }
  if (session !== undefined) {
    const { sessionJournalPath } = await import('../src/index.js');
    return sessionJournalPath(root ?? DEFAULT_ROOT, session);
  }
  const path = positional ?? journal;
  if (path !== undefined) return path;
  throw new GaitError('INVALID_ARGUMENT', '--journal is required', {
    hint: 'name the journal with --journal PATH, or with --session ID and --root DIR',
    details: { flag: 'journal' },
  });
}
