import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LineBuffer } from '../../src/journal/line-buffer.js';
import { leafHash } from '../../src/sign/index.js';
import { wellFormedString } from '../sign/json-arbitraries.js';

const line = fc.oneof(wellFormedString, fc.constantFrom('', 'é', '\u{1f600}'.repeat(5_000), 'x'.repeat(65_535)));

describe('a buffer of lines', () => {
  test('holds each line as its UTF-8 and a line feed, and hashes it as it would be hashed alone', () => {
    fc.assert(
      fc.property(fc.array(line, { maxLength: 12 }), (lines) => {
        const buffer = new LineBuffer();
        for (const each of lines) {
          expect(buffer.add(each)).toBe(Buffer.byteLength(each));
          expect(buffer.hashLast()).toBe(leafHash(Buffer.from(each)).toString('hex'));
        }
        expect(buffer.bytes()).toEqual(Buffer.from(lines.map((each) => `${each}\n`).join('')));
      }),
    );
  });

  test('forgets what is cut, what is cleared, and nothing else, also when it had to grow', () => {
    const buffer = new LineBuffer();
    for (const times of [1, 50, 1]) {
      buffer.clear();
      buffer.add('kept');
      const mark = buffer.end;
      for (let at = 0; at < times; at += 1) buffer.add('z'.repeat(65_535));
      buffer.cut(mark);
      buffer.add('after');
      expect(buffer.bytes().toString()).toBe('kept\nafter\n');
      expect(buffer.hashLast()).toBe(leafHash(Buffer.from('after')).toString('hex'));
    }
  });
});
