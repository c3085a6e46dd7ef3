/** A journal as an item of the inventory. */
import { isGaitError } from '../errors.js';
import {
  inspectSession,
  readJournal,
  type Environment,
  type SegmentInfo,
  type SessionInspection,
} from '../journal/index.js';
import type { WalkEntry } from './inventory-walk.js';
import type { PayloadItem, SegmentItem, SessionItem } from './types.js';

export interface InspectedSession {
  readonly item: SessionItem;
  /** Undefined when it cannot be read. */
  readonly inspection: SessionInspection | undefined;
}

const HEX_64 = /^[0-9a-f]{64}$/;

/** Undefined for a file that is named like a journal and is none. Throws IO_ERROR. */
export async function sessionOf(
  entry: WalkEntry,
  wantsPayloads: (ownProfile: string | undefined) => boolean,
  environment: Environment,
): Promise<InspectedSession | undefined> {
  try {
    const inspection = await inspectSession(entry.path, environment);
    const payloads = wantsPayloads(inspection.header.retention_profile)
      ? await payloadsOf(inspection, environment)
      : [];
    return { item: itemOf(entry.name, inspection, payloads), inspection };
  } catch (error) {
    if (!isGaitError(error) || error.category === 'io_failure') throw error;
    return { item: unreadable(entry, error.message), inspection: undefined };
  }
}

function itemOf(path: string, found: SessionInspection, payloads: readonly PayloadItem[]): SessionItem {
  const { status, header, lastRecord, segments, files } = found;
  const isSealed = lastRecord.recordType === 'checkpoint';
  return {
    kind: 'session',
    path,
    sizeBytes: files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
    timeMs: timeOf(lastRecord.created_at),
    sessionId: status.session_id,
    runId: status.run_id,
    head: status.head,
    treeSize: status.tree_size,
    rootHash: status.root_hash,
    lastSequence: status.last_sequence,
    checkpointIndex: found.checkpointIndex,
    isClosed: status.closed,
    isSealed,
    isSigned: isSealed && lastRecord.isSigned,
    profile: header.retention_profile,
    segments: segments.filter(({ isPresent }) => isPresent).map(segmentItem),
    payloads,
  };
}

function segmentItem(segment: SegmentInfo): SegmentItem {
  const { name, sealedAt, isSigned, files, leafStart, leafEnd, firstSequence, lastSequence } = segment;
  return {
    name,
    // One that a time cannot be read from is as old as nothing: it stays.
    timeMs: timeOf(sealedAt) ?? Number.MAX_SAFE_INTEGER,
    isSigned,
    sizeBytes: files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
    leafStart,
    leafEnd,
    firstSequence,
    lastSequence,
    contentSha256: segment.contentSha256,
    rootHash: segment.rootHash,
  };
}

/** Payloads whose file is there, in the order of their events. */
async function payloadsOf({ path, files }: SessionInspection, environment: Environment): Promise<PayloadItem[]> {
  const sizes = new Map<string, number>();
  for (const file of files) {
    const name = baseName(file.path);
    if (HEX_64.test(name)) sizes.set(name, file.sizeBytes);
  }
  if (sizes.size === 0) return [];
  const payloads: PayloadItem[] = [];
  for await (const line of readJournal(path, environment)) {
    if (line.recordType !== 'event' || line.event.payload === undefined) continue;
    const { sequence, created_at: createdAt, payload } = line.event;
    const sizeBytes = sizes.get(payload.sha256);
    const timeMs = timeOf(createdAt);
    if (sizeBytes !== undefined && timeMs !== undefined) {
      payloads.push({ sha256: payload.sha256, sequence, timeMs, sizeBytes });
    }
  }
  return payloads;
}

function unreadable({ name, sizeBytes }: WalkEntry, reason: string): SessionItem {
  return {
    kind: 'session',
    path: name,
    sizeBytes,
    timeMs: undefined,
    unreadable: reason,
    sessionId: '',
    runId: '',
    head: '',
    treeSize: 0,
    rootHash: '',
    lastSequence: 0,
    checkpointIndex: 0,
    isClosed: false,
    isSealed: false,
    isSigned: false,
    profile: undefined,
    segments: [],
    payloads: [],
  };
}

function timeOf(text: string): number | undefined {
  const ms = Date.parse(text);
  return Number.isNaN(ms) ? undefined : ms;
}

function baseName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}
