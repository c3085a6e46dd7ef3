import type { Journal, OpenOptions } from '../../src/index.js';
import { resolveWriterSettings } from '../../src/journal/settings.js';
import { resolveJournalPaths } from '../../src/journal/store/index.js';
import { JournalWriter } from '../../src/journal/writer.js';

/** A handle that makes the next commit ready during the sync of each, whether that pays on this machine or not. */
export function openAhead(path: string, options: OpenOptions = {}): Promise<Journal> {
  const settings = { ...resolveWriterSettings({ ...options, lock: 'exclusive' }), overlap: 'always' as const };
  return JournalWriter.open(resolveJournalPaths(settings.world.fs, path), settings);
}
