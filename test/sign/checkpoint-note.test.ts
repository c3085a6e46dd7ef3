import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  EMPTY_ROOT,
  formatCheckpointText,
  isNoteKeyName,
  keyPairFromSeed,
  noteKey,
  parseCheckpointText,
  sessionOrigin,
  sha256,
  signCheckpoint,
  verifyCheckpoint,
} from '../../src/sign/index.js';
import { caught } from './caught.js';
import { wellFormedString } from './json-arbitraries.js';
import { oracleSign } from './note-oracle.js';

const pair = keyPairFromSeed(sha256('checkpoint'));
const root = sha256('root');
const base64 = root.toString('base64');
const extensions: readonly string[] = [];

const reasonOf = (call: () => unknown): unknown => {
  const error = caught(call);
  expect(error.code).toBe('INVALID_NOTE');
  return error.details['reason'];
};

describe('the text', () => {
  test('of a tree head is origin, size and root, a line each', () => {
    const head = { origin: 'gait/s1', size: 42, root, extensions };
    expect(formatCheckpointText(head)).toBe(`gait/s1\n42\n${base64}\n`);
    expect(parseCheckpointText(`gait/s1\n42\n${base64}\n`)).toEqual(head);
    expect(formatCheckpointText({ ...head, size: 0, root: EMPTY_ROOT })).toBe(
      'gait/s1\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n',
    );
  });

  test('of any head, with extension lines, comes back the same', () => {
    const word = wellFormedString.filter((text) => text !== '' && !text.includes('\n'));
    fc.assert(
      fc.property(word, fc.maxSafeNat(), fc.array(word, { maxLength: 3 }), (origin, size, lines) => {
        const text = formatCheckpointText({ origin, size, root, extensions: lines });
        expect(parseCheckpointText(text)).toEqual({ origin, size, root, extensions: lines });
        expect(formatCheckpointText(parseCheckpointText(text))).toBe(text);
      }),
    );
  });

  test.each([
    ['nothing', '', 'no_final_newline'],
    ['no final newline', `o\n1\n${base64}`, 'no_final_newline'],
    ['two lines', `o\n1\n`, 'missing_line'],
    ['an empty origin', `\n1\n${base64}\n`, 'empty_line'],
    ['an empty extension line', `o\n1\n${base64}\n\n`, 'empty_line'],
    ['a leading zero', `o\n01\n${base64}\n`, 'bad_size'],
    ['a sign', `o\n+1\n${base64}\n`, 'bad_size'],
    ['a negative size', `o\n-1\n${base64}\n`, 'bad_size'],
    ['an exponent', `o\n1e3\n${base64}\n`, 'bad_size'],
    ['a size past 2^53 - 1', `o\n9007199254740992\n${base64}\n`, 'bad_size'],
    ['digits of another script', `o\n\u0661\n${base64}\n`, 'bad_size'],
    ['a short root', `o\n1\n${base64.slice(4)}\n`, 'bad_root'],
    ['a root in hex', `o\n1\n${root.toString('hex')}\n`, 'bad_root'],
    ['a root with stray bits', `o\n1\n${base64.slice(0, -2)}/=\n`, 'bad_root'],
  ])('with %s is refused', (_, text, reason) => {
    expect(reasonOf(() => parseCheckpointText(text))).toBe(reason);
  });

  test('of a head that would read back as another one is not written', () => {
    const head = { origin: 'o', size: 1, root, extensions };
    expect(reasonOf(() => formatCheckpointText({ ...head, origin: `a\n5\n${base64}` }))).toBe('line_break');
    expect(reasonOf(() => formatCheckpointText({ ...head, extensions: ['a\nb'] }))).toBe('line_break');
    expect(reasonOf(() => formatCheckpointText({ ...head, origin: '' }))).toBe('empty_line');
    expect(reasonOf(() => formatCheckpointText({ ...head, size: 1.5 }))).toBe('bad_size');
    expect(reasonOf(() => formatCheckpointText({ ...head, size: 2 ** 53 }))).toBe('bad_size');
    expect(reasonOf(() => formatCheckpointText({ ...head, root: Buffer.alloc(31) }))).toBe('bad_root');
  });
});

describe('the note', () => {
  const origin = sessionOrigin('s1');
  const key = noteKey(origin, pair.publicKey);
  const note = signCheckpoint({ origin, size: 7, root }, pair);

  test('is what an independent writer makes of the same head, and verifies', () => {
    expect(note).toBe(oracleSign(`gait/s1\n7\n${base64}\n`, 'gait/s1', pair.seed));
    expect(verifyCheckpoint(note, [key])).toEqual({ origin, size: 7, root, extensions, signedBy: [key] });
    expect(verifyCheckpoint(Buffer.from(note), [key]).size).toBe(7);
  });

  test('with another size, root or origin does not verify', () => {
    const others = [note.replace('\n7\n', '\n8\n'), note.replace(base64, EMPTY_ROOT.toString('base64'))];
    for (const forged of [...others, note.replace('gait/s1', 'gait/s2')]) {
      expect(forged).not.toBe(note);
      expect(caught(() => verifyCheckpoint(forged, [key])).code).toBe('SIGNATURE_INVALID');
    }
  });

  test('with a good signature on what is no checkpoint is refused', () => {
    expect(reasonOf(() => verifyCheckpoint(oracleSign('hello\n', origin, pair.seed), [key]))).toBe('missing_line');
  });

  test('is not signed for an origin that no key name can be', () => {
    expect(caught(() => signCheckpoint({ origin: 'a b', size: 1, root }, pair)).code).toBe('INVALID_KEY');
    expect(reasonOf(() => signCheckpoint({ origin: 'a\u0000', size: 1, root }, pair))).toBe('control_character');
  });
});

describe('session origins', () => {
  test.each([
    ['s1', 'gait/s1'],
    ['sess<1>&é', 'gait/sess<1>&é'],
    ['a b+c', 'gait/a%20b%2Bc'],
    ['50%', 'gait/50%25'],
    ['a\u00a0\u3000\n\u007f', 'gait/a%C2%A0%E3%80%80%0A%7F'],
    ['a/b😀', 'gait/a/b😀'],
  ])('%j has origin %j', (id, origin) => {
    expect(sessionOrigin(id)).toBe(origin);
  });

  test('are key names, and no two ids share one', () => {
    fc.assert(
      fc.property(wellFormedString, wellFormedString, (a, b) => {
        fc.pre(a !== '' && b !== '');
        expect(isNoteKeyName(sessionOrigin(a))).toBe(true);
        expect(sessionOrigin(a) === sessionOrigin(b)).toBe(a === b);
        expect(decodeURIComponent(sessionOrigin(a))).toBe(`gait/${a}`);
      }),
    );
  });

  test('an empty id and half a character have none', () => {
    expect(caught(() => sessionOrigin('')).code).toBe('INVALID_ARGUMENT');
    expect(caught(() => sessionOrigin('a\ud800')).code).toBe('INVALID_ARGUMENT');
  });
});
