/** A small file of text that people edit too: replaced as a whole, and left as it was in every other respect. */
import { dirname } from 'node:path';
import { resolveWorld } from './settings.js';
import { cleanPath, errnoOf, ioError, makeDirectories, replaceFile, type FileSystem } from './store/index.js';
import type { Environment } from './environment.js';

/** Who may do what with a file, without its type. */
const PERMISSION_BITS = 0o777;

/**
 * Writes the text, old or new at any time, never a mixture. What is there keeps its permissions, and a link keeps leading to
 * it. Missing directories are made.
 *
 * @throws GaitError INVALID_PATH, DISK_FULL, IO_ERROR
 */
export function replaceTextFile(path: string, text: string, options: Environment = {}): void {
  const { fs, nonce } = resolveWorld(options);
  const cleaned = cleanPath(path);
  try {
    makeDirectories(fs, dirname(cleaned));
    const { target, permissions } = whatIsThere(fs, cleaned);
    const permissionsOption = permissions === undefined ? {} : { permissions };
    replaceFile(fs, target, Buffer.from(text), { durable: true, nonce: nonce(), ...permissionsOption });
  } catch (error) {
    throw ioError(error, 'write', cleaned);
  }
}

function whatIsThere(fs: FileSystem, path: string): { readonly target: string; readonly permissions?: number } {
  try {
    const target = fs.realPath(path);
    const stat = fs.lstat(target);
    return stat === undefined ? { target } : { target, permissions: stat.mode & PERMISSION_BITS };
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return { target: path };
    throw error;
  }
}
