/** Those who look after sessions: one seals and closes, one compacts, one verifies. */
import { setTimeout as sleep } from 'node:timers/promises';
import { openJournal, readStatus, verify as verifyEvidence, type ErrorCode } from '../../../src/index.js';
import { LOCK_TIMEOUT_MS, type RoleContext } from '../role-context.js';
import { sessionOf } from '../world.js';

const MAX_PAUSE_MS = 300;
/** A session is closed when it has more events than a number drawn from here. */
const CLOSE_BETWEEN = [200, 2_500] as const;

/** Longer than a prune of one session takes. */
const PRUNING_MS = 3_000;
const MISSING: ReadonlySet<string> = new Set(['segment_missing', 'payload_missing']);

const CROWDED: readonly ErrorCode[] = ['LOCK_TIMEOUT'];
const GONE: readonly ErrorCode[] = ['JOURNAL_NOT_FOUND', 'FILE_NOT_FOUND'];

/** Seals, signed; now and then closes the session for good and starts the next of its lane. */
export async function seal(context: RoleContext): Promise<void> {
  const { world, random } = context;
  const lane = random.between(0, context.lanes);
  const generation = world.generation(lane);
  const session = sessionOf(lane, generation);
  const path = world.journalPath(session);
  await context.tolerate([...CROWDED, ...GONE, 'NOTHING_TO_SEAL', 'SESSION_CLOSED'], async () => {
    const journal = await openJournal(path, { lockTimeoutMs: LOCK_TIMEOUT_MS });
    try {
      const { last_sequence: events, closed } = await journal.status();
      if (closed) return;
      const isLast = events > random.between(...CLOSE_BETWEEN);
      const options = { key: world.key };
      const { note } = isLast ? await journal.complete(options) : await journal.checkpoint(options);
      if (note !== undefined) world.keepNote(session, note);
      context.count(isLast ? 'closes' : 'checkpoints');
    } finally {
      await journal.close();
    }
  });
  // Asked again, because an earlier checkpointer may have died between closing a session and starting the next.
  const status = await context.tolerate(GONE, () => readStatus(path));
  if (status?.closed !== false) await world.startGeneration(lane, generation + 1);
  await sleep(random.between(0, MAX_PAUSE_MS));
}

export async function compact(context: RoleContext): Promise<void> {
  const { world, random } = context;
  const path = world.journalPath(random.pick(world.sessions(context.lanes).slice(-3 * context.lanes)));
  await context.tolerate([...CROWDED, ...GONE], async () => {
    const journal = await openJournal(path, { lockTimeoutMs: LOCK_TIMEOUT_MS });
    try {
      const { compacted } = await journal.compact();
      context.count(compacted ? 'compactions' : 'nothing to compact');
    } finally {
      await journal.close();
    }
  });
  await sleep(random.between(0, MAX_PAUSE_MS));
}

/** The newest note that somebody was given before must be in what is there now. */
export async function verify(context: RoleContext): Promise<void> {
  const { world, random } = context;
  const session = random.pick(world.sessions(context.lanes).slice(-3 * context.lanes));
  const path = world.journalPath(session);
  const since = world.newestNote(session);
  await context.tolerate(GONE, () => verifySession(context, path, since, true));
  await sleep(random.between(0, MAX_PAUSE_MS));
}

async function verifySession(
  context: RoleContext,
  path: string,
  since: string | undefined,
  isFirst: boolean,
): Promise<void> {
  const report = await verifyEvidence(path, {
    publicKeys: [context.world.key.publicKey],
    ...(since === undefined ? {} : { since }),
  });
  context.count('verifications');
  if (report.ok) return;
  // A prune that is under way: its tombstones come when everything is gone.
  if (isFirst && report.problems.every(({ kind }) => MISSING.has(kind))) {
    await sleep(PRUNING_MS);
    return verifySession(context, path, since, false);
  }
  throw new Error(`${path} does not verify: ${JSON.stringify(report.problems.slice(0, 3))}`);
}
