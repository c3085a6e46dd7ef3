/**
 * A compacted copy of a journal, at another path: segments and payloads first, then the journal file, which makes it one. The
 * journal itself is only read.
 */
import type { CompactOptions, CompactionResult } from './compaction-types.js';
import { basename, dirname, join } from 'node:path';
import { GaitError } from '../errors.js';
import { copyTail, describe, discard, openTarget } from './compact.js';
import { digestSealed, surveyAt, type CompactionTarget, type Surveyed } from './compaction-plan.js';
import { listPayloads, payloadPath } from './payload-files.js';
import { isSessionFile } from './runpack/index.js';
import { LEAVES_SUFFIX, LINES_SUFFIX, MANIFEST_SUFFIX, segmentPath } from './segments/index.js';
import type { World } from './settings.js';
import {
  cleanPath,
  errnoOf,
  ioError,
  makeDirectories,
  NewFile,
  openRegularFile,
  rangeChunks,
  resolveJournalPaths,
  TurnTaker,
  type JournalPaths,
} from './store/index.js';

/**
 * @throws GaitError OUTPUT_EXISTS when anything is at `out` or beside it, a link and the journal itself included, or the name is
 * one of a session's other files (W13); INVALID_PATH; JOURNAL_CORRUPT, DISK_FULL, IO_ERROR
 */
export async function compactCopy(
  world: World,
  paths: JournalPaths,
  out: string,
  options: CompactOptions,
): Promise<CompactionResult> {
  const copy = outputPaths(world, out);
  const { descriptor, surveyed } = await surveyAt(world, paths);
  try {
    if (options.dryRun === true) {
      const { upTo } = surveyed;
      const digest =
        upTo === undefined
          ? undefined
          : await digestSealed(world, paths, descriptor, { ...surveyed, upTo }, undefined, options);
      return describe(paths, surveyed, digest, options, copy.journal);
    }
    return await writeCopy(world, paths, copy, descriptor, surveyed, options);
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') throw exists(copy.journal);
    throw ioError(error, 'write', copy.journal);
  } finally {
    world.fs.close(descriptor);
  }
}

function outputPaths(world: World, out: string): JournalPaths {
  const { fs } = world;
  const cleaned = cleanPath(out);
  // Asked of the path as given: a link at the output must not lead to somebody's journal.
  if (fs.lstat(cleaned) !== undefined || isSessionFile(fs, cleaned, [])) throw exists(cleaned);
  const copy = resolveJournalPaths(fs, join(dirname(cleaned), basename(cleaned)));
  if (fs.lstat(copy.sidecar) !== undefined) throw exists(copy.sidecar);
  return copy;
}

async function writeCopy(
  world: World,
  paths: JournalPaths,
  copy: JournalPaths,
  descriptor: number,
  surveyed: Surveyed,
  options: CompactOptions,
): Promise<CompactionResult> {
  makeDirectories(world.fs, dirname(copy.journal));
  const target: CompactionTarget = openTarget(world, copy, surveyed);
  try {
    await copySidecar(world, paths, copy, surveyed);
    const { upTo } = surveyed;
    const digest =
      upTo === undefined
        ? undefined
        : await digestSealed(world, paths, descriptor, { ...surveyed, upTo }, target, options);
    copyTail(world, descriptor, target.journal, upTo?.endOffset ?? 0, surveyed.state.offset);
    if (digest?.manifest !== undefined) target.segments.place(digest.manifest);
    target.journal.commit();
    return describe(paths, surveyed, digest, options, copy.journal);
  } finally {
    discard(target);
  }
}

/** The segments that the journal stands on already, and every payload. */
async function copySidecar(world: World, paths: JournalPaths, copy: JournalPaths, { base }: Surveyed): Promise<void> {
  const { fs } = world;
  for (const { name } of base?.segments ?? []) {
    for (const suffix of [LINES_SUFFIX, LEAVES_SUFFIX, MANIFEST_SUFFIX]) {
      const from = segmentPath(paths, name, suffix);
      // Lines that were pruned are gone from the copy too.
      if (fs.lstat(from) !== undefined) await copyFile(world, from, segmentPath(copy, name, suffix));
    }
  }
  for (const { sha256 } of listPayloads(fs, paths)) {
    const to = payloadPath(copy, sha256);
    makeDirectories(fs, dirname(to));
    await copyFile(world, payloadPath(paths, sha256), to);
  }
}

async function copyFile({ fs, nonce }: World, from: string, to: string): Promise<void> {
  const { descriptor, size } = openRegularFile(fs, from);
  try {
    const file = new NewFile(fs, to, nonce());
    try {
      const turns = new TurnTaker();
      for (const chunk of rangeChunks(fs, descriptor, 0, size)) {
        file.write(chunk);
        await turns.rest();
      }
      file.commit();
    } finally {
      file.discard();
    }
  } finally {
    fs.close(descriptor);
  }
}

function exists(path: string): GaitError {
  return new GaitError('OUTPUT_EXISTS', `refusing to write to ${path}: something is there already`, {
    details: { path },
  });
}
