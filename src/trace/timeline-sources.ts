/** Which journals and folders a timeline reads. */
import { GaitError } from '../errors.js';
import {
  cleanFolder,
  journalsIn,
  readJournal,
  resolveWorld,
  sessionJournalPath,
  type Environment,
  type SessionEvent,
} from '../journal/index.js';
import type { TimelineFilter, TimelineSource } from './timeline-filter.js';

export interface TimelinePlaces {
  readonly journals: readonly string[];
  /** All traces below these belong to it, beside those that the events name. */
  readonly traceFolders: readonly string[];
}

/** The journal of a root in which holds and removals are written down. */
const LEDGER_ID = 'gait.ledger';

/** Throws INVALID_ARGUMENT, INVALID_PATH; FILE_NOT_FOUND for a root that is not there; IO_ERROR. */
export function placesOf(source: TimelineSource, filter: TimelineFilter): TimelinePlaces {
  const { sessionId, traceDirs = [] } = filter;
  const environment = environmentOf(filter);
  if (typeof source !== 'string') {
    if (source.journals.length === 0) {
      throw new GaitError('INVALID_ARGUMENT', 'a timeline of no journal', { details: { option: 'journals' } });
    }
    return { journals: [...new Set(source.journals)], traceFolders: traceDirs };
  }
  const { fs } = resolveWorld(environment);
  const root = cleanFolder(source);
  if (fs.lstat(root) === undefined) {
    throw new GaitError('FILE_NOT_FOUND', `there is no folder at ${root}`, {
      hint: 'name the folder that holds the sessions, or journals',
      details: { path: root },
    });
  }
  if (sessionId === undefined) {
    return { journals: journalsIn(root, environment), traceFolders: [root, ...traceDirs] };
  }
  const own = sessionJournalPath(root, sessionId);
  const ledger = sessionJournalPath(root, LEDGER_ID);
  // Usually it is named for its session; otherwise every journal is asked.
  const journals =
    fs.lstat(own) === undefined
      ? journalsIn(root, environment)
      : [own, ...(fs.lstat(ledger) === undefined ? [] : [ledger])];
  return { journals: [...new Set(journals)], traceFolders: traceDirs };
}

/**
 * The event that the window is built around.
 *
 * @throws GaitError INVALID_ARGUMENT when there is none, or several journals could be meant; as readJournal
 */
export async function eventAt(places: TimelinePlaces, sequence: number, filter: TimelineFilter): Promise<SessionEvent> {
  const environment = environmentOf(filter);
  const found: SessionEvent[] = [];
  for (const path of places.journals) {
    const range = { fromSequence: sequence, toSequence: sequence };
    for await (const line of readJournal(path, { ...environment, ...range })) {
      const isMeant =
        filter.sessionId === undefined || (line.recordType === 'event' && line.event.session_id === filter.sessionId);
      if (line.recordType === 'event' && isMeant) found.push(line.event);
    }
  }
  const [event] = found;
  if (event !== undefined && found.length === 1) return event;
  const problem = found.length === 0 ? `there is no event ${sequence}` : `several journals have an event ${sequence}`;
  throw new GaitError('INVALID_ARGUMENT', problem, {
    hint: 'name one session, or give a time',
    details: { option: 'around', found: sequence },
  });
}

/** The part of a filter that is about the world. */
export function environmentOf({ fileSystem, clock, randomBytes, env }: Environment): Environment {
  return {
    ...(fileSystem === undefined ? {} : { fileSystem }),
    ...(clock === undefined ? {} : { clock }),
    ...(randomBytes === undefined ? {} : { randomBytes }),
    ...(env === undefined ? {} : { env }),
  };
}
