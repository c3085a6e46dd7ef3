/** Makes directories that are still there after a power cut. */
import { dirname } from 'node:path';
import { DIRECTORY_MODE, type FileSystem } from './file-system.js';

/**
 * Makes a directory and its missing parents, and syncs the directory above each: without that, a power cut may take a
 * directory that was never synced into its parent, with every durable file in it. Throws the file system's own errors.
 */
export function makeDirectories(fs: FileSystem, path: string): void {
  const missing: string[] = [];
  for (let at = path; dirname(at) !== at && fs.lstat(at) === undefined; at = dirname(at)) missing.push(at);
  fs.mkdirs(path, DIRECTORY_MODE);
  for (const made of missing) fs.syncDirectory(dirname(made));
}
