/** The lines that never leave a journal file, whatever is compacted: its header and its checkpoints. */
import { corrupt, openJournalFile } from './journal-file.js';
import { isFault, parseRecord } from './record.js';
import type { World } from './settings.js';
import { LineSplitter, scan, type JournalPaths } from './store/index.js';
import type { SessionCheckpoint, SessionHeader } from './types.js';

export interface KeptLines {
  readonly header: SessionHeader | undefined;
  readonly checkpoints: readonly SessionCheckpoint[];
}

/** Reads the journal file alone, no segment. Throws JOURNAL_NOT_FOUND, JOURNAL_CORRUPT at a line that is no record, IO_ERROR. */
export async function readKeptLines(world: World, paths: JournalPaths): Promise<KeptLines> {
  const { fs } = world;
  const descriptor = openJournalFile(fs, paths.journal, 'read');
  let header: SessionHeader | undefined;
  const checkpoints: SessionCheckpoint[] = [];
  let line = 0;
  const refuse = (byteOffset: number, kind: 'bad_record' | 'bad_json' | 'line_too_long', meaning: string): never => {
    throw corrupt({ kind, line, byte_offset: byteOffset, meaning }, paths.journal);
  };
  const splitter = new LineSplitter(
    0,
    (bytes, byteOffset) => {
      line += 1;
      const record = parseRecord(bytes);
      if (isFault(record)) refuse(byteOffset, record.fault, `the line ${record.reason}`);
      else if (record.recordType === 'header') header ??= record.header;
      else if (record.recordType === 'checkpoint') checkpoints.push(record.checkpoint);
    },
    (sizeBytes, byteOffset) => refuse(byteOffset, 'line_too_long', `a line of ${sizeBytes} bytes`),
  );
  try {
    await scan(fs, descriptor, splitter, fs.fstat(descriptor).size);
  } finally {
    fs.close(descriptor);
  }
  return { header, checkpoints };
}
