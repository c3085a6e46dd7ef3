/** When the swarm is quiet: everything that was acknowledged must be there, once, in order, verified, or provably pruned. */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { executePrune, isGaitError, openJournal, planPrune, readJournal, verify } from '../../src/index.js';
import { compareSession, type Occurrence, type Violation } from './model.js';
import { sessionOf, type World } from './world.js';

export interface FinalCheck {
  readonly sessions: number;
  readonly prunedSessions: number;
  readonly acknowledged: number;
  /** Sessions or commands that are wrong, in words. */
  readonly failures: readonly string[];
  readonly violations: readonly Violation[];
}

/** Tool name of the events that the check itself appends. */
const FINAL_TOOL = 'soak.final';
/** Nobody is left to wait for. */
const LOCK_TIMEOUT_MS = 5_000;
const MAX_PLANS = 5;

export async function checkFinally(world: World, lanes: number): Promise<FinalCheck> {
  const failures: string[] = [];
  const attempt = async (what: string, work: () => Promise<unknown>): Promise<void> => {
    try {
      await work();
    } catch (error) {
      failures.push(`${what}: ${error instanceof Error ? error.message : String(error)}`);
    }
  };
  // What a killed pruner left half done is finished by the next one.
  await attempt('the last prune', () => pruneOnce(world));
  for (let lane = 0; lane < lanes; lane += 1) {
    await attempt(`the next append to lane ${lane}`, () => appendOnce(world, sessionOf(lane, world.generation(lane))));
  }
  await attempt('the whole root', () => verifyRoot(world));
  const gone = await readTombstones(world);
  const violations: Violation[] = [];
  let acknowledged = 0;
  const sessions = world.sessions(lanes);
  for (const session of sessions) {
    const histories = world.histories(session);
    for (const { acks } of histories.values()) acknowledged += acks.length;
    if (gone.sessions.has(session)) {
      if (existsSync(world.journalPath(session))) failures.push(`${session} was pruned and is there`);
      continue;
    }
    await attempt(session, async () => {
      await verifySession(world, session);
      const front = gone.fronts.get(session) ?? NOTHING_GONE;
      const occurrences = await readOccurrences(world.journalPath(session), front);
      const prunedToSequence = front.lastSequence;
      violations.push(...compareSession({ session, occurrences, prunedToSequence }, histories));
    });
  }
  return { sessions: sessions.length, prunedSessions: gone.sessions.size, acknowledged, failures, violations };
}

async function pruneOnce(world: World): Promise<void> {
  const choice = { config: world.configPath };
  for (let plans = 1; ; plans += 1) {
    const plan = await planPrune(world.root, choice);
    try {
      await executePrune(plan, { root: world.root, key: world.key, actor: 'soak', ...choice });
      return;
    } catch (error) {
      // What is kept for seconds only may come of age between the plan and its execution; an operator then plans again.
      if (plans === MAX_PLANS || !isGaitError(error) || error.code !== 'PLAN_STALE') throw error;
    }
  }
}

/** No crash wedges a journal: the next append works at once, and leaves no lock behind. */
async function appendOnce(world: World, session: string): Promise<void> {
  const path = world.journalPath(session);
  if (!existsSync(path)) return;
  const journal = await openJournal(path, { lockTimeoutMs: LOCK_TIMEOUT_MS });
  const { closed } = await journal.status();
  if (!closed) await journal.append({ tool_name: FINAL_TOOL, verdict: 'allow' });
  await journal.close();
  if (existsSync(`${path}.lock`)) throw new Error('its lock is still there');
}

async function verifyRoot(world: World): Promise<void> {
  const report = await verify(world.root, { publicKeys: [world.key.publicKey] });
  if (!report.ok) throw new Error(JSON.stringify(report.problems.slice(0, 5)));
}

async function verifySession(world: World, session: string): Promise<void> {
  const since = world.newestNote(session);
  const report = await verify(world.journalPath(session), {
    publicKeys: [world.key.publicKey],
    ...(since === undefined ? {} : { since }),
  });
  if (!report.ok) throw new Error(`does not verify: ${JSON.stringify(report.problems.slice(0, 5))}`);
}

/** What is there of the log, through segments and journal file, with hashes and places of its own making. */
async function readOccurrences(path: string, front: PrunedFront): Promise<Occurrence[]> {
  const occurrences: Occurrence[] = [];
  let leafIndex = -1;
  let sequence = 0;
  for await (const line of readJournal(path)) {
    leafIndex += 1;
    if (line.recordType !== 'event') continue;
    const { event } = line;
    if (sequence !== 0 && event.sequence !== sequence + 1) {
      throw new Error(`event ${event.sequence} comes after event ${sequence}`);
    }
    sequence = event.sequence;
    // Before it lie only the lines that outlive a pruned segment: the header, and checkpoints.
    if (sequence === front.lastSequence + 1 && front.leafEnd > 0) leafIndex = front.leafEnd;
    if (event.tool_name.startsWith('gait.') || event.tool_name === FINAL_TOOL) continue;
    const leafHash = createHash('sha256').update(`\0${line.text}`).digest('hex');
    occurrences.push({ id: event.correlation_id ?? '', sequence, leafIndex, leafHash });
  }
  return occurrences;
}

/** The lines of a log that were pruned from its front. */
interface PrunedFront {
  readonly lastSequence: number;
  /** Leaf of the first line that is not gone. */
  readonly leafEnd: number;
}

const NOTHING_GONE: PrunedFront = { lastSequence: 0, leafEnd: 0 };

interface Gone {
  readonly sessions: ReadonlySet<string>;
  readonly fronts: ReadonlyMap<string, PrunedFront>;
}

/** What the ledger says was removed, read without the code that wrote it. */
async function readTombstones(world: World): Promise<Gone> {
  const sessions = new Set<string>();
  const fronts = new Map<string, PrunedFront>();
  const ledger = join(world.root, 'gait.ledger.jsonl');
  if (!existsSync(ledger)) return { sessions, fronts };
  for await (const line of readJournal(ledger)) {
    if (line.recordType !== 'event' || line.event.tool_name !== 'gait.prune.tombstone') continue;
    const { kind, session_id: session, last_sequence: lastSequence, leaf_end: leafEnd } = line.event.attributes ?? {};
    if (typeof session !== 'string') continue;
    if (kind === 'session') sessions.add(session);
    if (kind !== 'segment' || typeof lastSequence !== 'number' || typeof leafEnd !== 'number') continue;
    if (leafEnd > (fronts.get(session)?.leafEnd ?? 0)) fronts.set(session, { lastSequence, leafEnd });
  }
  return { sessions, fronts };
}
