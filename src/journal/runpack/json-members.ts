/**
 * Reads one JSON object of any size in flat memory: its members one at a time, and the elements of the arrays that may
 * be long one at a time too. Every piece is held to the rules of exact JSON, and so is what holds them together.
 */
import { isUtf8 } from 'node:buffer';
import { isGaitError } from '../../errors.js';
import { parseExactJson, type JsonValue } from '../../sign/index.js';
import { MAX_RECORD_BYTES } from './limits.js';

export interface MemberSink {
  onMember(key: string, value: JsonValue): void;
  /** For the arrays that were named; these do not come as members. */
  onElement(key: string, value: JsonValue): void;
}

const QUOTE = 0x22;
const COMMA = 0x2c;
const BACKSLASH = 0x5c;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;

/** Members beside the elements of the long arrays. */
const MAX_MEMBERS = 1_000;

const BLANK = /^[ \t\r\n]*$/;
const KEY_OF_ARRAY = /^[ \t\r\n]*"([a-z_]+)"[ \t\r\n]*:[ \t\r\n]*$/;

export class JsonMembers {
  /** Why the text is not one exact JSON object; nothing is reported after it. */
  fault: string | undefined;
  readonly #sink: MemberSink;
  readonly #streamed: ReadonlySet<string>;
  readonly #keys = new Set<string>();
  #depth = 0;
  #isInString = false;
  #isEscaped = false;
  #isDone = false;
  /** The streamed array that is being read. */
  #array: string | undefined;
  /** The member under way was a streamed array, and is over. */
  #isAfterArray = false;
  #pieces = 0;
  #parts: Buffer[] = [];
  #partBytes = 0;

  /** @param streamed keys of long arrays, lower-case letters and underscores */
  constructor(streamed: readonly string[], sink: MemberSink) {
    this.#streamed = new Set(streamed);
    this.#sink = sink;
  }

  push(chunk: Buffer): void {
    let from = 0;
    for (let i = 0; i < chunk.length && this.fault === undefined; i += 1) {
      const byte = chunk[i];
      if (this.#isInString) {
        if (this.#isEscaped) this.#isEscaped = false;
        else if (byte === BACKSLASH) this.#isEscaped = true;
        else if (byte === QUOTE) this.#isInString = false;
      } else if (byte === QUOTE) {
        this.#isInString = true;
      } else if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) {
        if (this.#open(byte, chunk, from, i)) from = i + 1;
      } else if (byte === CLOSE_OBJECT || byte === CLOSE_ARRAY) {
        if (this.#depth === this.#boundary) {
          this.#finishPiece(chunk.subarray(from, i), true);
          this.#close(byte);
          from = i + 1;
        } else {
          this.#depth -= 1;
        }
      } else if (byte === COMMA && this.#depth === this.#boundary) {
        this.#finishPiece(chunk.subarray(from, i), false);
        from = i + 1;
      }
    }
    this.#keep(chunk.subarray(from));
  }

  /** Call once, after the last chunk. */
  finish(): void {
    if (!this.#isDone) this.#fail('it ends too early');
    else if (!BLANK.test(this.#takeText())) this.#fail('text follows the object');
  }

  get #boundary(): number {
    return this.#array === undefined ? 1 : 2;
  }

  /** True when a new piece begins after this bracket. */
  #open(byte: number, chunk: Buffer, from: number, at: number): boolean {
    this.#depth += 1;
    if (this.#depth === 1) {
      this.#keep(chunk.subarray(from, at));
      const isStart = byte === OPEN_OBJECT && !this.#isDone && BLANK.test(this.#takeText());
      if (!isStart) this.#fail('it is not one JSON object');
      return true;
    }
    if (this.#depth !== 2 || this.#array !== undefined || byte !== OPEN_ARRAY || this.#isAfterArray) return false;
    // A name this long is none of ours, and need not be put together.
    if (this.#partBytes + at - from > 256) return false;
    const before = Buffer.concat([...this.#parts, chunk.subarray(from, at)]);
    const key = KEY_OF_ARRAY.exec(before.toString('latin1'))?.[1];
    if (key === undefined || !this.#streamed.has(key)) return false;
    this.#dropParts();
    this.#addKey(key);
    this.#array = key;
    this.#pieces = 0;
    return true;
  }

  #close(byte: number): void {
    this.#depth -= 1;
    const expected = this.#array === undefined ? CLOSE_OBJECT : CLOSE_ARRAY;
    if (byte !== expected) this.#fail('its brackets do not match');
    if (this.#array === undefined) {
      this.#isDone = true;
    } else {
      this.#array = undefined;
      this.#isAfterArray = true;
    }
  }

  #finishPiece(tail: Buffer, isLast: boolean): void {
    this.#keep(tail);
    if (this.fault !== undefined) return;
    const text = this.#takeText();
    if (this.#isAfterArray) {
      this.#isAfterArray = false;
      this.#pieces = 1;
      if (!BLANK.test(text)) this.#fail('something follows an array without a comma');
      return;
    }
    const isEmpty = isLast && this.#pieces === 0 && BLANK.test(text);
    this.#pieces += 1;
    if (isEmpty) return;
    if (this.#array !== undefined) {
      const value = this.#parse(text);
      if (value !== undefined) this.#sink.onElement(this.#array, value);
      return;
    }
    const member = this.#parse(`{${text}}`);
    if (member === undefined) return;
    for (const [key, value] of Object.entries(member as { readonly [key: string]: JsonValue })) {
      this.#addKey(key);
      if (this.fault === undefined) this.#sink.onMember(key, value);
    }
    if (BLANK.test(text)) this.#fail('a comma stands for no member');
  }

  #addKey(key: string): void {
    if (this.#keys.has(key)) this.#fail(`the key ${JSON.stringify(key)} is there twice`);
    if (this.#keys.size >= MAX_MEMBERS) this.#fail(`it has more than ${MAX_MEMBERS} members`);
    this.#keys.add(key);
  }

  #parse(text: string): JsonValue | undefined {
    try {
      return parseExactJson(text);
    } catch (error) {
      if (!isGaitError(error)) throw error;
      this.#fail(error.message);
      return undefined;
    }
  }

  #keep(part: Buffer): void {
    this.#partBytes += part.length;
    if (this.#partBytes > MAX_RECORD_BYTES) {
      this.#dropParts();
      this.#fail(`a member is longer than ${MAX_RECORD_BYTES} bytes`);
    } else if (part.length > 0 && this.fault === undefined) {
      this.#parts.push(part);
    }
  }

  #takeText(): string {
    const bytes = Buffer.concat(this.#parts);
    this.#dropParts();
    if (!isUtf8(bytes)) this.#fail('it is not valid UTF-8');
    return bytes.toString('utf8');
  }

  #dropParts(): void {
    this.#parts = [];
    this.#partBytes = 0;
  }

  #fail(reason: string): void {
    this.fault ??= reason;
  }
}
