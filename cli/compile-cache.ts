/**
 * Keeps what the compiler made of the command line's files, on a Node that can: a one-shot command spends most of its time on
 * having them compiled.
 *
 * In the user's own cache folder: the default, a folder of a known name among everybody's temporary files, could be somebody
 * else's, who then says what runs here.
 */
import { isAbsolute, join } from 'node:path';

/** Node 22.8 and later. */
interface Caching {
  readonly enableCompileCache?: (folder: string) => unknown;
}

/** Does nothing where there is no such folder, or no such function. */
export function enableCompileCache(env: Readonly<Record<string, string | undefined>>): void {
  const folder = cacheFolder(env);
  // A user who has named a folder to Node means that one.
  if (folder === undefined || env['NODE_COMPILE_CACHE'] !== undefined) return;
  // Asked for without an import: making a module of it that can be imported takes longer than all else here.
  (process.getBuiltinModule('node:module') as Caching).enableCompileCache?.(join(folder, 'gait', 'compiled'));
}

function cacheFolder({
  XDG_CACHE_HOME: named = '',
  HOME: home = '',
}: Readonly<Record<string, string | undefined>>): string | undefined {
  if (isAbsolute(named)) return named;
  return isAbsolute(home) ? join(home, '.cache') : undefined;
}
