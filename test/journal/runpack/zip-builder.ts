/** Zip files put together byte by byte, so that each field can tell its own lie. */
import { crc32, deflateRawSync } from 'node:zlib';

export interface BuiltEntry {
  readonly name: string | Buffer;
  readonly content: Buffer | string;
  /** 0 stored, 8 deflated; anything else is written as it is. */
  readonly method?: number;
  readonly flags?: number;
  readonly madeBy?: number;
  readonly attributes?: number;
  /** What the directory says, when it is not the truth. */
  readonly central?: Partial<EntryFields>;
  /** What the local header says, when it is not what the directory says. */
  readonly local?: Partial<EntryFields>;
  /** Bytes put between this entry's data and the next header. */
  readonly gapAfter?: Buffer;
  /** The compressed bytes, when they are not the content's. */
  readonly data?: Buffer;
  /** Offset of another entry whose header this directory record points to instead. */
  readonly pointsTo?: number;
  /** Left out of the directory: only readers of the local headers see it. */
  readonly isUnlisted?: boolean;
  readonly extra?: Buffer;
}

interface EntryFields {
  readonly name: Buffer;
  readonly flags: number;
  readonly method: number;
  readonly crc: number;
  readonly compressedSize: number;
  readonly size: number;
}

export interface ArchiveFields {
  /** Entries that the end record promises. */
  readonly entryCount?: number;
  /** Bytes between the last directory record and the end record. */
  readonly afterDirectory?: Buffer;
  readonly comment?: Buffer;
}

export function buildZip(entries: readonly BuiltEntry[], archive: ArchiveFields = {}): Buffer {
  const parts: Buffer[] = [];
  const records: Buffer[] = [];
  let offset = 0;
  const put = (part: Buffer): void => {
    parts.push(part);
    offset += part.length;
  };
  for (const entry of entries) {
    const { data, fields } = describe(entry);
    const start = entry.pointsTo ?? offset;
    put(localHeader({ ...fields, ...entry.central, ...entry.local }));
    put(data);
    put(entry.gapAfter ?? Buffer.alloc(0));
    if (entry.isUnlisted !== true) records.push(directoryRecord(entry, { ...fields, ...entry.central }, start));
  }
  const directoryStart = offset;
  for (const record of records) put(record);
  const directoryBytes = offset - directoryStart;
  put(archive.afterDirectory ?? Buffer.alloc(0));
  const comment = archive.comment ?? Buffer.alloc(0);
  const count = archive.entryCount ?? records.length;
  put(
    Buffer.concat([
      le32(0x06054b50),
      le16(0, 0, count, count),
      le32(directoryBytes, directoryStart),
      le16(comment.length),
      comment,
    ]),
  );
  return Buffer.concat(parts);
}

function describe(entry: BuiltEntry): { readonly data: Buffer; readonly fields: EntryFields } {
  const content = Buffer.from(entry.content);
  const method = entry.method ?? 0;
  const data = entry.data ?? (method === 8 ? deflateRawSync(content) : content);
  return {
    data,
    fields: {
      name: Buffer.from(entry.name),
      flags: entry.flags ?? 0,
      method,
      crc: crc32(content),
      compressedSize: data.length,
      size: content.length,
    },
  };
}

function localHeader(fields: EntryFields): Buffer {
  return Buffer.concat([
    le32(0x04034b50),
    le16(20, fields.flags, fields.method, 0, 0x21),
    le32(fields.crc, fields.compressedSize, fields.size),
    le16(fields.name.length, 0),
    fields.name,
  ]);
}

function directoryRecord(entry: BuiltEntry, fields: EntryFields, start: number): Buffer {
  const extra = entry.extra ?? Buffer.alloc(0);
  return Buffer.concat([
    le32(0x02014b50),
    le16(entry.madeBy ?? 0x0314, 20, fields.flags, fields.method, 0, 0x21),
    le32(fields.crc, fields.compressedSize, fields.size),
    le16(fields.name.length, extra.length, 0, 0, 0),
    le32(entry.attributes ?? 0x81a40000, start),
    fields.name,
    extra,
  ]);
}

export function le16(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 2);
  for (const [i, value] of values.entries()) bytes.writeUInt16LE(value, i * 2);
  return bytes;
}

export function le32(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 4);
  for (const [i, value] of values.entries()) bytes.writeUInt32LE(value >>> 0, i * 4);
  return bytes;
}
