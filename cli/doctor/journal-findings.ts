/** What one journal that can be read is to be warned of: its lock, its tail, its index, its last event. */
import { openJournal, readJournal, type JournalHealth, type SessionStatus } from '../../src/index.js';
import { byteSize, count } from '../text.js';
import { FIX_COMMAND, pass, severe, shellWord, warn, type Finding } from './check.js';
import { sealCommand } from './key-checks.js';
import type { Patient } from './machine.js';

/** A session whose newest event is older, with events that no checkpoint covers, was forgotten. */
const FORGOTTEN_MS = 24 * 3_600_000;

/** No commit takes so long: its writer was stopped, or hangs. */
const STUCK_MS = 30_000;

/** Clocks of honest hosts differ by less. */
const AHEAD_MS = 5 * 60_000;

export interface Journal {
  readonly path: string;
  readonly status: SessionStatus;
  readonly health: JournalHealth;
}

export function lockFindings({ path, health: { lock } }: Pick<Journal, 'path' | 'health'>): Finding[] {
  const owner = [lock.owner?.host, lock.owner?.pid === undefined ? undefined : `pid ${lock.owner.pid}`]
    .filter((part) => part !== undefined)
    .join(', ');
  const by = owner === '' ? '' : ` by ${owner}`;
  const age = lock.ageMs === undefined ? '' : `, for ${seconds(lock.ageMs)}`;
  switch (lock.state) {
    case 'free':
      return [];
    case 'held': {
      if ((lock.ageMs ?? 0) < STUCK_MS) return [pass('journal_lock', `${path} is being written to${by}`, { path })];
      const pid = lock.owner?.pid;
      return [
        warn('journal_lock', `${path} is held${by}${age}: an exclusive writer, or one that was stopped`, {
          path,
          fix_command:
            pid === undefined ? `fuser ${shellWord(`${path}.gait/guard`)}` : `ps -o pid,stat,etime,args -p ${pid}`,
        }),
      ];
    }
    case 'elsewhere':
      return [
        warn(
          'journal_lock',
          `${path}.lock is held by ${lock.owner?.kind ?? 'somebody'}${by === '' ? '' : ` (${owner})`}${age}; if nobody is there, it is taken over once it is stale`,
          {
            path,
            fix_command: `ls -ld ${shellWord(`${path}.lock`)}`,
          },
        ),
      ];
    case 'abandoned':
      return [
        warn('journal_lock', `${path}.lock was left by a writer that is gone${age}; the next append removes it`, {
          path,
          fix_command: FIX_COMMAND,
          cure: reopened(path, 'removed the lock'),
        }),
      ];
  }
}

export function tailFindings({ path, status: { unterminated_bytes: bytes }, health }: Journal): Finding[] {
  const kept = health.tornPieces;
  if (bytes === 0 && kept === 0) return [];
  if (bytes === 0) {
    return [
      pass(
        'journal_repaired',
        `${path} was repaired ${kept === 1 ? 'once' : `${kept} times`}; what was cut off is kept beside it`,
        { path },
      ),
    ];
  }
  return [
    warn(
      'journal_torn_tail',
      `${path} ends in ${count(bytes, 'byte')} without a line end: a write in flight, or one that a crash cut short; the next append repairs it`,
      {
        path,
        fix_command: FIX_COMMAND,
        cure: reopened(path, 'repaired the tail; what was cut off is kept beside the journal'),
      },
    ),
  ];
}

export function indexFindings({ path, health: { index, sizeBytes } }: Journal): Finding[] {
  const isLarge = sizeBytes > 64 * 1024 * 1024;
  if (index === 'current' || (index !== 'unusable' && !isLarge)) return [];
  const state = index === 'unusable' ? 'cannot be used' : index === 'missing' ? 'is missing' : 'is far behind';
  return [
    warn(
      'journal_index',
      `the index of ${path} ${state}: nothing is lost, but the next open reads ${byteSize(sizeBytes)}`,
      {
        path,
        fix_command: FIX_COMMAND,
        cure: reopened(path, 'made the index anew'),
      },
    ),
  ];
}

export async function lastEventFindings({ path, status }: Journal, patient: Patient): Promise<Finding[]> {
  const { machine, env, isProduction } = patient;
  const { last_sequence: last, last_checkpoint_sequence: sealed } = status;
  if (last === 0) return [];
  let at = Number.NaN;
  for await (const line of readJournal(path, { env, fromSequence: last, toSequence: last })) {
    if (line.recordType === 'event') at = Date.parse(line.event.created_at);
  }
  const ageMs = machine.now() - at;
  if (ageMs < -AHEAD_MS) {
    return [
      warn(
        'journal_future',
        `the last event of ${path} is dated ${seconds(-ageMs)} ahead: this clock, or its writer's, is wrong`,
        {
          path,
          fix_command: 'timedatectl status',
        },
      ),
    ];
  }
  if (sealed === last || ageMs < FORGOTTEN_MS) return [];
  return [
    severe(isProduction)(
      'journal_unsealed',
      `${count(last - sealed, 'event')} of ${path} ${last - sealed === 1 ? 'is' : 'are'} covered by no checkpoint, and nothing was appended for ${seconds(ageMs)}`,
      {
        path,
        fix_command: sealCommand(path, patient),
      },
    ),
  ];
}

/** A writer that holds the journal for a moment catches up with it: that repairs the tail, the lock and the index. */
function reopened(path: string, done: string): () => Promise<string> {
  return async () => {
    const journal = await openJournal(path, { lock: 'exclusive' });
    await journal.close();
    return done;
  };
}

function seconds(durationMs: number): string {
  const units: readonly (readonly [string, number])[] = [
    ['d', 86_400_000],
    ['h', 3_600_000],
    ['min', 60_000],
    ['s', 1_000],
  ];
  const [name, size] = units.find(([, unitMs]) => durationMs >= unitMs) ?? ['ms', 1];
  return `${Math.round(durationMs / size)} ${name}`;
}
