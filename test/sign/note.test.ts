import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  MAX_NOTE_BYTES,
  MAX_NOTE_SIGNATURES,
  formatNote,
  keyPairFromSeed,
  noteKey,
  parseNote,
  parseVkey,
  sha256,
  signNote,
  verifyNote,
} from '../../src/sign/index.js';
import { caught } from './caught.js';
import { oracleSign, oracleVerify } from './note-oracle.js';

const pairs = ['one', 'two', 'three'].map((text) => keyPairFromSeed(sha256(text)));
const [first = keyPairFromSeed(sha256('')), second = first, third = first] = pairs;
const signers = [
  { name: 'example.com/first', key: first },
  { name: 'example.com/second', key: second },
] as const;
const firstKey = noteKey(signers[0].name, first.publicKey);
const secondKey = noteKey(signers[1].name, second.publicKey);
const thirdKey = noteKey('example.com/third', third.publicKey);
const text = 'one\n\ntwo ü😀\n';

const reasonOf = (call: () => unknown): unknown => {
  const error = caught(call);
  expect(error.code).toBe('INVALID_NOTE');
  return error.details['reason'];
};

describe('signing and checking', () => {
  test('what we sign, an independent reader accepts byte for byte, and the other way round', () => {
    const note = signNote(text, [signers[0]]);
    expect(note).toBe(oracleSign(text, signers[0].name, first.seed));
    expect(oracleVerify(note, signers[0].name, first.publicKey)).toBe(true);
    expect(verifyNote(parseNote(oracleSign(text, 'other', second.seed)), [noteKey('other', second.publicKey)])).toEqual(
      [noteKey('other', second.publicKey)],
    );
  });

  test('the published note of the Go project verifies with its vkey', () => {
    const key = parseVkey('PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW');
    const published =
      "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n\n" +
      '\u2014 PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n';
    const note = parseNote(published);
    expect(verifyNote(note, [key])).toEqual([key]);
    expect(formatNote(note)).toBe(published);
  });

  test('the keys that signed are returned, each once, in the order asked', () => {
    const note = parseNote(signNote(text, signers));
    expect(verifyNote(note, [secondKey, firstKey, thirdKey])).toEqual([secondKey, firstKey]);
    const twice = { ...note, signatures: [...note.signatures, ...note.signatures] };
    expect(verifyNote(twice, [firstKey])).toEqual([firstKey]);
  });

  test('signatures by unknown keys are ignored, also ones under a known name or a known ID', () => {
    const unknown = { name: 'stranger', keyId: firstKey.id, signature: Buffer.alloc(5000, 1) };
    const sameName = { name: firstKey.name, keyId: Buffer.from('00000000', 'hex'), signature: Buffer.of(1) };
    const note = parseNote(signNote(text, [signers[0]]));
    const more = parseNote(formatNote({ ...note, signatures: [unknown, ...note.signatures, sameName] }));
    expect(verifyNote(more, [firstKey])).toEqual([firstKey]);
  });

  test('a known key whose signature fails refuses the note, whoever else has signed', () => {
    const note = parseNote(signNote(text, signers));
    const changed = { ...note, text: `${text}x\n` };
    const bad = note.signatures.map((one) =>
      one.name === secondKey.name ? { ...one, signature: Buffer.alloc(64) } : one,
    );
    const short = note.signatures.map((one) => ({ ...one, signature: one.signature.subarray(1) }));
    expect(verifyNote({ ...note, signatures: bad }, [firstKey])).toEqual([firstKey]);
    for (const forged of [changed, { ...note, signatures: bad }, { ...note, signatures: short }]) {
      const error = caught(() => verifyNote(forged, [firstKey, secondKey]));
      expect(error.code).toBe('SIGNATURE_INVALID');
      expect(error.category).toBe('verification_failed');
      expect(error.details['reason']).toBe('wrong_signature');
    }
  });

  test('a note that no known key has signed is not verified', () => {
    const note = parseNote(signNote(text, signers));
    for (const keys of [[], [thirdKey], [noteKey(thirdKey.name, first.publicKey)]]) {
      const error = caught(() => verifyNote(note, keys));
      expect(error.code).toBe('SIGNATURE_INVALID');
      expect(error.details['reason']).toBe('no_known_key');
    }
  });

  test('every bit of the signed text counts', () => {
    const bytes = Buffer.from(text);
    const { signatures } = parseNote(signNote(text, [signers[0]]));
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const flipped = Buffer.from(bytes);
      flipped.writeUInt8(flipped.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
      const note = Buffer.concat([flipped, Buffer.from(formatNote({ text: '', signatures }))]);
      expect(['INVALID_NOTE', 'SIGNATURE_INVALID']).toContain(
        caught(() => verifyNote(parseNote(note), [firstKey])).code,
      );
    }
  });

  test.each([
    ['no final newline', 'x', 'no_final_newline'],
    ['nothing', '', 'no_final_newline'],
    ['a tab', 'a\tb\n', 'control_character'],
    ['a carriage return', 'a\r\n', 'control_character'],
    ['a lone surrogate', 'a\ud800\n', 'not_utf8'],
    ['more than can be read back', `${'x'.repeat(MAX_NOTE_BYTES - 20)}\n`, 'too_long'],
  ])('a text with %s is not signed', (_, bad, reason) => {
    expect(reasonOf(() => signNote(bad, signers))).toBe(reason);
  });

  test('nobody, a name that a note cannot hold, and too many do not sign', () => {
    expect(reasonOf(() => signNote(text, []))).toBe('no_signature');
    expect(caught(() => signNote(text, [{ name: 'a b', key: first }])).code).toBe('INVALID_KEY');
    const crowd = Array.from({ length: MAX_NOTE_SIGNATURES + 1 }, () => signers[0]);
    expect(reasonOf(() => signNote(text, crowd))).toBe('too_many_signatures');
  });
});

describe('reading', () => {
  const note = signNote(text, signers);

  test('a note read and written is the same, from characters and from bytes', () => {
    expect(formatNote(parseNote(note))).toBe(note);
    expect(parseNote(Buffer.from(note))).toEqual(parseNote(note));
    expect(parseNote(note).text).toBe(text);
  });

  test('whatever reads as a note is written back the same', () => {
    const part = fc.constantFrom(
      '\n',
      ' ',
      '\u2014',
      '+',
      'a',
      'x',
      '=',
      '\n\n',
      '\u2014 ',
      'AAAAAAA=',
      'AAAAAAB=',
      '\u2014 k AAAAAAA=\n',
      '\t',
      'é',
    );
    let read = 0;
    fc.assert(
      fc.property(fc.array(part, { maxLength: 12 }), (parts) => {
        const whole = parts.join('');
        try {
          expect(formatNote(parseNote(whole))).toBe(whole);
          read++;
        } catch (error) {
          expect(error).toHaveProperty('code', 'INVALID_NOTE');
        }
      }),
      { numRuns: 20_000 },
    );
    expect(read).toBeGreaterThan(50);
  });

  const line = '\u2014 k AAAAAAA=\n';
  test.each([
    ['nothing', '', 'no_blank_line'],
    ['no blank line', `x\n${line}`, 'no_blank_line'],
    ['no signature', 'x\n\n', 'no_signature'],
    ['no final newline', `x\n\n${line.trimEnd()}`, 'no_signature'],
    ['a hyphen for the dash', `x\n\n${line.replace('\u2014', '-')}`, 'bad_signature_line'],
    ['no name', 'x\n\n\u2014  AAAAAAA=\n', 'bad_signature_line'],
    ['no signature after the name', 'x\n\n\u2014 k\n', 'bad_signature_line'],
    ['a plus in the name', 'x\n\n\u2014 k+ AAAAAAA=\n', 'bad_signature_line'],
    ['a Unicode space in the name', 'x\n\n\u2014 k\u00a0 AAAAAAA=\n', 'bad_signature_line'],
    ['something after the signature', `x\n\n${line.trimEnd()} x\n`, 'bad_signature_line'],
    ['a key ID and no signature', 'x\n\n\u2014 k AAAAAA==\n', 'bad_signature_line'],
    ['base64 with stray bits', 'x\n\n\u2014 k AAAAAAB=\n', 'bad_signature_line'],
    ['base64 without padding', 'x\n\n\u2014 k AAAAAAA\n', 'bad_signature_line'],
    ['a control character', `x\u0000\n\n${line}`, 'control_character'],
    ['CRLF', `x\r\n\r\n${line}`, 'control_character'],
    ['a lone surrogate', `\udc00\n\n${line}`, 'not_utf8'],
    ['too many signatures', `x\n\n${line.repeat(MAX_NOTE_SIGNATURES + 1)}`, 'too_many_signatures'],
    ['too much text', `${'é'.repeat(MAX_NOTE_BYTES / 2)}\n\n${line}`, 'too_long'],
  ])('a note with %s is refused', (_, bad, reason) => {
    expect(reasonOf(() => parseNote(bad))).toBe(reason);
  });

  test('bytes that are not UTF-8 are refused', () => {
    const bytes = Buffer.from(`x\n\n${line}`);
    for (const bad of [0x80, 0xff, 0xc3]) {
      bytes[0] = bad;
      expect(reasonOf(() => parseNote(bytes))).toBe('not_utf8');
    }
  });

  test('the error says which line is bad, and as many signatures as C2SP asks for are read', () => {
    expect(caught(() => parseNote(`a\nb\n\n${line}x\n`)).details).toEqual({ reason: 'bad_signature_line', line: 5 });
    expect(parseNote(`x\n\n${line.repeat(MAX_NOTE_SIGNATURES)}`).signatures).toHaveLength(MAX_NOTE_SIGNATURES);
  });
});
