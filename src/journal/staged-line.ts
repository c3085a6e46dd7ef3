/**
 * The line of an event before it has its place: its bytes, with room for the sequence and for the link.
 *
 * It is put down once, when the event is checked. A text that waits for its commit is dozens of pieces to the collector, which
 * took a quarter of a busy writer's time to carry them about; bytes outside of its heap are one thing among hundreds of lines.
 */

/** Room for the longest sequence, 2^53 - 1. */
const SEQUENCE_ROOM = 16;
const HASH_DIGITS = 64;
const END = '","record_type":"event"}\n';
/** What stands in the room until the commit fills it in. */
const SEQUENCE_BLANK = ' '.repeat(SEQUENCE_ROOM);
const TAIL = `${' '.repeat(HASH_DIGITS)}${END}`;

/** No character has more than three bytes for each UTF-16 unit. */
const MAX_BYTES_PER_UNIT = 3;
/** Lines share their memory by so many bytes, as long as one of them waits for its commit. */
const SHEET_BYTES = 64 * 1024;
/** A line that may be longer has memory of its own, so that no short one keeps it. */
const MAX_SHARED_BYTES = 8 * 1024;

const DIGIT_0 = 0x30;
const LF_BYTES = 1;

export interface StagedLine {
  /** Others lie there too; what is written there is never written over. */
  readonly bytes: Buffer;
  readonly start: number;
  /** Where the room for the sequence begins. */
  readonly sequenceAt: number;
  /** After the LF. */
  readonly end: number;
}

let sheet: Buffer = Buffer.alloc(0);
let used = 0;

/**
 * @param beforeSequence canonical line up to the value of `sequence` @param afterSequence from there up to the value of `prev`
 */
export function stageLine(beforeSequence: string, afterSequence: string): StagedLine {
  const text = beforeSequence + SEQUENCE_BLANK + afterSequence + TAIL;
  const most = text.length * MAX_BYTES_PER_UNIT;
  let bytes = sheet;
  let start = used;
  if (most > MAX_SHARED_BYTES) {
    bytes = Buffer.allocUnsafeSlow(Buffer.byteLength(text));
    start = 0;
  } else if (start + most > bytes.length) {
    bytes = sheet = Buffer.allocUnsafeSlow(SHEET_BYTES);
    start = 0;
  }
  const length = bytes.write(text, start);
  const end = start + length;
  if (bytes === sheet) used = end;
  // As many bytes as units: each has one, and so has each of the part.
  const before = length === text.length ? beforeSequence.length : Buffer.byteLength(beforeSequence);
  return { bytes, start, sequenceAt: start + before, end };
}

/** Bytes of the line, without LF, under the longest sequence. */
export function longestBytes({ start, end }: StagedLine): number {
  return end - start - LF_BYTES;
}

/** Bytes of the line with its LF. */
export function placedBytes({ start, end }: StagedLine, sequence: number): number {
  return end - start - SEQUENCE_ROOM + countDigits(sequence);
}

/**
 * Writes the line, with its LF, to `target` at `at`, where room for {@link longestBytes} and an LF is.
 *
 * @param prev leaf hash of the line before, 64 lower-case hexadecimal digits
 * @returns the index after the LF
 */
export function placeLine(
  { bytes, start, sequenceAt, end }: StagedLine,
  target: Buffer,
  at: number,
  sequence: number,
  prev: string,
): number {
  target.set(bytes.subarray(start, end), at);
  const room = at + sequenceAt - start;
  // Digit by digit: a string for each number, and a call to write it, cost twice as much.
  const digits = countDigits(sequence);
  for (let place = room + digits - 1, rest = sequence; place >= room; place -= 1) {
    const tens = Math.floor(rest / 10);
    target[place] = DIGIT_0 + (rest - tens * 10);
    rest = tens;
  }
  const wholeEnd = at + end - start;
  target.copyWithin(room + digits, room + SEQUENCE_ROOM, wholeEnd);
  const placedEnd = wholeEnd - SEQUENCE_ROOM + digits;
  target.write(prev, placedEnd - END.length - HASH_DIGITS, HASH_DIGITS, 'latin1');
  return placedEnd;
}

function countDigits(sequence: number): number {
  let digits = 1;
  for (let limit = 10; sequence >= limit; limit *= 10) digits += 1;
  return digits;
}
