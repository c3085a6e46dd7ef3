/** The way to a payload for those who hold a journal: by the event that names it. */
import { GaitError } from '../errors.js';
import { checkPayload, openPayload } from './payload-reader.js';
import { readJournal } from './reader.js';
import { refuseUnknown, resolveWorld } from './settings.js';
import { resolveJournalPaths } from './store/index.js';
import type { Environment } from './environment.js';
import type { PayloadRef } from './types.js';

/** A payload that was found to be what its event was recorded with. */
export interface OpenedPayload {
  readonly payload: PayloadRef;
  /** Without the salt; to be read once. Checked again on the way: PAYLOAD_ALTERED at the end if it changed meanwhile. */
  readonly content: AsyncIterable<Uint8Array>;
}

/**
 * The payload of event `sequence`, hashed before the first byte is handed out, so that nothing that is not proved gets to
 * the caller.
 *
 * @throws GaitError INVALID_ARGUMENT when there is no such event; PAYLOAD_NOT_FOUND when it has no payload, or that was
 * erased or lost; PAYLOAD_ALTERED; JOURNAL_NOT_FOUND, JOURNAL_CORRUPT, JOURNAL_TRUNCATED, INVALID_PATH, IO_ERROR
 */
export async function readPayload(path: string, sequence: number, options: Environment = {}): Promise<OpenedPayload> {
  refuseUnknown(options, []);
  const { fs } = resolveWorld(options);
  const paths = resolveJournalPaths(fs, path);
  const payload = await payloadOf(path, sequence, options);
  const { sha256 } = payload;
  const verdict = await checkPayload(fs, paths, payload);
  const details = { path: paths.journal, sequence, sha256 };
  if (verdict === 'missing') {
    throw new GaitError('PAYLOAD_NOT_FOUND', `the payload of event ${sequence} is not there`, { details });
  }
  if (verdict === 'altered') {
    throw new GaitError('PAYLOAD_ALTERED', `the payload of event ${sequence} is not what was recorded`, { details });
  }
  return { payload, content: openPayload(fs, paths, sha256) };
}

async function payloadOf(path: string, sequence: number, options: Environment): Promise<PayloadRef> {
  for await (const line of readJournal(path, { ...options, fromSequence: sequence, toSequence: sequence })) {
    if (line.recordType !== 'event' || line.event.sequence !== sequence) continue;
    const { payload } = line.event;
    if (payload !== undefined) return payload;
    throw new GaitError('PAYLOAD_NOT_FOUND', `event ${sequence} has no payload`, {
      hint: 'gait run session show prints which events name one',
      details: { path, sequence },
    });
  }
  throw new GaitError('INVALID_ARGUMENT', `the journal has no event ${sequence}`, { details: { path, sequence } });
}
