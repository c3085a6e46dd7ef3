/** Every journal of the root: does it verify, who holds it, what is not sealed, does its chain hold. */
import { isGaitError } from '../../src/errors.js';
import {
  inspectHealth,
  listSessions,
  openJournal,
  readJournal,
  verify,
  type ArtifactReport,
  type JournalHealth,
  type SessionListEntry,
  type SessionStatus,
} from '../../src/index.js';
import { byteSize, count } from '../text.js';
import { fail, pass, severe, shellWord, warn, type Finding } from './check.js';
import { knownKeys } from './key-checks.js';
import type { Patient } from './machine.js';

/** Verified in full without being asked; more of it takes its time, and `gait verify` shows how much. */
const VERIFY_BYTES = 256 * 1024 * 1024;

/** A session whose newest event is older, with events that no checkpoint covers, was forgotten. */
const FORGOTTEN_MS = 24 * 3_600_000;

/** No commit takes so long: its writer was stopped, or hangs. */
const STUCK_MS = 30_000;

/** Clocks of honest hosts differ by less. */
const AHEAD_MS = 5 * 60_000;

const CHAIN_SUFFIX = '_chain.json';

interface Journal {
  readonly path: string;
  readonly status: SessionStatus;
  readonly health: JournalHealth;
}

export async function journalChecks(patient: Patient): Promise<Finding[]> {
  const { root, machine, env } = patient;
  if (machine.look(root).kind !== 'folder') return [];
  const found: Finding[] = [];
  let journals = 0;
  let verifiedBytes = 0;
  const leftOut: string[] = [];
  for await (const entry of listSessions(root, { env })) {
    journals++;
    patient.tell(`${count(journals, 'journal')} looked at`);
    if ('error' in entry) {
      found.push(unreadable(entry));
      continue;
    }
    const journal: Journal = { ...entry, health: await inspectHealth(entry.path, { env }) };
    found.push(...lockFindings(journal), ...tailFindings(journal), ...indexFindings(journal));
    found.push(...(await lastEventFindings(journal, patient)));
    if (verifiedBytes + journal.health.sizeBytes > VERIFY_BYTES) leftOut.push(entry.path);
    else {
      verifiedBytes += journal.health.sizeBytes;
      found.push(...(await verdict(entry.path, 'journal_damaged', patient)));
    }
  }
  for (const name of machine.list(root).filter((entry) => entry.endsWith(CHAIN_SUFFIX))) {
    found.push(...(await verdict(`${root}/${name}`, 'chain', patient)));
  }
  const checked = `${count(journals, 'journal')}, ${byteSize(verifiedBytes)} verified`;
  const isWell = found.every(({ status }) => status === 'pass');
  return [
    pass('journals', isWell ? `${checked}, nothing wrong` : checked, { path: root }),
    ...(leftOut.length === 0 ? [] : [tooMuch(leftOut)]),
    ...found,
  ];
}

function tooMuch(paths: readonly string[]): Finding {
  const [first = ''] = paths;
  return pass('journals_not_verified', `${count(paths.length, 'journal')} too large to verify by the way`, {
    fix_command: `gait verify ${shellWord(first)}`,
  });
}

function unreadable({ path, error }: Extract<SessionListEntry, { readonly error: unknown }>): Finding {
  const verifyIt = { path, fix_command: `gait verify ${shellWord(path)}` };
  if (error.code === 'JOURNAL_EMPTY') {
    return warn('journal_empty', `${path} has no first line: its start was cut short`, {
      path,
      fix_command: `gait run session start --journal ${shellWord(path)} --session-id ID --run-id ID`,
    });
  }
  return error.code === 'JOURNAL_TRUNCATED'
    ? fail('journal_truncated', `${error.message}: ${error.hint}`, verifyIt)
    : fail('journal_damaged', `${error.message} (${error.code})`, verifyIt);
}

function lockFindings({ path, health: { lock } }: Journal): Finding[] {
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
          fix_command: 'gait doctor --fix',
          cure: reopened(path, 'removed the lock'),
        }),
      ];
  }
}

function tailFindings({ path, status: { unterminated_bytes: bytes }, health }: Journal): Finding[] {
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
        fix_command: 'gait doctor --fix',
        cure: reopened(path, 'repaired the tail; what was cut off is kept beside the journal'),
      },
    ),
  ];
}

function indexFindings({ path, health: { index, sizeBytes } }: Journal): Finding[] {
  const isLarge = sizeBytes > 64 * 1024 * 1024;
  if (index === 'current' || (index !== 'unusable' && !isLarge)) return [];
  const state = index === 'unusable' ? 'cannot be used' : index === 'missing' ? 'is missing' : 'is far behind';
  return [
    warn(
      'journal_index',
      `the index of ${path} ${state}: nothing is lost, but the next open reads ${byteSize(sizeBytes)}`,
      {
        path,
        fix_command: 'gait doctor --fix',
        cure: reopened(path, 'made the index anew'),
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

async function lastEventFindings(
  { path, status }: Journal,
  { machine, env, isProduction }: Patient,
): Promise<Finding[]> {
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
        fix_command: `gait run session checkpoint --journal ${shellWord(path)} --private-key gait-out/keys/gait_private.key`,
      },
    ),
  ];
}

async function verdict(path: string, name: string, patient: Patient): Promise<Finding[]> {
  let report: ArtifactReport;
  try {
    report = await verify(path, { env: patient.env, publicKeys: knownKeys(patient) });
  } catch (error) {
    if (!isGaitError(error)) throw error;
    return [fail(name, error.message, { path, fix_command: `gait verify ${shellWord(path)}` })];
  }
  if (!report.ok) {
    const [first] = report.problems;
    const what = first === undefined ? '' : `: ${first.meaning}`;
    const keys = knownKeys(patient).length === 0 ? '' : ' --public-key gait-out/keys/gait_public.key';
    return [
      fail(name, `${path} does not verify (${count(report.problem_count, 'problem')})${what}`, {
        path,
        fix_command: `gait verify ${shellWord(path)}${keys}`,
        ...(name === 'chain' ? { cure: rebuiltChain(path) } : {}),
      }),
    ];
  }
  const isUnsigned =
    report.kind === 'journal' && report.coverage.checkpoints > 0 && report.signature_status === 'missing';
  if (!isUnsigned || !patient.isProduction) return [];
  return [
    fail('journal_unsigned', `nobody signed the checkpoints of ${path}: whoever can write the file can replace it`, {
      path,
      fix_command: `gait run session checkpoint --journal ${shellWord(path)} --private-key gait-out/keys/gait_private.key`,
    }),
  ];
}

/** A chain only repeats what the checkpoints in the journal say. */
function rebuiltChain(path: string): () => Promise<string> {
  return async () => {
    const journal = await openJournal(`${path.slice(0, -CHAIN_SUFFIX.length)}.jsonl`);
    try {
      return `wrote ${await journal.rebuildChain()} anew from the journal`;
    } finally {
      await journal.close();
    }
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
