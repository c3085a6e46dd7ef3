/** A session id as a file name. */
import { join } from 'node:path';
import { GaitError } from '../errors.js';
import { checkId } from './event-fields.js';
import { cleanFolder } from './store/index.js';

const MAX_NAME_BYTES = 200;
const NOT_PORTABLE = /[/\\:*?"<>|]/;
const DEVICE_NAME = /^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/i;

/**
 * `root/<session id>.jsonl`. An id that would not survive as a file name is refused, never mangled: two sessions must not
 * meet in one file.
 *
 * @throws GaitError INVALID_ARGUMENT
 */
export function sessionJournalPath(root: string, sessionId: string): string {
  const id = checkId(sessionId, 'session id', 'INVALID_ARGUMENT');
  const reason = whyNoFileName(id);
  if (reason !== undefined) {
    throw new GaitError('INVALID_ARGUMENT', `the session id ${JSON.stringify(id)} cannot be a file name: ${reason}`, {
      hint: 'choose another id, or name the file yourself with --journal',
      details: { field: 'session_id', found: id },
    });
  }
  return join(cleanFolder(root), `${id}.jsonl`);
}

/** Why a name would not survive as a file name on every system; undefined when it would. */
export function whyNoFileName(id: string): string | undefined {
  if (NOT_PORTABLE.test(id)) return 'it contains one of / \\ : * ? " < > |';
  if (id.startsWith('.') || id.endsWith('.')) return 'it begins or ends with a dot';
  if (DEVICE_NAME.test(id)) return 'it is a device name on some systems';
  if (id !== id.normalize('NFC')) return 'it is not in Unicode normal form C, which some file systems change it to';
  if (Buffer.byteLength(id) > MAX_NAME_BYTES) return `it is longer than ${MAX_NAME_BYTES} bytes`;
  return undefined;
}
