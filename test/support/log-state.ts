/** What a compaction must not change, and where the log is read from. */
import {
  readJournal,
  verifyJournal,
  type JournalLine,
  type VerifyOptions,
  type VerifyReport,
} from '../../src/index.js';
import { QUICK } from './journal-fixtures.js';

/** Every line of the log as text, in order. */
export async function logOf(path: string): Promise<string[]> {
  return (await lines(path)).map(({ text }) => text);
}

async function lines(path: string): Promise<JournalLine[]> {
  const found: JournalLine[] = [];
  for await (const line of readJournal(path)) found.push(line);
  return found;
}

/** Root, range, verdict and findings of a journal; not how many bytes the file has, nor how many segments there are. */
export async function verdictOf(path: string, options: VerifyOptions = {}): Promise<unknown> {
  const report = await verifyJournal(path, { fileSystem: QUICK.fileSystem, ...options });
  const { segments: _segments, ...coverage } = report.coverage;
  const { path: _path, problems, warnings, ...rest } = report;
  return { ...rest, coverage, problems: problems.map(comparable), warnings: warnings.map(comparable) };
}

/** Where in a file a line lies is what a compaction changes. */
function comparable(problem: VerifyReport['problems'][number]): unknown {
  const { byte_offset: _offset, segment: _segment, ...rest } = problem;
  return rest;
}
