/**
 * Compaction: moves sealed lines out of the journal file into a segment. Header, checkpoints and everything after the last
 * checkpoint with a root stay. Raw bytes are moved, so that nothing has to be hashed anew to be believed.
 *
 * The order, each step durable before the next: the lines of the segment, their leaf hashes, its manifest; the new journal file by
 * rename; then the index and the Go tool's state, which are caches. Until the rename nothing stands on the segment, and after it
 * nothing is missing; so a crash between any two steps leaves the same log, and the next compaction clears away what is left.
 */
import type { CompactOptions, CompactionResult, CompactionSegment } from './compaction-types.js';
import { dirname, join } from 'node:path';
import { leafHash } from '../sign/index.js';
import { digestSealed, surveyAt, type CompactionTarget, type Digest, type Surveyed } from './compaction-plan.js';
import { filesIn, parseSegmentName, segmentName, SegmentWriter, type SegmentManifest } from './segments/index.js';
import type { RootedCheckpoint } from './log-facts.js';
import type { World } from './settings.js';
import { ioError, makeDirectories, NewFile, rangeChunks, type JournalPaths } from './store/index.js';
import { settleTornBytes } from './recovery.js';

/** A living compaction writes all the time: what is older than this was left by one that died. */
const LEFTOVER_AGE_MS = 600_000;
/** Another compaction may be faster; what it left is looked at again. */
const ATTEMPTS = 3;

/** Runs `work` under the writer lock, with the journal file read to its end. */
export type UnderLock = <T>(work: (journalSizeBytes: number) => Promise<T>) => Promise<T>;

/**
 * Compacts in place, or only says what would be done.
 *
 * @throws GaitError JOURNAL_CORRUPT, LOCK_TIMEOUT, DISK_FULL, IO_ERROR, SYNC_FAILED: the journal is as it was, or compacted
 */
export async function compactInPlace(
  world: World,
  paths: JournalPaths,
  options: CompactOptions,
  underLock: UnderLock,
): Promise<CompactionResult> {
  for (let attempt = 1; ; attempt += 1) {
    const { descriptor, surveyed } = await surveyAt(world, paths);
    try {
      const { upTo } = surveyed;
      if (upTo === undefined) return describe(paths, surveyed, undefined, options);
      const sealed = { ...surveyed, upTo };
      if (options.dryRun === true) {
        const digest = await digestSealed(world, paths, descriptor, sealed, undefined, options);
        return describe(paths, surveyed, digest, options);
      }
      const done = await moveOut(world, paths, descriptor, sealed, options, underLock);
      if (done !== undefined || attempt === ATTEMPTS) return done ?? describe(paths, surveyed, undefined, options);
    } finally {
      world.fs.close(descriptor);
    }
  }
}

/** Undefined when another compaction was faster, or what was sealed is not sealed any more. */
async function moveOut(
  world: World,
  paths: JournalPaths,
  descriptor: number,
  surveyed: Surveyed & { readonly upTo: RootedCheckpoint },
  options: CompactOptions,
  underLock: UnderLock,
): Promise<CompactionResult | undefined> {
  const target = openTarget(world, paths, surveyed);
  try {
    const digest = await digestSealed(world, paths, descriptor, surveyed, target, options);
    const { manifest } = digest;
    if (manifest === undefined) return undefined;
    return await underLock(async (journalSizeBytes) => {
      const { ino, dev } = world.fs.stat(paths.journal);
      if (ino !== surveyed.file.ino || dev !== surveyed.file.dev) return undefined;
      if (!stillEndsThere(world, descriptor, surveyed.upTo, digest)) return undefined;
      copyTail(world, descriptor, target.journal, surveyed.upTo.endOffset, journalSizeBytes);
      target.journal.seal();
      settleTornBytes(world, paths);
      target.segments.place(manifest);
      target.journal.replace();
      world.fs.syncDirectory(dirname(paths.journal));
      removeLeftovers(world, paths, [
        ...(surveyed.base?.segments ?? []).map(({ name }) => name),
        segmentName(manifest),
      ]);
      return describe(paths, { ...surveyed, sizeBytes: journalSizeBytes }, digest, options);
    });
  } catch (error) {
    throw ioError(error, 'compact', paths.journal);
  } finally {
    discard(target);
  }
}

/** It was read without the lock: whoever wrote the checkpoint takes it back when the sync fails. */
function stillEndsThere({ fs }: World, descriptor: number, { endOffset }: RootedCheckpoint, { seal }: Digest): boolean {
  const line = Buffer.alloc(seal.lineBytes);
  const count = fs.read(descriptor, line, 0, line.length, endOffset - 1 - line.length);
  return count === line.length && leafHash(line).equals(seal.leaf);
}

/** Throws IO_ERROR, DISK_FULL. */
export function openTarget(world: World, paths: JournalPaths, { base }: Surveyed): CompactionTarget {
  const { fs, nonce } = world;
  try {
    makeDirectories(fs, paths.segments);
    const segments = new SegmentWriter(world, paths, base?.segments.at(-1)?.manifest.leaf_end ?? 0);
    try {
      // Beside the segments, so that a crash leaves nothing in a folder that people look at.
      return { segments, journal: new NewFile(fs, paths.journal, nonce(), paths.segments) };
    } catch (error) {
      segments.discard();
      throw error;
    }
  } catch (error) {
    throw ioError(error, 'write to', paths.segments);
  }
}

export function discard(target: CompactionTarget): void {
  target.segments.discard();
  target.journal.discard();
}

/** What was appended since the last checkpoint, and while the segment was written. */
export function copyTail(world: World, descriptor: number, target: NewFile, start: number, end: number): void {
  for (const chunk of rangeChunks(world.fs, descriptor, start, end)) target.write(chunk);
}

/** Segments that nothing stands on, and what compactions that died had begun. */
function removeLeftovers({ fs }: World, paths: JournalPaths, inForce: readonly string[]): void {
  for (const file of filesIn(fs, paths.segments)) {
    const path = join(paths.segments, file);
    const name = file.slice(0, file.indexOf('.'));
    const isStray = parseSegmentName(name) !== undefined && !inForce.includes(name);
    const isOld = file.includes('.tmp-') && Date.now() - (fs.lstat(path)?.mtimeMs ?? Infinity) > LEFTOVER_AGE_MS;
    if (!isStray && !isOld) continue;
    try {
      fs.unlink(path);
    } catch {
      // The compaction is done. What is left over hurts nobody, and the next one tries again.
    }
  }
}

/** @param surveyed the journal before @param digest what was taken out, if anything */
export function describe(
  paths: JournalPaths,
  surveyed: Surveyed & { readonly sizeBytes?: number },
  digest: Digest | undefined,
  { dryRun = false }: CompactOptions,
  outputPath: string = paths.journal,
): CompactionResult {
  const { state, upTo } = surveyed;
  const { log } = state;
  const sizeBytes = surveyed.sizeBytes ?? state.offset;
  const eventsBefore = log.eventCount - log.archive.events;
  const sealedTo = log.lastCheckpoint?.sequenceEnd ?? 0;
  const moved = digest === undefined || upTo === undefined ? undefined : digest;
  return {
    journal_path: paths.journal,
    output_path: outputPath,
    dry_run: dryRun,
    compacted: moved !== undefined || outputPath !== paths.journal,
    events_before: eventsBefore,
    events_after: moved === undefined ? eventsBefore : eventsBefore - moved.events,
    checkpoints: log.checkpointCount,
    last_checkpoint_sequence: sealedTo,
    bytes_before: sizeBytes,
    bytes_after: moved === undefined ? sizeBytes : moved.keptBytes + sizeBytes - (upTo?.endOffset ?? 0),
    ...(moved?.manifest === undefined ? {} : { segment: summary(moved.manifest) }),
  };
}

function summary(manifest: SegmentManifest): CompactionSegment {
  const { leaf_start, leaf_end, first_sequence, last_sequence, raw_bytes, content_sha256, root_hash, blocks } =
    manifest;
  const gzip_bytes = blocks.reduce((sum, block) => sum + block.gzip_bytes, 0);
  return {
    name: segmentName(manifest),
    leaf_start,
    leaf_end,
    first_sequence,
    last_sequence,
    raw_bytes,
    gzip_bytes,
    content_sha256,
    root_hash,
  };
}
