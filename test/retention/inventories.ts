/** Inventories and policies to plan over: small ones by hand, and arbitrary ones. */
import fc from 'fast-check';
import type {
  FileItem,
  Hold,
  Inventory,
  InventoryItem,
  PayloadItem,
  RetentionKind,
  RetentionPolicy,
  RetentionProfile,
  RetentionRule,
  SegmentItem,
  SessionItem,
} from '../../src/retention/types.js';

export const HOUR_MS = 3_600_000;
export const DAY_MS: number = 24 * HOUR_MS;
/** The time of planning in most tests. */
export const NOW_MS: number = Date.UTC(2026, 10, 21);

export function session(sessionId: string, ageMs: number, fields: Partial<SessionItem> = {}): SessionItem {
  return {
    kind: 'session',
    path: `${sessionId}.jsonl`,
    sizeBytes: 1000,
    timeMs: NOW_MS - ageMs,
    sessionId,
    runId: `run_${sessionId}`,
    head: `head_${sessionId}`,
    treeSize: 10,
    rootHash: `root_${sessionId}`,
    lastSequence: 8,
    checkpointIndex: 1,
    isClosed: true,
    isSealed: true,
    isSigned: true,
    profile: undefined,
    segments: [],
    payloads: [],
    ...fields,
  };
}

export function segment(place: number, ageMs: number, fields: Partial<SegmentItem> = {}): SegmentItem {
  return {
    name: `segment${place}`,
    timeMs: NOW_MS - ageMs,
    isSigned: true,
    sizeBytes: 100,
    leafStart: place * 2,
    leafEnd: place * 2 + 2,
    firstSequence: place * 2 + 1,
    lastSequence: place * 2 + 2,
    contentSha256: `content${place}`,
    rootHash: `root${place}`,
    ...fields,
  };
}

export function payload(sequence: number, ageMs: number, fields: Partial<PayloadItem> = {}): PayloadItem {
  return { sha256: `payload${sequence}`, sequence, timeMs: NOW_MS - ageMs, sizeBytes: 10, ...fields };
}

export function file(path: string, ageMs: number, fields: Partial<FileItem> = {}): FileItem {
  return {
    kind: 'trace',
    path,
    sizeBytes: 50,
    timeMs: NOW_MS - ageMs,
    sha256: `sha_${path}`,
    sessionIds: [],
    referencedBy: [],
    referencedBySessions: [],
    ...fields,
  };
}

export function hold(id: number, sessionId: string): Hold {
  return { id, sessionId, reason: 'dispute', actor: 'counsel', createdAt: '2026-11-01T00:00:00Z' };
}

/** A policy whose only profile is in force. */
export function policyOf(rules: RetentionProfile['rules'], more: Partial<RetentionPolicy> = {}): RetentionPolicy {
  return { profiles: [{ name: 'p', rules }], defaultProfile: 'p', ...more };
}

/** Times in steps of an hour, some in the future, so that equal times and times on a limit are met. */
const ages = fc.integer({ min: -3, max: 60 }).map((hours) => hours * HOUR_MS);
const SESSION_IDS = ['a', 'b', 'c', 'd', 'e', 'f'];
const PROFILES = ['p', 'q', 'r'];

const segments = fc
  .array(fc.record({ ageMs: ages, isSigned: fc.boolean(), sizeBytes: fc.integer({ min: 1, max: 300 }) }), {
    maxLength: 4,
  })
  .map((list) => list.map(({ ageMs, ...fields }, place) => segment(place, ageMs, fields)));
const payloads = fc
  .uniqueArray(fc.record({ sequence: fc.integer({ min: 1, max: 12 }), ageMs: ages }), {
    maxLength: 4,
    selector: ({ sequence }) => sequence,
  })
  .map((list) => list.map(({ sequence, ageMs }) => payload(sequence, ageMs)));

const sessions = fc.uniqueArray(
  fc.record({
    sessionId: fc.constantFrom(...SESSION_IDS),
    folder: fc.constantFrom('', 'x/'),
    ageMs: ages,
    isClosed: fc.boolean(),
    isSealed: fc.boolean(),
    isSigned: fc.boolean(),
    isDated: fc.boolean(),
    isReadable: fc.integer({ min: 0, max: 9 }).map((n) => n > 0),
    profile: fc.option(fc.constantFrom(...PROFILES, 'unheard-of'), { nil: undefined, freq: 3 }),
    segments,
    payloads,
    sizeBytes: fc.integer({ min: 1000, max: 3000 }),
  }),
  { maxLength: 8, selector: ({ folder, sessionId }) => folder + sessionId },
);

const files = fc.array(
  fc.record({
    kind: fc.constantFrom('trace', 'pack', 'export'),
    ageMs: ages,
    sizeBytes: fc.integer({ min: 0, max: 300 }),
    sessionIds: fc.subarray(SESSION_IDS, { maxLength: 2 }),
    references: fc.subarray(SESSION_IDS, { maxLength: 2 }),
    isReferencedByOthers: fc.integer({ min: 0, max: 5 }).map((n) => n === 0),
  }),
  { maxLength: 8 },
);

export const inventories: fc.Arbitrary<Inventory> = fc.tuple(sessions, files).map(([listed, others]) => {
  const items: InventoryItem[] = listed.map(({ folder, ageMs, isDated, isReadable, isSealed, ...fields }) =>
    session(fields.sessionId, ageMs, {
      ...fields,
      path: `${folder}${fields.sessionId}.jsonl`,
      isSealed,
      isSigned: isSealed && fields.isSigned,
      ...(isDated || ageMs > 0 ? {} : { timeMs: undefined }),
      ...(isReadable ? {} : { unreadable: 'torn' }),
    }),
  );
  const paths = items.map(({ path }) => path);
  others.forEach(({ ageMs, references, isReferencedByOthers, ...fields }, i) => {
    const referencedBySessions = isReferencedByOthers
      ? []
      : paths.filter((path) => references.some((id) => path.endsWith(`${id}.jsonl`)));
    const referencedBy = isReferencedByOthers ? ['a chain'] : referencedBySessions.map((path) => `event 1 of ${path}`);
    items.push(file(`f${i}.json`, ageMs, { ...fields, referencedBy, referencedBySessions }));
  });
  return { items };
});

const optional = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(value, { nil: undefined });
const hours = fc.integer({ min: 1, max: 50 }).map((count) => count * HOUR_MS);
const rules: fc.Arbitrary<RetentionRule> = fc
  .record({
    maxAgeMs: optional(hours),
    maxCount: optional(fc.integer({ min: 1, max: 4 })),
    maxBytes: optional(fc.integer({ min: 1, max: 6000 })),
    keepLast: optional(fc.integer({ min: 1, max: 2 })),
    minAgeMs: optional(hours),
  })
  .map((rule) => Object.fromEntries(Object.entries(rule).filter(([, value]) => value !== undefined)));
const KINDS: readonly RetentionKind[] = ['session', 'trace', 'pack', 'export', 'payload'];

export const policies: fc.Arbitrary<RetentionPolicy> = fc.record({
  profiles: fc
    .tuple(...PROFILES.map(() => fc.tuple(...KINDS.map(() => fc.option(rules, { nil: undefined, freq: 6 })))))
    .map((list) =>
      list.map((ofKinds, i) => ({
        name: PROFILES[i] ?? '',
        rules: Object.fromEntries(KINDS.flatMap((kind, k) => (ofKinds[k] === undefined ? [] : [[kind, ofKinds[k]]]))),
      })),
    ),
  defaultProfile: fc.option(fc.constant('p'), { nil: undefined, freq: 8 }),
  isNamedByCaller: fc.boolean(),
});

export const holdLists: fc.Arbitrary<Hold[]> = fc
  .array(fc.constantFrom(...SESSION_IDS), { maxLength: 2 })
  .map((ids) => ids.map((id, i) => hold(i + 1, id)));
