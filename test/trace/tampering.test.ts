/** What can be done to a trace after it was signed, and that all of it is found. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { check, key, kinds, tampered, withBlock } from './checked.js';
import { fileOf, fullRecord, plainRecord, signatureOver, type Fields } from './oracle.js';
import { bitFlips } from './outcome.js';

describe('tampering', () => {
  const names = Object.keys(fullRecord);

  test.each(names)('%s cannot be changed, removed or renamed', (name) => {
    const { [name]: value, ...rest } = fullRecord;
    const signature = signatureOver(fullRecord, key);
    const changes = [1, 'x', null, {}, ['x'], '', 0, [], `${String(value)} `].filter((other) => other !== value);
    for (const other of changes) expect(check(fileOf({ ...fullRecord, [name]: other, signature })).ok).toBe(false);
    expect(check(fileOf({ ...rest, signature })).ok).toBe(false);
    for (const renamed of [name.toUpperCase(), `${name} `, `x${name}`]) {
      expect(check(fileOf({ ...rest, [renamed]: value, signature })).ok).toBe(false);
    }
  });

  test.each(['delegation_ref', 'skill_provenance'])('no field inside %s can be changed or removed', (name) => {
    const nested = fullRecord[name] as Fields;
    for (const [inner, value] of Object.entries(nested)) {
      const { [inner]: _, ...rest } = nested;
      expect(check(tampered(fullRecord, { [name]: rest })).ok).toBe(false);
      expect(check(tampered(fullRecord, { [name]: { ...nested, [inner]: `${String(value)}x` } })).ok).toBe(false);
    }
  });

  test('each bit of the signature counts', () => {
    const { sig } = signatureOver(plainRecord, key) as { sig: string };
    const accepted = [...bitFlips(sig)].filter(({ flipped }) => check(withBlock({ sig: flipped })).ok);
    expect(accepted).toEqual([]);
    const bytes = Buffer.from(sig, 'base64');
    for (let bit = 0; bit < 512; bit += 1) {
      const forged = Buffer.from(bytes);
      forged[bit >> 3] = (forged[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(check(withBlock({ sig: forged.toString('base64') })).ok).toBe(false);
    }
  });

  test.each<[string, Fields, string, string]>([
    [
      'no digest, before all else',
      { signed_digest: '', alg: 'rsa', key_id: 'x', sig: '' },
      'signature_invalid',
      'missing signed_digest',
    ],
    [
      'another digest',
      { signed_digest: key.id, alg: 'rsa', key_id: 'x', sig: '' },
      'signature_invalid',
      'signed_digest mismatch',
    ],
    ['another algorithm', { alg: 'rsa', key_id: 'x', sig: '' }, 'signature_invalid', 'unsupported alg: rsa'],
    ['another key', { key_id: 'x', sig: '' }, 'unknown_key', 'key id mismatch'],
    ['no signature', { sig: '' }, 'signature_invalid', 'invalid signature length: 0'],
    [
      'half a signature',
      { sig: Buffer.alloc(32).toString('base64') },
      'signature_invalid',
      'invalid signature length: 32',
    ],
  ])('the first failure is reported in the order of the Go tool: %s', (_, changed, kind, error) => {
    const report = check(withBlock(changed));
    expect([kinds(report), report.error, report.signature_status]).toEqual([[kind], error, 'failed']);
  });

  test.each([[null], [undefined], ['text'], [7], [[]]])('a signature that is %j is none', (signature) => {
    const report = check(JSON.stringify({ ...plainRecord, signature }));
    expect([report.ok, report.signature_status, report.problem_count]).toEqual([false, 'failed', 1]);
    expect(report.error).toBeDefined();
  });

  test('a digest in upper case is another digest', () => {
    const { signed_digest: digest } = signatureOver(plainRecord, key) as { signed_digest: string };
    expect(check(withBlock({ signed_digest: digest.toUpperCase() })).error).toBe('signed_digest mismatch');
  });
});

describe('keys that were put in after the signing (W26)', () => {
  test.each<[string, Fields, Fields, string]>([
    ['beside the fields', plainRecord, { approved_by: 'me' }, 'approved_by'],
    ['of a later version', plainRecord, { policy_id: 'p', credential_ref: 'c' }, 'policy_id, credential_ref'],
    ['in another case', plainRecord, { Verdict: 'allow', VERDICT: 'allow' }, 'Verdict, VERDICT'],
    ['into a record of the later version', { ...plainRecord, policy_id: 'p', sandbox: { mode: 'on' } }, { x: 1 }, 'x'],
    ['with another spelling of the rest', plainRecord, { x: 1, created_at: '2026-02-01T00:00:00.000Z' }, 'x'],
    ['that look like nothing', plainRecord, { x: null, y: [], '': 0 }, 'x, y, '],
    [
      'inside a field',
      { ...plainRecord, delegation_ref: { scope_class: 'w' } },
      { delegation_ref: { scope_class: 'w', admin: true } },
      'delegation_ref.admin',
    ],
  ])('are found and named: %s', (_, signed, changed, found) => {
    const report = check(tampered(signed, changed));
    expect(report).toMatchObject({ ok: false, verdict: 'invalid', signature_status: 'verified', signed_by: [key.id] });
    expect(report.problems).toMatchObject([{ kind: 'unsigned_keys', found }]);
    expect(report.error).toBeDefined();
  });

  test('are found inside the signature, which nothing signs', () => {
    const report = check(withBlock({ note: 'approved' }));
    expect(report.problems).toMatchObject([{ kind: 'unsigned_keys', found: 'signature.note' }]);
    expect(report.verdict).toBe('invalid');
  });

  test('are all found, however many, and some are named', () => {
    const many = Object.fromEntries(Array.from({ length: 5_000 }, (_, i) => [`k${i}${'x'.repeat(300)}`, i]));
    const report = check(tampered(plainRecord, many));
    expect(kinds(report)).toEqual(['unsigned_keys']);
    expect(report.problems[0]?.found?.length).toBeLessThan(10_000);
    expect(report.problems[0]?.found).toContain('4980 more');
  });

  test('are found whatever they are', () => {
    const name = fc
      .string({ minLength: 1 })
      .filter((text) => text !== '__proto__' && !Object.hasOwn(fullRecord, text) && text !== 'signature');
    fc.assert(
      fc.property(
        name,
        fc.constantFrom<unknown>('x', 1, true, false, null, [], {}, ['x'], { x: 1 }),
        (field, value) => {
          expect(kinds(check(tampered(fullRecord, { [field]: value })))).not.toEqual([]);
        },
      ),
    );
  });
});
