/** A decided unit in its written form, with the reasons why it stays. Pure. */
import type { KeepReason, PlannedItem, PlanWarning } from './plan-types.js';
import type { Unit } from './plan-units.js';

/** Said of whatever they are true of, whether a limit asks for it or not: somebody wants to know. */
const ALWAYS_SAID: readonly KeepReason[] = ['held', 'unreadable', 'future_dated', 'whole_session'];
/** Times beyond it cannot be written as a date. */
const MAX_DATE_MS = 8.64e15;

export function describeUnit(unit: Unit): PlannedItem {
  const { id, kind, path, sizeBytes, governance, rule, isGoing, because } = unit;
  const time = writtenTime(unit.timeMs);
  const base = {
    id,
    kind,
    path,
    size_bytes: sizeBytes,
    ...(time === undefined ? {} : { time }),
    action: isGoing ? 'delete' : 'keep',
    ...(rule === undefined ? {} : { rule }),
    reasons: isGoing ? [] : reasonsOf(unit),
    ...(because.length === 0 || isGoing ? {} : { because }),
    profiles: governance.profiles,
  } as const;
  const { source } = unit;
  switch (source.unit) {
    case 'session': {
      const { sessionId, head, treeSize, rootHash, lastSequence, checkpointIndex } = source.session;
      const state = { head, tree_size: treeSize, root_hash: rootHash, last_sequence: lastSequence };
      return { unit: 'session', ...base, session_id: sessionId, ...state, checkpoint_index: checkpointIndex };
    }
    case 'segment': {
      const { name, firstSequence, lastSequence, contentSha256, rootHash } = source.segment;
      const range = { first_sequence: firstSequence, last_sequence: lastSequence };
      const state = { content_sha256: contentSha256, root_hash: rootHash };
      return { unit: 'segment', ...base, session_id: source.session.sessionId, name, ...range, ...state };
    }
    case 'payload': {
      const { sequence, sha256 } = source.payload;
      return { unit: 'payload', ...base, session_id: source.session.sessionId, sequence, sha256 };
    }
    case 'file':
      return { unit: 'file', ...base, session_ids: source.file.sessionIds, sha256: source.file.sha256 };
  }
}

function reasonsOf({ governance, floors, rule }: Unit): KeepReason[] {
  const said = ALWAYS_SAID.filter((reason) => floors.has(reason));
  if (rule !== undefined) return [...new Set([...said, ...floors])];
  const own: KeepReason[] = governance.isOwn ? ['own_profile'] : [];
  if (governance.unknown !== undefined) return [...said, 'unknown_profile'];
  if (governance.rule === undefined) return [...said, 'no_rule', ...own];
  const isJudged = !floors.has('unreadable') && !floors.has('future_dated') && !floors.has('whole_session');
  return isJudged ? [...said, 'within_limits', ...own] : said;
}

/** What somebody should look into. */
export function warningsOn({ id, floors, governance, because, timeMs }: Unit): PlanWarning[] {
  const warnings: PlanWarning[] = [];
  if (floors.has('future_dated')) {
    const meaning = `dated ${writtenTime(timeMs) ?? 'in the future'}, after the time of planning: kept; check the clocks`;
    warnings.push({ kind: 'future_dated', id, meaning });
  }
  if (floors.has('unreadable')) warnings.push({ kind: 'unreadable', id, meaning: `kept: ${because.join('; ')}` });
  if (governance.unknown !== undefined) {
    const meaning = `kept: no profile is called ${JSON.stringify(governance.unknown)} here`;
    warnings.push({ kind: 'unknown_profile', id, meaning });
  }
  return warnings;
}

/** A time as RFC 3339, where it is a date. */
export function writtenTime(timeMs: number | undefined): string | undefined {
  return timeMs !== undefined && Math.abs(timeMs) <= MAX_DATE_MS ? new Date(timeMs).toISOString() : undefined;
}
