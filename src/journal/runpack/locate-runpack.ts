/** Where the runpack of a checkpoint may be. The path in a chain is a stranger's text: it must not lead anywhere else. */
import { basename, dirname, isAbsolute, resolve, sep } from 'node:path';
import { errnoOf, type FileSystem } from '../store/index.js';

export interface SearchFolders {
  /** The folder of the chain file. */
  readonly chainFolder: string;
  /** The working directory: where the writer's relative paths began. */
  readonly workingFolder: string;
  /** Folders that the caller vouches for. */
  readonly trustedFolders: readonly string[];
}

/**
 * Existing files that may be the pack, in the order to try them: as given below the working directory, below the chain's
 * folder, and below the trusted ones, then by base name in each of them (W30). A file outside all of these, links
 * resolved, is none of them.
 */
export function runpackCandidates(fs: FileSystem, runpackPath: string, folders: SearchFolders): string[] {
  const roots = [folders.workingFolder, folders.chainFolder, ...folders.trustedFolders];
  const allowed = roots.map((root) => realPath(fs, root)).filter((root) => root !== undefined);
  const name = basename(runpackPath);
  if (name === '' || name === '.' || name === '..' || runpackPath.includes('\0')) return [];
  const asGiven = isAbsolute(runpackPath) ? [runpackPath] : roots.map((root) => resolve(root, runpackPath));
  // By base name not in the working directory: a file there that only shares its name was never meant.
  const byName = roots.slice(1).map((root) => resolve(root, name));
  const found = new Set<string>();
  for (const candidate of [...asGiven, ...byName]) {
    const real = realPath(fs, candidate);
    if (real !== undefined && allowed.some((root) => isBelow(real, root))) found.add(real);
  }
  return [...found];
}

/** The directory that a chain's own relative paths are tried in. */
export function folderOf(chain: string): string {
  return dirname(resolve(chain));
}

function isBelow(path: string, root: string): boolean {
  return path.startsWith(root.endsWith(sep) ? root : `${root}${sep}`);
}

function realPath(fs: FileSystem, path: string): string | undefined {
  try {
    return fs.realPath(path);
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return undefined;
  }
}
