/** What a plan asks to remove, as the intent lists it, and what it leaves. Pure. */
import { GaitError } from '../errors.js';
import type { SegmentInfo, SessionInspection } from '../journal/index.js';
import { itemPath, type RootInventory } from './inventory.js';
import type { PlannedFile, PlannedItem, PlannedPayload, PlannedSegment, PlannedSession } from './plan-types.js';
import type { DrawnPlan } from './prune-plan.js';
import type { KeptSession, Removal, RemovedItem } from './tombstones.js';

const HEX_64 = /^[0-9a-f]{64}$/;

/** In the order of the plan. */
export function removalsOf({ plan, found }: DrawnPlan): Removal[] {
  return plan.items.filter(({ action }) => action === 'delete').map((item) => removalOf(item, found));
}

function removalOf(item: PlannedItem, found: RootInventory): Removal {
  switch (item.unit) {
    case 'session':
      return sessionRemoval(item, found);
    case 'segment':
      return segmentRemoval(item, found);
    case 'payload':
      return payloadRemoval(item, found);
    case 'file':
      return fileRemoval(item);
  }
}

function sessionRemoval(planned: PlannedSession, found: RootInventory): Removal {
  const { item, inspection } = inspected(found, planned.path);
  return {
    item: {
      ...common(planned),
      kind: 'session',
      session_id: item.sessionId,
      run_id: item.runId,
      head: item.head,
      tree_size: item.treeSize,
      root_hash: item.rootHash,
      last_sequence: item.lastSequence,
      checkpoint_index: item.checkpointIndex,
      closed: item.isClosed,
    },
    files: sessionFiles(inspection, found.root),
  };
}

/** The journal first: once that is moved there is no session any more. Then its folder as a whole, then what lies beside. */
function sessionFiles({ path, files }: SessionInspection, root: string): string[] {
  const sidecar = `${path}.gait`;
  const beside = files.map((file) => file.path).filter((file) => file !== path && !file.startsWith(`${sidecar}/`));
  return [path, sidecar, ...beside].map((file) => itemPath(root, file));
}

function segmentRemoval(planned: PlannedSegment, found: RootInventory): Removal {
  const { inspection } = inspected(found, planned.path);
  const segment = segmentNamed(inspection, planned.name);
  if (segment === undefined) throw notFound(planned.path);
  return {
    item: {
      ...common(planned),
      kind: 'segment',
      session_id: planned.session_id,
      name: segment.name,
      leaf_start: segment.leafStart,
      leaf_end: segment.leafEnd,
      first_sequence: segment.firstSequence,
      last_sequence: segment.lastSequence,
      content_sha256: segment.contentSha256,
      root_hash: segment.rootHash,
      payloads: payloadsOf(segment),
    },
    files: segment.files.map((file) => itemPath(found.root, file.path)),
  };
}

/** The segment of that name, when its lines are there. */
export function segmentNamed({ segments }: SessionInspection, name: string): SegmentInfo | undefined {
  return segments.find((segment) => segment.name === name && segment.isPresent);
}

/** Payloads that go with the segment: their files are named by their hashes. */
function payloadsOf({ files }: SegmentInfo): string[] {
  return files.map(({ path }) => path.slice(path.lastIndexOf('/') + 1)).filter((name) => HEX_64.test(name));
}

function payloadRemoval(planned: PlannedPayload, found: RootInventory): Removal {
  const { inspection } = inspected(found, planned.path);
  const { sha256, sequence, session_id } = planned;
  const file = inspection.files.find(({ path }) => path.endsWith(`/${sha256}`));
  if (file === undefined) throw notFound(planned.path);
  return {
    item: { ...common(planned), kind: 'payload', session_id, sequence, sha256 },
    files: [itemPath(found.root, file.path)],
  };
}

function fileRemoval(planned: PlannedFile): Removal {
  const { kind, path, sha256 } = planned;
  if (kind === 'session' || kind === 'payload') throw new GaitError('INTERNAL', `a file of kind ${kind} in a plan`);
  return { item: { ...common(planned), kind, sha256 }, files: [path] };
}

function common({ path, size_bytes: bytes, rule }: PlannedItem): Pick<RemovedItem, 'path' | 'bytes' | 'rule'> {
  return { path, bytes, rule: rule ?? 'max_age' };
}

function inspected(
  found: RootInventory,
  path: string,
): { readonly item: NonNullable<ReturnType<RootInventory['sessions']['get']>>['item']; inspection: SessionInspection } {
  const session = found.sessions.get(path);
  if (session?.inspection === undefined) throw notFound(path);
  return { item: session.item, inspection: session.inspection };
}

function notFound(path: string): GaitError {
  return new GaitError('INTERNAL', `the plan removes something of ${path} that is not in the inventory`);
}

/**
 * The sessions that stay, as they are now, and those of the last intent that are neither here nor known to have been removed:
 * they must not be forgotten because nobody has seen them for a while.
 */
export function keptSessions(
  { found }: DrawnPlan,
  removals: readonly Removal[],
  earlier: readonly KeptSession[],
): { readonly kept: readonly KeptSession[]; readonly vanished: readonly KeptSession[] } {
  const going = new Set(removals.filter(({ item }) => item.kind === 'session').map(({ item }) => item.path));
  const present = [...found.sessions.values()].map(({ item }) => item);
  const here = new Set(present.map(({ path, sessionId }) => keyOf(path, sessionId)));
  const vanished = earlier.filter(({ path, session_id: id }) => !here.has(keyOf(path, id)));
  const kept = present
    .filter(({ path, unreadable }) => !going.has(path) && unreadable === undefined)
    .map(({ path, sessionId, head, treeSize, checkpointIndex }) => ({
      path,
      session_id: sessionId,
      head,
      tree_size: treeSize,
      checkpoint_index: checkpointIndex,
    }));
  return { kept: [...kept, ...vanished], vanished };
}

function keyOf(path: string, sessionId: string): string {
  return JSON.stringify([path, sessionId]);
}

/** One name for one thing, the same in every plan: to tell whether a later plan asks for what an earlier intent listed. */
export function removalKey({ item }: Removal): string {
  const which = item.kind === 'session' ? item.head : item.kind === 'segment' ? item.content_sha256 : item.sha256;
  return JSON.stringify([item.kind, item.path, which]);
}
