/** Cut the entries of a runpack into records: JSONL into its lines, a long JSON object into its members and elements. */
import { isUtf8 } from 'node:buffer';
import { isGaitError } from '../../errors.js';
import { parseExactJson, type JsonValue } from '../../sign/index.js';
import { LineSplitter } from '../store/index.js';
import { JsonMembers } from './json-members.js';
import { MAX_RECORD_BYTES } from './limits.js';
import type { RunpackProblem } from './types.js';

/** Takes in one entry, chunk by chunk. */
export interface EntryReader {
  push(chunk: Buffer): void;
  finish(): void;
}

export type JsonRecord = { readonly [key: string]: JsonValue };

export interface Place {
  readonly entry: string;
  /** 1-based. */
  readonly line?: number;
}

export interface RecordSink {
  onRecord(record: JsonRecord, place: Place): void;
  onProblem(problem: RunpackProblem): void;
}

/** Keys of an object that are kept until its end, to be checked as one record. */
const FRAME_KEYS = new Set(['schema_id', 'schema_version', 'run_id']);

/** Reads one JSON object: the elements of its long array one by one, and its frame as a record at the end. */
export function objectReader(
  entry: string,
  longArray: string,
  sink: RecordSink & { onElement(value: JsonValue): void },
): EntryReader {
  const frame: Record<string, JsonValue> = {};
  const members = new JsonMembers([longArray], {
    onMember: (key, value) => {
      if (FRAME_KEYS.has(key)) frame[key] = value;
    },
    onElement: (_key, value) => sink.onElement(value),
  });
  return {
    push: (chunk) => members.push(chunk),
    finish: () => {
      members.finish();
      if (members.fault === undefined) sink.onRecord(frame, { entry });
      else sink.onProblem(badJson(members.fault, { entry }));
    },
  };
}

/** Reads JSON lines; blank ones are skipped, and the last one may lack its line feed, as for the Go tool. */
export function linesReader(entry: string, sink: RecordSink): EntryReader {
  let line = 0;
  const take = (bytes: Buffer): void => {
    line += 1;
    const record = parseLine(bytes, { entry, line }, sink);
    if (record !== undefined) sink.onRecord(record, { entry, line });
  };
  const refuse = (sizeBytes: number): void => {
    line += 1;
    sink.onProblem({
      kind: 'line_too_long',
      entry,
      line,
      expected: `at most ${MAX_RECORD_BYTES} bytes`,
      found: `${sizeBytes} bytes`,
      meaning: 'the line is longer than any reader of runpacks takes; it was not looked at',
    });
  };
  const splitter = new LineSplitter(0, take, refuse, MAX_RECORD_BYTES);
  return {
    push: (chunk) => splitter.push(chunk),
    finish: () => {
      if (splitter.restBytes > MAX_RECORD_BYTES) refuse(splitter.restBytes);
      else if (splitter.restBytes > 0) take(splitter.rest);
    },
  };
}

export function isRecord(value: JsonValue | undefined): value is JsonRecord {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Undefined for a blank line, and for one that is a problem. */
function parseLine(bytes: Buffer, place: Place, sink: RecordSink): JsonRecord | undefined {
  if (!isUtf8(bytes)) {
    sink.onProblem(badJson('it is not valid UTF-8', place));
    return undefined;
  }
  const text = bytes.toString('utf8');
  if (text.trim() === '') return undefined;
  try {
    const value = parseExactJson(text);
    if (isRecord(value)) return value;
    sink.onProblem(badJson('it is no object', place));
  } catch (error) {
    if (!isGaitError(error)) throw error;
    sink.onProblem(badJson(error.message, place));
  }
  return undefined;
}

function badJson(reason: string, place: Place): RunpackProblem {
  return { kind: 'bad_json', ...place, found: reason, meaning: 'this cannot be read, or in two ways' };
}
