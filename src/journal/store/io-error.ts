/** One place that turns a file error into a GaitError. */
import { GaitError } from '../../errors.js';
import { errnoOf } from './file-system.js';

const NO_SPACE = new Set(['ENOSPC', 'EDQUOT', 'EFBIG']);

/**
 * @param error what the file system threw; a GaitError passes through
 * @param doing what was attempted, as a phrase: "open journal"
 * @returns DISK_FULL when there is no room, else IO_ERROR
 */
export function ioError(error: unknown, doing: string, path: string): GaitError {
  if (error instanceof GaitError) return error;
  const errno = errnoOf(error);
  const code = errno !== undefined && NO_SPACE.has(errno) ? 'DISK_FULL' : 'IO_ERROR';
  const reason = error instanceof Error ? error.message : String(error);
  return new GaitError(code, `cannot ${doing} ${path}: ${reason}`, { cause: error, details: { path, errno } });
}
