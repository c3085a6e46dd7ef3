/** Sessions and their segments as units of a plan, with the floors that only they have. Pure. */
import type { RuleBook } from './plan-rules.js';
import { addCommonFloors, newUnit, type PlanContext, type Unit } from './plan-units.js';
import type { SessionItem } from './types.js';

/** What makes the times of a session worth nothing. */
const DISTRUST = ['unreadable', 'future_dated'] as const;

/** A session, and behind it its segments, oldest first. */
export function sessionUnits(session: SessionItem, rules: RuleBook, context: PlanContext): Unit[] {
  const { path, timeMs, sizeBytes } = session;
  const governance = rules.forSession(session, 'session');
  const source = { unit: 'session', session } as const;
  const whole = newUnit({ source, id: path, kind: 'session', path, timeMs, sizeBytes, governance });
  addCommonFloors(whole, context, [session.sessionId], session.unreadable);
  const { maxAgeMs } = governance.rule ?? {};
  const isIdle = maxAgeMs !== undefined && timeMs !== undefined && context.nowMs - timeMs > maxAgeMs;
  if (!session.isClosed && !isIdle) whole.floors.add('not_closed');
  if (!session.isSealed) whole.floors.add('unsealed_tail');
  else if (!session.isSigned) whole.floors.add('unsigned_tail');
  return [whole, ...segmentUnits(session, whole, context)];
}

/**
 * Segments go alone only from the front of a session that lives on. One that is closed, or may go anyway, keeps what it has
 * until all of it goes.
 */
function segmentUnits(session: SessionItem, whole: Unit, context: PlanContext): Unit[] {
  const units: Unit[] = [];
  const goesAsWhole = session.isClosed || whole.floors.size === 0;
  for (const segment of session.segments) {
    const older = units.at(-1);
    // A clock that was set back must not let a segment go before the one in front of it.
    const timeMs = Math.max(segment.timeMs, older?.timeMs ?? -Infinity);
    const unit = newUnit(
      {
        source: { unit: 'segment', session, segment },
        id: `${session.path}#segment/${segment.name}`,
        kind: 'session',
        path: session.path,
        timeMs,
        sizeBytes: segment.sizeBytes,
        governance: whole.governance,
      },
      { place: segment.leafStart, older },
    );
    addCommonFloors(unit, context, [session.sessionId], session.unreadable);
    // A session that cannot be judged, or has a wrong clock, is left alone in all its parts.
    for (const floor of DISTRUST) if (whole.floors.has(floor)) unit.floors.add(floor);
    if (!segment.isSigned) unit.floors.add('unsigned_tail');
    if (goesAsWhole) unit.floors.add('whole_session');
    units.push(unit);
  }
  return units;
}
