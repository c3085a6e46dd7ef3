/** What is wrong with one entry of a zip file, by its two headers alone. Pure. */
import { isUtf8 } from 'node:buffer';
import { DEFLATED, STORED, type ZipEntry, type ZipLocalHeader } from '../store/index.js';
import { whyUnsafeName } from './entry-name.js';
import { MAX_ENTRY_BYTES } from './limits.js';
import type { RunpackProblem } from './types.js';

const ENCRYPTED = 0x1;
const SIZES_FOLLOW = 0x8;
const STRONG_ENCRYPTION = 0x40;
const HEADERS_MASKED = 0x2000;
const MADE_BY_UNIX = 3;
const S_IFMT = 0o170000;
const S_IFREG = 0o100000;
const DOS_DIRECTORY = 0x10;
/** Another name for the entry, which some readers prefer. */
const UNICODE_PATH = 0x7075;
const IN_ZIP64_FIELD = 0xffffffff;

/** Every fault but those of its place in the file. */
export function entryFaults(entry: ZipEntry, header: ZipLocalHeader): Omit<RunpackProblem, 'entry'>[] {
  const faults: Omit<RunpackProblem, 'entry'>[] = [];
  const unsafe = isUtf8(entry.fileNameRaw)
    ? whyUnsafeName(entry.fileNameRaw.toString('utf8'))
    : 'its name is not valid UTF-8';
  if (unsafe !== undefined) {
    faults.push({ kind: 'unsafe_name', found: unsafe, meaning: 'unpacking this entry could write outside its folder' });
  }
  const notFile = whyNotFile(entry);
  if (notFile !== undefined) {
    faults.push({ kind: 'not_a_file', found: notFile, meaning: 'a runpack holds plain files and nothing else' });
  }
  if ((entry.generalPurposeBitFlag & (ENCRYPTED | STRONG_ENCRYPTION | HEADERS_MASKED)) !== 0) {
    faults.push({
      kind: 'encrypted_entry',
      meaning: 'the entry is encrypted: nobody can check it without the password',
    });
  } else if (entry.compressionMethod !== STORED && entry.compressionMethod !== DEFLATED) {
    faults.push({
      kind: 'unsupported_method',
      expected: `${STORED} or ${DEFLATED}`,
      found: String(entry.compressionMethod),
      meaning: 'the entry is compressed by a method that not every reader knows',
    });
  }
  if (entry.uncompressedSize > MAX_ENTRY_BYTES) {
    faults.push({
      kind: 'entry_too_large',
      expected: `at most ${MAX_ENTRY_BYTES} bytes`,
      found: `${entry.uncompressedSize} bytes`,
      meaning: 'the entry is larger than any reader of runpacks unpacks; it was not looked at',
    });
  }
  if (entry.compressionMethod === STORED && entry.compressedSize !== entry.uncompressedSize) {
    faults.push({
      kind: 'size_mismatch',
      expected: `${entry.uncompressedSize} bytes`,
      found: `${entry.compressedSize} bytes`,
      meaning: 'the entry is not compressed, yet its two sizes differ',
    });
  }
  const differing = headerDifference(entry, header);
  if (differing !== undefined) {
    faults.push({
      kind: 'header_mismatch',
      ...differing,
      meaning:
        'the header before the data and the directory contradict each other: readers differ in which they believe',
    });
  }
  return faults;
}

function whyNotFile({ versionMadeBy, externalFileAttributes, fileNameRaw }: ZipEntry): string | undefined {
  if (fileNameRaw.at(-1) === 0x2f) return 'a directory';
  const type = versionMadeBy >>> 8 === MADE_BY_UNIX ? (externalFileAttributes >>> 16) & S_IFMT : 0;
  if (type !== 0 && type !== S_IFREG) return `a file of type 0${type.toString(8)}`;
  return (externalFileAttributes & DOS_DIRECTORY) === 0 ? undefined : 'a directory';
}

function headerDifference(
  entry: ZipEntry,
  header: ZipLocalHeader,
): { readonly expected: string; readonly found: string } | undefined {
  if (entry.extraFields.some(({ id }) => id === UNICODE_PATH)) {
    return { expected: 'one name', found: 'a second name in an extra field' };
  }
  if (!header.fileName.equals(entry.fileNameRaw)) {
    return { expected: entry.fileNameRaw.toString('utf8'), found: header.fileName.toString('utf8') };
  }
  const pairs: (readonly [string, number, number])[] = [
    ['flags', entry.generalPurposeBitFlag, header.generalPurposeBitFlag],
    ['method', entry.compressionMethod, header.compressionMethod],
  ];
  // With this flag the sizes stand behind the data, and mostly zeros here.
  const sizesFollow = (header.generalPurposeBitFlag & SIZES_FOLLOW) !== 0;
  const claims: (readonly [string, number, number])[] = [
    ['crc32', entry.crc32, header.crc32],
    ['compressed size', entry.compressedSize, header.compressedSize],
    ['uncompressed size', entry.uncompressedSize, header.uncompressedSize],
  ];
  for (const [what, central, local] of claims) {
    if ((sizesFollow && local === 0) || (what !== 'crc32' && local === IN_ZIP64_FIELD)) continue;
    pairs.push([what, central, local]);
  }
  const different = pairs.find(([, central, local]) => central !== local);
  if (different === undefined) return undefined;
  const [what, central, local] = different;
  return { expected: `${what} ${central}`, found: `${what} ${local}` };
}
