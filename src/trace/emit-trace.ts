/** Emits traces: signed, each in a file of its own, and if wanted as one with the event that records the decision. */
import { dirname, join } from 'node:path';
import { GaitError, isGaitError } from '../errors.js';
import {
  openJournal,
  replaceOutput,
  VERSION,
  writeLoneCompanion,
  type Environment,
  type EventInput,
  type Journal,
  type JsonObject,
  type LockOptions,
  type Receipt,
} from '../journal/index.js';
import { signValue, type KeyPair } from '../sign/index.js';
import { emissionClock, observedAt } from './observation.js';
import { checkInput, signedForm, type TraceInput } from './trace-input.js';
import { eventId, TRACE_SCHEMA_ID, traceId } from './trace-record.js';

/** What the event says beside what the trace does. */
export type TraceEventInput = Pick<EventInput, 'actor' | 'intent_id' | 'reason_codes' | 'attributes'>;

export interface EmitTraceOptions extends Environment, LockOptions {
  /** Signs the trace. */
  readonly key: KeyPair;
  /**
   * The folder that the trace gets its default name in, `trace_<trace_id>_<event_id>.json`, which is never taken from another
   * file. By default `traces` beside the journal, without a journal the working directory.
   */
  readonly dir?: string;
  /** The file itself, in place of a default name. Without a journal it is overwritten, as by the Go tool; with one it must be new. */
  readonly out?: string;
  /** Appends the event of the decision to this journal, open or by its path: trace and event, both or neither. */
  readonly journal?: string | Journal;
  readonly event?: TraceEventInput;
  readonly producerVersion?: string;
}

export interface EmittedTrace {
  /** The file, as the event names it. */
  readonly path: string;
  /** The record, with its signature. */
  readonly trace: JsonObject;
  /** With a journal. */
  readonly receipt?: Receipt;
}

/** No honest trace is longer; readers take none that is. */
const MAX_TRACE_BYTES = 4 * 1024 * 1024;
/** So many emissions of one decision in one nanosecond are somebody's broken clock. */
const MAX_TRIES = 100_000;

/**
 * Emits the trace of a decision. The same decision again is another emission: same `trace_id`, another `event_id`, another file.
 *
 * @throws GaitError INVALID_TRACE naming the field, INVALID_JSON, INVALID_ARGUMENT, INVALID_PATH; OUTPUT_EXISTS for an `out`
 * that an event of a journal would name; DISK_FULL, IO_ERROR; with a journal as its `append` does
 */
export async function emitTrace(input: TraceInput, options: EmitTraceOptions): Promise<EmittedTrace> {
  const { journal } = options;
  const record = checkInput(input);
  if (options.dir !== undefined && options.out !== undefined) {
    throw new GaitError('INVALID_ARGUMENT', 'a trace has a folder or a file of its own, not both', {
      details: { option: 'out' },
    });
  }
  if (typeof journal !== 'string') return await emit(record, options, journal);
  const { fileSystem, clock, randomBytes, env, lockTimeoutMs, lockRetryMs, lockStaleAfterMs, lockLayers } = options;
  const given = { fileSystem, clock, randomBytes, env, lockTimeoutMs, lockRetryMs, lockStaleAfterMs, lockLayers };
  const handle = await openJournal(journal, withoutAbsent(given));
  try {
    return await emit(record, options, handle);
  } finally {
    await handle.close();
  }
}

async function emit(input: JsonObject, options: EmitTraceOptions, journal: Journal | undefined): Promise<EmittedTrace> {
  const now = (options.clock ?? emissionClock)();
  const createdAt = input['created_at'] ?? observedAt(now, 0);
  for (let skippedNs = 0; skippedNs < MAX_TRIES; skippedNs += 1) {
    const trace = sign({ ...input, created_at: createdAt, observed_at: observedAt(now, skippedNs) }, options);
    const path = options.out ?? join(folderOf(options), fileName(trace));
    try {
      return { path, trace, ...(await write(trace, path, options, journal)) };
    } catch (error) {
      const isTaken = isGaitError(error) && error.code === 'OUTPUT_EXISTS' && options.out === undefined;
      // Somebody emitted the same decision in the same nanosecond: the next one is as true.
      if (!isTaken) throw error;
    }
  }
  throw new GaitError('IO_ERROR', 'no name is free for the trace', { details: { dir: folderOf(options) } });
}

function sign(record: JsonObject, { key, producerVersion = VERSION }: EmitTraceOptions): JsonObject {
  const id = traceId(record);
  const ids = { trace_id: id, event_id: eventId(id, String(record['observed_at'])) };
  const form = signedForm({ ...record, ...ids, producer_version: producerVersion });
  return { ...form, signature: signValue(form, key) };
}

function fileName({ trace_id: id, event_id: emission }: JsonObject): string {
  return `trace_${String(id)}_${String(emission)}.json`;
}

function folderOf({ dir, journal }: EmitTraceOptions): string {
  if (dir !== undefined) return dir;
  if (journal === undefined) return '.';
  return join(dirname(typeof journal === 'string' ? journal.trim() : journal.path), 'traces');
}

async function write(
  trace: JsonObject,
  path: string,
  options: EmitTraceOptions,
  journal: Journal | undefined,
): Promise<{ readonly receipt?: Receipt }> {
  const content = Buffer.from(`${JSON.stringify(trace, null, 2)}\n`);
  if (content.length > MAX_TRACE_BYTES) {
    throw new GaitError('INVALID_TRACE', `the trace has ${content.length} bytes, ${MAX_TRACE_BYTES} fit`, {
      details: { size_bytes: content.length, max_bytes: MAX_TRACE_BYTES },
    });
  }
  if (journal !== undefined) {
    const event = eventOf(trace, path, options.event);
    return { receipt: await journal.append(event, { companion: { path, content } }) };
  }
  if (options.out === undefined) writeLoneCompanion({ path, content }, options);
  else replaceOutput(path, content, TRACE_SCHEMA_ID, options);
  return {};
}

/** The event of the decision: dated by it, so that both stand side by side in a timeline. */
function eventOf(trace: JsonObject, path: string, more: TraceEventInput = {}): EventInput {
  const fields: Record<string, unknown> = { trace_path: path };
  for (const field of SHARED_FIELDS) if (trace[field] !== undefined) fields[field] = trace[field];
  return withoutAbsent({ ...more, ...fields }) as unknown as EventInput;
}

const SHARED_FIELDS = [
  'tool_name',
  'verdict',
  'created_at',
  'trace_id',
  'correlation_id',
  'intent_digest',
  'policy_digest',
  'policy_id',
  'policy_version',
  'matched_rule_ids',
  'violations',
] as const;

function withoutAbsent<T extends object>(fields: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]: Exclude<T[K], undefined>;
  };
}
