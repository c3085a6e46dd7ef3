/** Files and payloads as units of a plan: decided after the sessions, because what goes with those refers to nothing. Pure. */
import type { RuleBook } from './plan-rules.js';
import { addCommonFloors, newUnit, type PlanContext, type Unit } from './plan-units.js';
import type { FileItem, PayloadItem, SessionItem } from './types.js';

/** @param gone paths of the sessions that go as a whole */
export function fileUnit(file: FileItem, gone: ReadonlySet<string>, rules: RuleBook, context: PlanContext): Unit {
  const { kind, path, timeMs, sizeBytes } = file;
  const governance = rules.forFile(file);
  const unit = newUnit({ source: { unit: 'file', file }, id: path, kind, path, timeMs, sizeBytes, governance });
  addCommonFloors(unit, context, file.sessionIds, file.unreadable);
  if (isReferenced(file, gone)) {
    unit.floors.add('referenced');
    unit.because.push(...file.referencedBy);
  }
  return unit;
}

function isReferenced({ referencedBy, referencedBySessions }: FileItem, gone: ReadonlySet<string>): boolean {
  if (referencedBySessions.length === 0) return referencedBy.length > 0;
  return referencedBySessions.some((path) => !gone.has(path));
}

/** The payloads of a session that stays, without those that go with a segment. */
export function payloadUnits(
  session: SessionItem,
  goneSegments: readonly Unit[],
  rules: RuleBook,
  context: PlanContext,
): Unit[] {
  const governance = rules.forSession(session, 'payload');
  const goneTo = Math.max(0, ...goneSegments.map(({ source }) => lastSequenceOf(source)));
  const signedTo = signedToSequence(session);
  return session.payloads
    .filter(({ sequence }) => sequence > goneTo)
    .map((payload) => {
      const unit = payloadUnit(session, payload, governance);
      addCommonFloors(unit, context, [session.sessionId], session.unreadable);
      if (payload.sequence > signedTo) unit.floors.add(session.isSealed ? 'unsigned_tail' : 'unsealed_tail');
      return unit;
    });
}

function payloadUnit(session: SessionItem, payload: PayloadItem, governance: Unit['governance']): Unit {
  return newUnit({
    source: { unit: 'payload', session, payload },
    id: `${session.path}#payload/${payload.sha256}`,
    kind: 'payload',
    path: session.path,
    timeMs: payload.timeMs,
    sizeBytes: payload.sizeBytes,
    governance,
  });
}

/** How far the session is known to be signed: at the least to the end of its newest signed segment. */
function signedToSequence({
  signedToSequence: stated,
  isSealed,
  isSigned,
  lastSequence,
  segments,
}: SessionItem): number {
  if (isSealed && isSigned) return lastSequence;
  return stated ?? segments.findLast((segment) => segment.isSigned)?.lastSequence ?? 0;
}

function lastSequenceOf(source: Unit['source']): number {
  return source.unit === 'segment' ? source.segment.lastSequence : 0;
}
