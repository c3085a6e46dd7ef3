/**
 * Keeps what the compiler made of the command line's files, on a Node that can: a one-shot command spends most of its time on
 * having them compiled. See kept-code.ts for a Node that cannot.
 */
import nodeModule from 'node:module';
import { isAbsolute, join } from 'node:path';

type Variables = Readonly<Record<string, string | undefined>>;

/** Node 22.8 and later. */
interface Caching {
  readonly enableCompileCache?: (folder: string) => unknown;
}

/** False where there is no such function. */
export function enableCompileCache(env: Variables, folder: string): boolean {
  const { enableCompileCache: enable } = nodeModule as Caching;
  if (enable === undefined) return false;
  // A user who has named a folder to Node means that one.
  if (env['NODE_COMPILE_CACHE'] === undefined) enable(folder);
  return true;
}

/**
 * In the user's own cache folder: the default of Node, a folder of a known name among everybody's temporary files, could be
 * somebody else's, who then says what runs here. Undefined where there is none.
 */
export function cacheFolder({ XDG_CACHE_HOME: named = '', HOME: home = '' }: Variables): string | undefined {
  const caches = isAbsolute(named) ? named : isAbsolute(home) ? join(home, '.cache') : undefined;
  return caches === undefined ? undefined : join(caches, 'gait', 'compiled');
}
