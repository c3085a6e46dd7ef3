/**
 * What the entries of a runpack say, against each other: one run id, digests of the payloads that stand beside them, and
 * in the pack of a checkpoint the events of one session without a gap. Fed piece by piece, in flat memory.
 */
import { createHash } from 'node:crypto';
import { canonicalDigest, type JsonValue } from '../../sign/index.js';
import { SCHEMA_VERSION } from '../record.js';
import type { Findings } from './findings.js';
import {
  isRecord,
  linesReader,
  objectReader,
  type EntryReader,
  type JsonRecord,
  type Place,
  type RecordSink,
} from './record-readers.js';
import {
  CHECKPOINT_TIMELINE_EVENT,
  EVENT_TIMELINE_EVENT,
  INTENT_SCHEMA_ID,
  REFS_SCHEMA_ID,
  RESULT_SCHEMA_ID,
  RUN_SCHEMA_ID,
} from './session-records.js';
import type { RunpackProblem } from './types.js';

/** What a pack turned out to hold. */
export class PackContent {
  /** Refs of the timeline entries that mark a checkpoint; none in a pack of another kind. */
  readonly checkpointRefs: string[] = [];
  timelineEvents = 0;
  intents = 0;
  results = 0;
  /** Intents that name their session and sequence; the newer Go tool strips them. */
  intentsWithArgs = 0;
  firstSequence: number | undefined;
  lastSequence: number | undefined;
  /** The session that the intents name: the first one's, others are problems. */
  sessionId: string | undefined;
  readonly #intentIds = createHash('sha256');
  readonly #resultIds = createHash('sha256');
  readonly #findings: Findings<RunpackProblem>;
  readonly #runId: string;

  /** @param runId the manifest's */
  constructor(runId: string, findings: Findings<RunpackProblem>) {
    this.#runId = runId;
    this.#findings = findings;
  }

  get isCheckpoint(): boolean {
    return this.checkpointRefs.length > 0;
  }

  /**
   * The reader for an entry; undefined for one whose content means nothing here. Give run.json first: what the lines are
   * held to depends on it.
   */
  reader(entry: string): EntryReader | undefined {
    switch (entry) {
      case 'run.json':
        return objectReader(entry, 'timeline', {
          ...this.#sink(RUN_SCHEMA_ID),
          onElement: (value) => this.#addTimelineEntry(value),
        });
      case 'refs.json':
        return objectReader(entry, 'receipts', { ...this.#sink(REFS_SCHEMA_ID), onElement: () => undefined });
      case 'intents.jsonl':
        return linesReader(
          entry,
          this.#sink(INTENT_SCHEMA_ID, (record, line) => this.#addIntent(record, line)),
        );
      case 'results.jsonl':
        return linesReader(
          entry,
          this.#sink(RESULT_SCHEMA_ID, (record, line) => this.#addResult(record, line)),
        );
      default:
        return undefined;
    }
  }

  /** After the last entry. */
  finish(): void {
    if (!this.isCheckpoint) return;
    const { intents, results, timelineEvents } = this;
    if (intents !== results || intents !== timelineEvents) {
      this.#findings.problem({
        kind: 'count_mismatch',
        expected: `${timelineEvents} of each, as the timeline has`,
        found: `${intents} intents, ${results} results`,
        meaning: 'a checkpoint writes one intent, one result and one timeline entry for each event',
      });
    } else if (this.#intentIds.digest('hex') !== this.#resultIds.digest('hex')) {
      this.#findings.problem({
        kind: 'identity_mismatch',
        entry: 'results.jsonl',
        meaning: 'the results do not belong to the intents, one by one',
      });
    }
    if (intents > 0 && this.intentsWithArgs === 0) {
      this.#findings.warning({
        kind: 'not_comparable',
        entry: 'intents.jsonl',
        meaning:
          'the intents carry no session and no sequence (newer Go tools strip them): only their number says anything',
      });
    } else if (this.intentsWithArgs !== intents) {
      this.#findings.problem({
        kind: 'count_mismatch',
        entry: 'intents.jsonl',
        expected: `${intents}`,
        found: `${this.intentsWithArgs}`,
        meaning: 'some intents name their session and sequence, others do not',
      });
    }
  }

  #sink(schemaId: string, onGood: (record: JsonRecord, line: number) => void = () => undefined): RecordSink {
    return {
      onRecord: (record, place) => {
        if (this.#checkFrame(record, schemaId, place)) onGood(record, place.line ?? 0);
      },
      onProblem: (problem) => this.#findings.problem(problem),
    };
  }

  #addTimelineEntry(value: JsonValue): void {
    const event = isRecord(value) ? value['event'] : undefined;
    if (event === EVENT_TIMELINE_EVENT) this.timelineEvents += 1;
    // One too many is enough to see that something is wrong.
    const isMark = event === CHECKPOINT_TIMELINE_EVENT && this.checkpointRefs.length < 2;
    if (isMark && isRecord(value)) this.checkpointRefs.push(asText(value['ref']));
  }

  #addIntent(record: JsonRecord, line: number): void {
    this.intents += 1;
    this.#intentIds.update(`${asText(record['intent_id'])}\n`);
    if (!this.isCheckpoint) {
      this.#checkPayload(record, 'args', line);
      return;
    }
    // The digest of a checkpoint's intent is of the call's own arguments, which are not here: nothing to compare with.
    const { args } = record;
    if (args === undefined) return;
    const sequence = isRecord(args) ? args['sequence'] : undefined;
    const sessionId = isRecord(args) ? args['session_id'] : undefined;
    if (typeof sequence !== 'number' || !Number.isSafeInteger(sequence) || typeof sessionId !== 'string') return;
    this.intentsWithArgs += 1;
    this.firstSequence ??= sequence;
    this.sessionId ??= sessionId;
    if (sessionId !== this.sessionId) {
      this.#findings.problem({
        kind: 'identity_mismatch',
        entry: 'intents.jsonl',
        line,
        expected: this.sessionId,
        found: sessionId,
        meaning: 'the intents of one checkpoint are of two sessions',
      });
    }
    if (this.lastSequence !== undefined && sequence !== this.lastSequence + 1) {
      this.#findings.problem({
        kind: 'sequence_mismatch',
        entry: 'intents.jsonl',
        line,
        expected: String(this.lastSequence + 1),
        found: String(sequence),
        meaning: 'an event is missing, doubled or out of place',
      });
    }
    this.lastSequence = sequence;
  }

  #addResult(record: JsonRecord, line: number): void {
    this.results += 1;
    this.#resultIds.update(`${asText(record['intent_id'])}\n`);
    this.#checkPayload(record, 'result', line);
  }

  /** Elsewhere a digest may be of more than the pack shows; a checkpoint's result digest is of what stands beside it. */
  #checkPayload(record: JsonRecord, field: 'args' | 'result', line: number): void {
    const payload = record[field];
    if (payload === undefined) return;
    const stated = asText(record[`${field}_digest`]).toLowerCase();
    const actual = canonicalDigest(payload);
    if (stated === actual) return;
    const finding: RunpackProblem = {
      kind: 'payload_mismatch',
      entry: field === 'args' ? 'intents.jsonl' : 'results.jsonl',
      line,
      expected: stated,
      found: actual,
      meaning: `${field}_digest is not the digest of the ${field} beside it`,
    };
    if (this.isCheckpoint) this.#findings.problem(finding);
    else this.#findings.warning(finding);
  }

  #checkFrame(record: JsonRecord, schemaId: string, place: Place): boolean {
    const isKnown = record['schema_id'] === schemaId && record['schema_version'] === SCHEMA_VERSION;
    if (!isKnown) {
      this.#findings.problem({
        kind: 'bad_record',
        ...place,
        expected: `${schemaId} ${SCHEMA_VERSION}`,
        found: `${asText(record['schema_id'])} ${asText(record['schema_version'])}`,
        meaning: 'this is not a record of the kind that belongs here',
      });
    } else if (record['run_id'] !== this.#runId) {
      this.#findings.problem({
        kind: 'identity_mismatch',
        ...place,
        expected: this.#runId,
        found: asText(record['run_id']),
        meaning: 'the record is of another run than the manifest',
      });
    }
    return isKnown;
  }
}

function asText(value: JsonValue | undefined): string {
  return value === undefined ? '' : typeof value === 'string' ? value : JSON.stringify(value);
}
