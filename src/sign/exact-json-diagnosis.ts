/**
 * The slow, careful reader behind parseExactJson: it goes over a JSON text token by token and throws at the first
 * problem, saying where it is. A text that it passes loses nothing in JSON.parse.
 */
import { GaitError } from '../errors.js';
import { isExactNumber } from './exact-number.js';

type Reason = 'syntax' | 'duplicate_key' | 'inexact_number' | 'lone_surrogate' | 'proto_key' | 'too_deep';

/** RFC 8259 tokens, matched at one place each. */
const WHITESPACE = /[ \t\n\r]*/y;
const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
const LITERAL = /true|false|null/y;
/** Runs of plain characters, and single escapes, up to the closing quote. */
const STRING_PART = /[^"\\\u0000-\u001f]+|\\["\\/bfnrt]|\\u[0-9a-fA-F]{4}/y;

/**
 * @throws GaitError INVALID_JSON for the first problem in the text, see parseExactJson.
 */
export function diagnoseJson(text: string, maxDepth: number): void {
  new Diagnosis(text, maxDepth).run();
}

class Diagnosis {
  readonly #text: string;
  readonly #maxDepth: number;
  #at = 0;

  constructor(text: string, maxDepth: number) {
    this.#text = text;
    this.#maxDepth = maxDepth;
  }

  run(): void {
    this.#skip(WHITESPACE);
    this.#value(0);
    this.#skip(WHITESPACE);
    if (this.#at < this.#text.length) this.#refuse('syntax', this.#at);
  }

  #value(depth: number): void {
    const first = this.#text[this.#at];
    if (first === '"') this.#string();
    else if (first === '{' || first === '[') {
      if (depth >= this.#maxDepth) this.#refuse('too_deep', this.#at);
      if (first === '{') this.#object(depth + 1);
      else this.#array(depth + 1);
    } else if (this.#skip(LITERAL) === '') this.#number();
  }

  #object(depth: number): void {
    const keys = new Set<string>();
    this.#list('}', () => {
      const start = this.#at;
      if (this.#text[start] !== '"') this.#refuse('syntax', start);
      const key = this.#string();
      if (key === '__proto__') this.#refuse('proto_key', start, { key });
      if (keys.has(key)) this.#refuse('duplicate_key', start, { key });
      keys.add(key);
      this.#skip(WHITESPACE);
      this.#expect(':');
      this.#skip(WHITESPACE);
      this.#value(depth);
    });
  }

  #array(depth: number): void {
    this.#list(']', () => this.#value(depth));
  }

  /** From an opening bracket to after the closing one, with an item between commas. */
  #list(close: string, item: () => void): void {
    this.#at++;
    this.#skip(WHITESPACE);
    if (this.#text[this.#at] === close) {
      this.#at++;
      return;
    }
    for (;;) {
      item();
      this.#skip(WHITESPACE);
      if (this.#text[this.#at] !== ',') break;
      this.#at++;
      this.#skip(WHITESPACE);
    }
    this.#expect(close);
  }

  /** Reads a string, returns its value. */
  #string(): string {
    const start = this.#at++;
    while (this.#skip(STRING_PART) !== '');
    this.#expect('"');
    const raw = this.#text.slice(start, this.#at);
    const value = JSON.parse(raw) as string;
    // The raw text counts too: half a pair beside an escaped other half has no UTF-8 form.
    if (!raw.isWellFormed() || !value.isWellFormed()) this.#refuse('lone_surrogate', start);
    return value;
  }

  #number(): void {
    const start = this.#at;
    const number = this.#skip(NUMBER);
    if (number === '') this.#refuse('syntax', start);
    if (!isExactNumber(number)) this.#refuse('inexact_number', start, { number });
  }

  #expect(character: string): void {
    if (this.#text[this.#at] !== character) this.#refuse('syntax', this.#at);
    this.#at++;
  }

  /** Moves past what the pattern matches here, and returns it. */
  #skip(pattern: RegExp): string {
    pattern.lastIndex = this.#at;
    const match = pattern.exec(this.#text)?.[0] ?? '';
    this.#at += match.length;
    return match;
  }

  #refuse(reason: Reason, offset: number, more: Readonly<Record<string, string>> = {}): never {
    throw new GaitError('INVALID_JSON', `${MESSAGES[reason]}, at offset ${offset}`, {
      details: { offset, reason, ...more },
    });
  }
}

const MESSAGES: Readonly<Record<Reason, string>> = {
  syntax: 'not a JSON text',
  duplicate_key: 'an object has the same key twice',
  inexact_number: 'a number that a double cannot hold (write it as a string)',
  lone_surrogate: 'a string has half of a surrogate pair',
  proto_key: 'a key is __proto__',
  too_deep: 'arrays and objects are nested too deep',
};
