/**
 * Reads a zip file that somebody else made. Everything in it that lets two readers see two different contents, or lets a
 * few bytes cost a lot of work, is a problem of its own (W15); reading goes on as far as it safely can.
 */
import { crc32 } from 'node:zlib';
import { TurnTaker, ZipFault, type ZipEntry, type ZipReader } from '../store/index.js';
import { entryFaults } from './entry-faults.js';
import { entryKey } from './entry-name.js';
import { MAX_ENTRIES, MAX_TOTAL_BYTES } from './limits.js';
import type { RunpackProblem } from './types.js';

/** An entry whose headers agree, so that its content may be looked at. */
export interface SoundEntry {
  readonly name: string;
  readonly sizeBytes: number;
  readonly entry: ZipEntry;
  readonly dataStart: number;
}

/** What the directory and the headers say, checked. No content has been read yet. */
export interface ZipListing {
  /** Names as the directory has them, each once, sound or not. */
  readonly names: ReadonlySet<string>;
  /** The first entry of each name, when it is sound. */
  readonly entries: ReadonlyMap<string, SoundEntry>;
}

type Report = (problem: RunpackProblem) => void;

/** Sizes and checksum stand behind the data. */
const SIZES_FOLLOW = 0x8;
/** With and without its signature, with short and long sizes. */
const DESCRIPTOR_BYTES = new Set([12, 16, 20, 24]);
/** The end record of zip64 and its locator stand between the directory and the end record. */
const ZIP64_END_BYTES = 56 + 20;

/** Lists a zip file. Never throws for what is in it; throws the file system's own errors. */
export async function listZip(zip: ZipReader, report: Report): Promise<ZipListing> {
  const { directory } = zip;
  checkDirectory(zip, report);
  const names = new Set<string>();
  const keys = new Set<string>();
  const entries = new Map<string, SoundEntry>();
  const placed: PlacedEntry[] = [];
  let totalBytes = 0;
  const turns = new TurnTaker();
  for (const entry of directory.entries) {
    await turns.rest();
    const name = entry.fileNameRaw.toString('utf8');
    const isFirst = !keys.has(entryKey(name));
    if (!isFirst) {
      report({
        kind: 'duplicate_entry',
        entry: name,
        meaning: 'another entry has this name: some readers take the first, others the last',
      });
    }
    names.add(name);
    keys.add(entryKey(name));
    totalBytes += entry.uncompressedSize;
    const header = await zip.localHeader(entry);
    if ('fault' in header) {
      report({
        kind: 'header_mismatch',
        entry: name,
        found: header.fault,
        meaning: 'the directory points to no header of this entry',
      });
      continue;
    }
    placed.push({ name, entry, start: entry.relativeOffsetOfLocalHeader, dataStart: header.fileDataStart });
    const faults = entryFaults(entry, header);
    for (const fault of faults) report({ ...fault, entry: name });
    if (isFirst && faults.length === 0) {
      entries.set(name, { name, sizeBytes: entry.uncompressedSize, entry, dataStart: header.fileDataStart });
    }
  }
  checkLayout(placed, directory.start, report);
  if (totalBytes <= MAX_TOTAL_BYTES) return { names, entries };
  report({
    kind: 'too_much_content',
    expected: `at most ${MAX_TOTAL_BYTES} bytes`,
    found: `${totalBytes} bytes`,
    meaning: 'the entries claim to hold more than any runpack does; none of them was unpacked',
  });
  return { names, entries: new Map() };
}

/**
 * An entry's content, checked against its size and checksum. Problems go to the report, and end it early.
 *
 * @throws the file system's own errors
 */
export async function* readEntry(zip: ZipReader, sound: SoundEntry, report: Report): AsyncGenerator<Buffer> {
  const { entry, name, sizeBytes } = sound;
  let count = 0;
  let checksum = 0;
  try {
    for await (const chunk of zip.content(entry, sound.dataStart)) {
      count += chunk.length;
      if (count > sizeBytes) break;
      checksum = crc32(chunk, checksum);
      yield chunk;
    }
  } catch (error) {
    if (!(error instanceof ZipFault)) throw error;
    report({ kind: 'unreadable_entry', entry: name, found: error.message, meaning: 'the data cannot be unpacked' });
    return;
  }
  if (count !== sizeBytes) {
    report({
      kind: 'size_mismatch',
      entry: name,
      expected: `${sizeBytes} bytes`,
      found: count > sizeBytes ? 'more' : `${count} bytes`,
      meaning: 'the entry does not hold as many bytes as the directory says',
    });
  } else if (checksum !== entry.crc32) {
    report({
      kind: 'crc_mismatch',
      entry: name,
      expected: hex32(entry.crc32),
      found: hex32(checksum),
      meaning: 'the checksum in the directory is of other content; most tools refuse to unpack this entry',
    });
  }
}

function checkDirectory({ directory }: ZipReader, report: Report): void {
  const { declaredEntries, entries, fault, end, endRecord } = directory;
  if (declaredEntries > MAX_ENTRIES) {
    report({
      kind: 'too_many_entries',
      expected: `at most ${MAX_ENTRIES}`,
      found: String(declaredEntries),
      meaning: `only the first ${MAX_ENTRIES} entries were looked at`,
    });
  } else if (fault !== undefined) {
    report({
      kind: 'bad_directory',
      expected: `${declaredEntries} entries`,
      found: `${entries.length} entries, then: ${fault}`,
      meaning: 'the directory of the zip file is damaged',
    });
  } else if (end !== endRecord && end !== endRecord - ZIP64_END_BYTES) {
    report({
      kind: 'bad_directory',
      expected: `the end record at offset ${end}`,
      found: `it is at offset ${endRecord}`,
      meaning: 'bytes lie between the last entry of the directory and its end: entries that only some readers see',
    });
  }
}

interface PlacedEntry {
  readonly name: string;
  readonly entry: ZipEntry;
  readonly start: number;
  readonly dataStart: number;
}

/** Entries must lie one behind the other: overlap makes bombs, and a gap can hold an entry that only some readers see. */
function checkLayout(placed: readonly PlacedEntry[], directoryStart: number, report: Report): void {
  let end = 0;
  let descriptorAllowed = false;
  const checkNext = (start: number, name: string | undefined): void => {
    const entry = name === undefined ? {} : { entry: name };
    if (start < end) {
      report({
        kind: 'overlapping_entries',
        ...entry,
        expected: `offset ${end} or later`,
        found: `offset ${start}`,
        meaning: 'two parts of the zip file share bytes',
      });
    } else if (start !== end && !(descriptorAllowed && DESCRIPTOR_BYTES.has(start - end))) {
      report({
        kind: 'hidden_data',
        ...entry,
        expected: `offset ${end}`,
        found: `offset ${start}`,
        meaning: `${start - end} bytes before this belong to no entry of the directory`,
      });
    }
  };
  for (const { name, entry, start, dataStart } of placed.toSorted((a, b) => a.start - b.start)) {
    checkNext(start, name);
    end = dataStart + entry.compressedSize;
    descriptorAllowed = (entry.generalPurposeBitFlag & SIZES_FOLLOW) !== 0;
  }
  checkNext(directoryStart, undefined);
}

function hex32(value: number): string {
  return value.toString(16).padStart(8, '0');
}
