/** Finds trace files: all below a folder, or the one that an event names. */
import { basename, dirname, join, resolve } from 'node:path';
import { GaitError, isGaitError } from '../errors.js';
import {
  cleanFolder,
  ioError,
  readTextFile,
  resolveWorld,
  stagedPath,
  type Environment,
  type JsonObject,
} from '../journal/index.js';
import { parseJson } from '../sign/index.js';
import { isObject, TRACE_SCHEMA_ID } from './trace-record.js';
import type { TimelineEntry } from './timeline-entry.js';

/** Names of traces, ours and the Go tool's. */
const TRACE_NAME = /^trace_.*\.json$/i;
/** Deeper than anybody keeps traces; a loop of folders ends here. */
const MAX_DEPTH = 32;

/** Paths of the files with a trace's name below `folder`, in the order of the names. No link is followed. Throws IO_ERROR. */
export function* traceFiles(folder: string, environment: Environment, depth = 0): Generator<string, void, undefined> {
  const { fs } = resolveWorld(environment);
  const cleaned = cleanFolder(folder);
  let names: readonly string[];
  try {
    names = fs.readDirectory(cleaned).toSorted();
  } catch (error) {
    throw ioError(error, 'list traces of', cleaned);
  }
  for (const name of names) {
    // Hidden files are not there yet; the folder beside a journal, and its lock, are the journal's own.
    if (name.startsWith('.') || name.endsWith('.gait') || name.endsWith('.lock')) continue;
    const path = join(cleaned, name);
    const kind = fs.lstat(path)?.kind;
    if (kind === 'directory' && depth < MAX_DEPTH) yield* traceFiles(path, environment, depth + 1);
    if (kind === 'file' && TRACE_NAME.test(name)) yield path;
  }
}

/** @throws GaitError INVALID_TRACE for another file, INVALID_JSON, and as readTextFile */
export function readTrace(path: string, environment: Environment): JsonObject {
  const { fileSystem } = environment;
  const text = readTextFile(path, fileSystem === undefined ? {} : { fileSystem });
  let value: unknown;
  try {
    value = parseJson(text);
  } catch (cause) {
    throw new GaitError('INVALID_JSON', `${path} is no JSON`, { cause, details: { path } });
  }
  if (isObject(value) && value['schema_id'] === TRACE_SCHEMA_ID) return value;
  throw new GaitError('INVALID_TRACE', `${path} holds no trace`, { details: { path } });
}

/**
 * The trace that an event names, undefined when it is nowhere: where the path leads from the working directory, then from the
 * journal's, then by its name beside the journal and in the folder of traces there. A trace that waits to be put in place
 * counts: its event is in the journal.
 */
export function namedTrace(
  { trace_path: named, trace_id: id, path: journal }: TimelineEntry,
  environment: Environment,
): { readonly path: string; readonly record: JsonObject } | undefined {
  if (named === undefined || named === '' || named.includes('\0')) return undefined;
  const folder = dirname(journal);
  const places = [
    resolve(named),
    resolve(folder, named),
    join(folder, basename(named)),
    join(folder, 'traces', basename(named)),
  ];
  for (const place of new Set(places)) {
    for (const path of [place, stagedPath(place)]) {
      const record = readIfTrace(path, environment);
      if (record !== undefined && (id === undefined || record['trace_id'] === id)) return { path: place, record };
    }
  }
  return undefined;
}

/** A stranger's path may lead anywhere: what is no trace is not looked at any further. */
function readIfTrace(path: string, environment: Environment): JsonObject | undefined {
  try {
    return readTrace(path, environment);
  } catch (error) {
    if (isGaitError(error)) return undefined;
    throw error;
  }
}
