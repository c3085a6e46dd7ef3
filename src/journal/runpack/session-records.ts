/**
 * What a checkpoint puts into its runpack for each event (docs/go-compatibility.md). All text is RFC 8785, and the same as
 * the Go tool's for the same event.
 */
import { canonicalDigest, canonicalJson } from '../../sign/index.js';
import { SCHEMA_VERSION } from '../record.js';
import type { JsonObject, SessionEvent } from '../types.js';

export const RUN_SCHEMA_ID = 'gait.runpack.run';
export const INTENT_SCHEMA_ID = 'gait.runpack.intent';
export const RESULT_SCHEMA_ID = 'gait.runpack.result';
export const REFS_SCHEMA_ID = 'gait.runpack.refs';

/** Timeline entry that marks the run of a pack as a sealed part of a session. */
export const CHECKPOINT_TIMELINE_EVENT = 'session_checkpoint_emitted';
export const EVENT_TIMELINE_EVENT = 'session_event';

/** What every record of one pack shares. */
export interface RunFacts {
  /** The pack's run id, see {@link checkpointRunId}. */
  readonly runId: string;
  readonly checkpointIndex: number;
  /** As stored timestamps are written. */
  readonly createdAt: string;
  readonly producerVersion: string;
  readonly env: RunEnvironment;
}

/** Free text; the Go tool writes GOOS, GOARCH and `go`. */
export interface RunEnvironment {
  readonly os: string;
  readonly arch: string;
  readonly runtime: string;
}

/** Run id of the pack of a session's n-th checkpoint. */
export function checkpointRunId(runId: string, checkpointIndex: number): string {
  return `${runId}_cp_${String(checkpointIndex).padStart(4, '0')}`;
}

// Keys are written in canonical order, which spares canonicalJson the sorting: this is done for every event.

/** @param ordinal 1 for the pack's first event */
export function intentRecord(event: SessionEvent, ordinal: number, run: RunFacts): string {
  return canonicalJson({
    args: {
      sequence: event.sequence,
      session_id: event.session_id,
      trace_id: event.trace_id ?? '',
      trace_path: event.trace_path ?? '',
    },
    args_digest: event.intent_digest ?? '',
    created_at: event.created_at,
    intent_id: intentId(event, ordinal),
    producer_version: run.producerVersion,
    run_id: run.runId,
    schema_id: INTENT_SCHEMA_ID,
    schema_version: SCHEMA_VERSION,
    tool_name: event.tool_name ?? '',
  });
}

/** @param ordinal 1 for the pack's first event */
export function resultRecord(event: SessionEvent, ordinal: number, run: RunFacts): string {
  const verdict = event.verdict ?? '';
  const result = {
    // null, not []: the Go tool digests absent lists so.
    reason_codes: event.reason_codes ?? null,
    trace_id: event.trace_id ?? '',
    trace_path: event.trace_path ?? '',
    verdict,
    violations: event.violations ?? null,
  };
  return canonicalJson({
    created_at: event.created_at,
    intent_id: intentId(event, ordinal),
    producer_version: run.producerVersion,
    result,
    result_digest: canonicalDigest(result),
    run_id: run.runId,
    schema_id: RESULT_SCHEMA_ID,
    schema_version: SCHEMA_VERSION,
    status: verdict === 'block' || verdict === 'require_approval' ? 'error' : 'ok',
  });
}

export function refsRecord(run: RunFacts): string {
  return canonicalJson({ ...frame(REFS_SCHEMA_ID, run), receipts: [] });
}

/** run.json up to its first timeline entry; the entries follow, joined by commas, then {@link RUN_END}. */
export function runStart(run: RunFacts): string {
  const members = canonicalJson({ ...frame(RUN_SCHEMA_ID, run), env: run.env });
  // `timeline` is last in canonical order.
  return `${members.slice(0, -1)},"timeline":[`;
}

export const RUN_END = ']}';

export function eventTimelineEntry(event: SessionEvent): string {
  const ref = event.trace_id ?? '';
  return canonicalJson({ event: EVENT_TIMELINE_EVENT, ...(ref === '' ? {} : { ref }), ts: event.created_at });
}

export function checkpointTimelineEntry(run: RunFacts): string {
  return canonicalJson({
    event: CHECKPOINT_TIMELINE_EVENT,
    ref: checkpointRef(run.checkpointIndex),
    ts: run.createdAt,
  });
}

export function checkpointRef(checkpointIndex: number): string {
  return `checkpoint:${checkpointIndex}`;
}

function intentId(event: SessionEvent, ordinal: number): string {
  const id = event.intent_id ?? '';
  return id === '' ? `intent_${ordinal}` : id;
}

function frame(schemaId: string, run: RunFacts): JsonObject {
  return {
    schema_id: schemaId,
    schema_version: SCHEMA_VERSION,
    created_at: run.createdAt,
    producer_version: run.producerVersion,
    run_id: run.runId,
  };
}
