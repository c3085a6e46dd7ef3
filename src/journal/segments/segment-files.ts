/** Where the files of segments are: `segments/<first leaf>-<leaf behind the last>` with one suffix each. */
import { join } from 'node:path';
import { payloadPath } from '../payload-files.js';
import type { SizedFile } from '../retention-types.js';
import { ioError, readWhole, type FileSystem, type JournalPaths } from '../store/index.js';
import { decodeManifest, parseSegmentName, type SegmentManifest } from './segment.js';

/** The lines, compressed. */
export const LINES_SUFFIX = '.jsonl.gz';
/** Their leaf hashes, 32 bytes each. */
export const LEAVES_SUFFIX = '.leaves';
/** What stays when lines and leaves are pruned. */
export const MANIFEST_SUFFIX = '.json';

const SUFFIXES = [LINES_SUFFIX, LEAVES_SUFFIX, MANIFEST_SUFFIX];
const MAX_MANIFEST_BYTES = 64 * 1024 * 1024;

/** A segment on the disk. */
export interface Segment {
  readonly name: string;
  readonly manifest: SegmentManifest;
}

export function segmentPath(paths: JournalPaths, name: string, suffix: string): string {
  return join(paths.segments, `${name}${suffix}`);
}

/** Names of which anything is there, in the order of the log. Throws IO_ERROR. */
export function segmentNames(fs: FileSystem, paths: JournalPaths): string[] {
  const names = new Set<string>();
  for (const file of filesIn(fs, paths.segments)) {
    const suffix = SUFFIXES.find((end) => file.endsWith(end));
    const name = suffix === undefined ? '' : file.slice(0, -suffix.length);
    if (parseSegmentName(name) !== undefined) names.add(name);
  }
  return [...names].toSorted();
}

/** Undefined when there is no manifest that can be read. Throws IO_ERROR. */
export function readManifest(fs: FileSystem, paths: JournalPaths, name: string): SegmentManifest | undefined {
  const path = segmentPath(paths, name, MANIFEST_SUFFIX);
  try {
    if (fs.lstat(path)?.kind !== 'file') return undefined;
    return decodeManifest(readWhole(fs, path, MAX_MANIFEST_BYTES).toString('utf8'), name);
  } catch (error) {
    throw ioError(error, 'read', path);
  }
}

/** What goes when the segment is pruned: lines, leaf hashes, and the payloads that its events name. Throws IO_ERROR. */
export function removableFiles(fs: FileSystem, paths: JournalPaths, { name, manifest }: Segment): SizedFile[] {
  const own = [LINES_SUFFIX, LEAVES_SUFFIX].map((suffix) => segmentPath(paths, name, suffix));
  const payloads = manifest.payloads.map((sha256) => payloadPath(paths, sha256));
  return [...own, ...payloads].flatMap((path) => {
    const stat = fs.lstat(path);
    return stat?.kind === 'file' ? [{ path, sizeBytes: stat.size }] : [];
  });
}

/** Every file in the folder, whatever it is. Throws IO_ERROR. */
export function filesIn(fs: FileSystem, folder: string): readonly string[] {
  try {
    return fs.lstat(folder)?.kind === 'directory' ? fs.readDirectory(folder) : [];
  } catch (error) {
    throw ioError(error, 'list', folder);
  }
}
