/** The files of a session that lie beside its journal under names of the Go tool, and how to tell that a path is one. */
import { basename, dirname, join, sep } from 'node:path';
import { errnoOf, type FileSystem, type JournalPaths } from '../store/index.js';

/** `a/demo.journal.jsonl` has its chain in `a/demo.journal_chain.json`. */
export function chainPath(journal: string): string {
  const name = basename(journal);
  const dot = name.lastIndexOf('.');
  return join(dirname(journal), `${dot === -1 ? name : name.slice(0, dot)}_chain.json`);
}

/** The Go tool's index of a journal. */
export function goStatePath(journal: string): string {
  return `${journal}.state.json`;
}

const SESSION_SUFFIXES = ['.lock', '.state.json', '_chain.json'];

/**
 * True when a path is, or would become, a file of this or another session (W12): such a name must stay free even while
 * nothing is there. Links in the directory part are resolved first.
 */
export function isSessionFile(fs: FileSystem, path: string, journals: readonly JournalPaths[]): boolean {
  const real = join(resolveExisting(fs, dirname(path)), basename(path));
  const segments = real.split(sep);
  if (segments.some((segment) => segment.endsWith('.gait'))) return true;
  if (SESSION_SUFFIXES.some((suffix) => real.endsWith(suffix))) return true;
  return journals.some(({ journal }) => real === journal);
}

/** The path with links resolved as far as it exists. */
function resolveExisting(fs: FileSystem, path: string): string {
  try {
    return fs.realPath(path);
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT' || dirname(path) === path) throw error;
    return join(resolveExisting(fs, dirname(path)), basename(path));
  }
}
