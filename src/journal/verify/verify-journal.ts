/** Checks a whole journal and reports every problem. Takes no lock, writes nothing, streams in flat memory. */
import { openJournalFile, readIndex } from '../journal-file.js';
import { refuseUnknown, resolveWorld } from '../settings.js';
import { nodeFileSystem, resolveJournalPaths, scan, tellFailures } from '../store/index.js';
import type { VerifyOptions, VerifyReport } from '../verify-types.js';
import { resolveDemands } from './demands.js';
import { JournalVerifier } from './journal-verifier.js';
import { canRunWorkers, PARALLEL_LIMITS, type ParallelLimits } from './parallel-scan.js';

/**
 * @throws GaitError JOURNAL_NOT_FOUND, INVALID_PATH, INVALID_ARGUMENT, IO_ERROR, those of an unreadable `since`; the signal's
 * reason when it aborts. What is wrong with the journal is in the report, never thrown.
 */
export async function verifyJournal(path: string, options: VerifyOptions = {}): Promise<VerifyReport> {
  return verifyWithin(PARALLEL_LIMITS, path, options);
}

/** The same, with other limits to what is worth sharing out; the report never depends on them. */
export async function verifyWithin(
  limits: ParallelLimits,
  path: string,
  options: VerifyOptions = {},
): Promise<VerifyReport> {
  refuseUnknown(options, ['onProgress', 'signal', 'publicKeys', 'profile', 'requireSignature', 'since', 'tombstones']);
  const demands = resolveDemands(options);
  const { fs } = resolveWorld(options);
  const paths = resolveJournalPaths(fs, path);
  // Before the file's size is taken: an index that a writer makes meanwhile knows of lines that are not looked at here.
  const index = readIndex(fs, paths.index);
  const descriptor = openJournalFile(fs, paths.journal, 'read');
  try {
    const verifier = new JournalVerifier(demands, options);
    const totalBytes = fs.fstat(descriptor).size;
    const onChunk = (bytes: number): void => {
      options.signal?.throwIfAborted();
      const { archivedBytes, lines } = verifier;
      options.onProgress?.({ bytes: archivedBytes + bytes, totalBytes: archivedBytes + totalBytes, lines });
    };
    await verifier.checkArchive(fs, paths, descriptor, () => onChunk(0));
    const isLong =
      totalBytes - verifier.offset >= limits.fromBytes && fs === tellFailures(nodeFileSystem) && canRunWorkers();
    if (isLong) {
      const margin = verifier.offset + limits.marginBytes;
      await scan(fs, descriptor, verifier.splitter(verifier.offset), margin, { signal: options.signal, onChunk });
      try {
        // The last stretch is read here, as it may end in half a line.
        const { stretchBytes, lead } = limits;
        const range = { fs, descriptor, to: totalBytes - limits.marginBytes, stretchBytes, lead };
        await verifier.scanInParallel(range, onChunk);
      } catch {
        // A worker could not be started or has died, or a line is longer than any that is read at once: the rest is read
        // below. What the caller threw from here, by aborting, comes again there.
      }
    }
    const splitter = verifier.splitter(verifier.offset);
    await scan(fs, descriptor, splitter, totalBytes, { signal: options.signal, onChunk });
    await verifier.checkPayloads(fs, paths, () => options.signal?.throwIfAborted());
    return verifier.finish(paths, splitter, totalBytes, index);
  } finally {
    fs.close(descriptor);
  }
}
