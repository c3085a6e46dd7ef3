/** Traces that an independent oracle signed. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { canonicalJson, verifyTrace, verifyTraceFile, type TraceReport } from '../../src/index.js';
import { caught } from '../sign/caught.js';
import { tempDir } from '../support/temp-dir.js';
import { check, key, kinds, otherKey, publicKeys, tampered, withBlock } from './checked.js';
import { fileOf, fullRecord, plainRecord, signatureOver, signedTrace, type Fields } from './oracle.js';
import { outcomeOf } from './outcome.js';

describe('a trace that an independent signer made', () => {
  test.each([
    ['few', plainRecord],
    ['all', fullRecord],
  ])('is valid with %s of its fields', (_, record) => {
    const report = check(signedTrace(record, key));
    expect(report).toMatchObject({ ok: true, verdict: 'valid', signed_by: [key.id], decision: 'block' });
    expect([report.problems, report.warnings]).toEqual([[], []]);
  });

  test('is valid whatever else was signed, in whatever order and spelling of the JSON', () => {
    const extra = fc.dictionary(fc.string(), fc.jsonValue(), { maxKeys: 4 });
    fc.assert(
      fc.property(extra, fc.boolean(), fc.integer({ min: 0, max: 8 }), (more, isReversed, indent) => {
        // Such keys are refused, at any depth.
        const clean = JSON.parse(JSON.stringify(more), (name, value: unknown) =>
          name === '__proto__' ? undefined : value,
        ) as Fields;
        const { signature: _, ...added } = clean;
        const record = { ...added, ...plainRecord };
        const entries = Object.entries({ ...record, signature: signatureOver(record, key) });
        const text = JSON.stringify(Object.fromEntries(isReversed ? entries.reverse() : entries), null, indent);
        expect(check(text).verdict).toBe('valid');
      }),
    );
  });

  test('without a key is not called valid', () => {
    const report = check(signedTrace(fullRecord, key), []);
    expect(report).toMatchObject({ ok: true, verdict: 'unchecked', signature_status: 'skipped', signed_by: [] });
    expect(report.warnings.map(({ kind }) => kind)).toEqual(['signature_unchecked']);
    const strict = verifyTrace(signedTrace(fullRecord, key), 'trace.json', { requireSignature: true });
    expect(strict).toMatchObject({ ok: false, verdict: 'invalid', signature_status: 'skipped', warnings: [] });
    expect(kinds(strict)).toEqual(['signature_unchecked']);
  });

  test('without a key is refused where anybody can see that it was changed', () => {
    expect(check(tampered(fullRecord, { verdict: 'allow' }), []).verdict).toBe('invalid');
    expect(check(withBlock({ alg: 'rsa' }), []).verdict).toBe('invalid');
    expect(check(withBlock({ signed_digest: '' }), []).error).toBe('missing signed_digest');
    expect(check(fileOf(plainRecord), []).verdict).toBe('invalid');
  });
});

describe('which key signed', () => {
  test('any of several will do, and the report names it', () => {
    const report = check(signedTrace(plainRecord, otherKey), [key.publicKey, otherKey.publicKey]);
    expect(report).toMatchObject({ verdict: 'valid', signed_by: [otherKey.id], key_id: otherKey.id });
    const unnamed = check(withBlock({ key_id: '' }), [otherKey.publicKey, key.publicKey]);
    expect(unnamed).toMatchObject({ verdict: 'valid', signed_by: [key.id] });
    expect(unnamed.warnings.map(({ kind }) => kind)).toEqual(['key_unnamed']);
  });

  test('none of the given ones is a problem of its own', () => {
    const report = check(signedTrace(plainRecord, otherKey));
    expect(report).toMatchObject({
      verdict: 'invalid',
      signature_status: 'failed',
      signed_by: [],
      key_id: otherKey.id,
    });
    expect([kinds(report), report.error]).toEqual([['unknown_key'], 'key id mismatch']);
  });

  test('another than the block names is no signature, and has no words, as in the Go tool', () => {
    const report = check(tampered(plainRecord, {}, otherKey).replace(otherKey.id, key.id));
    expect([kinds(report), report.signature_status]).toEqual([['signature_invalid'], 'failed']);
    expect(report).not.toHaveProperty('error');
    for (const keys of [
      [key.publicKey, otherKey.publicKey],
      [otherKey.publicKey, key.publicKey],
    ]) {
      const forged = check(withBlock({ sig: Buffer.alloc(64).toString('base64') }), keys);
      expect(kinds(forged)).toEqual(['signature_invalid']);
    }
    expect(check(tampered(plainRecord, {}, otherKey).replace(otherKey.id, '')).verdict).toBe('invalid');
  });
});

describe('the form in which the Go tool signs', () => {
  const zeroTime = { ...plainRecord, observed_at: '0001-01-01T00:00:00Z' };

  test.each<[string, Fields, Fields, string]>([
    ['a time with zeros', plainRecord, { created_at: '2026-02-01T00:00:00.000Z' }, 'created_at'],
    ['a time in another zone', plainRecord, { created_at: '2026-02-01T01:30:00+01:30' }, 'created_at'],
    ['nanoseconds in another zone', plainRecord, { observed_at: '2026-11-20T18:33:30.194708588-07:00' }, 'observed_at'],
    [
      'empty optional fields',
      plainRecord,
      { violations: [], latency_ms: 0, correlation_id: '', policy_id: null },
      'correlation_id, latency_ms, policy_id, violations',
    ],
    [
      'an empty field inside another',
      { ...plainRecord, delegation_ref: { scope_class: 'w' } },
      { delegation_ref: { scope_class: 'w', reason_codes: [] } },
      'delegation_ref',
    ],
    ['an absent object written as null', plainRecord, { skill_provenance: null }, 'skill_provenance'],
  ])('is recognised behind %s, and the other spelling is told', (_, signed, changed, fields) => {
    const report = check(tampered(signed, changed));
    expect([report.verdict, report.problems]).toEqual(['valid', []]);
    expect(report.warnings).toMatchObject([{ kind: 'respelled', found: fields }]);
  });

  test('has the time zero where there is none', () => {
    const { event_id: _, ...unobserved } = zeroTime as Readonly<Record<string, unknown>>;
    const { observed_at: __, ...written } = unobserved;
    const report = check(fileOf({ ...written, signature: signatureOver(unobserved, key) }));
    expect(report.verdict).toBe('valid');
    expect(report.warnings).toMatchObject([{ kind: 'respelled', found: 'observed_at' }]);
  });

  test('has the fields of version 1.4.0, and none that no version knows', () => {
    const respelled = { created_at: '2026-02-01T00:00:00.000Z' };
    expect(check(tampered(fullRecord, respelled)).verdict).toBe('valid');
    expect(check(tampered({ ...fullRecord, unheard_of: 1 }, respelled)).error).toBe('signed_digest mismatch');
  });

  test('does not stretch to another moment, or to a text that is no time', () => {
    for (const time of ['2026-02-01T00:00:00.001Z', ' 2026-02-01T00:00:00Z', '2026-02-01', '2026-02-01T00:00:00']) {
      expect(check(tampered(plainRecord, { created_at: time })).ok).toBe(false);
    }
  });
});

describe('what a trace has to be, whoever signed it', () => {
  const signed = (changed: Fields): TraceReport => check(signedTrace({ ...fullRecord, ...changed }, key));

  test.each<[string, Fields]>([
    ['trace_id', { trace_id: 'f4b99470eb559ee30c29f0d2' }],
    ['event_id', { event_id: 'f4b99470eb559ee30c29f0d2' }],
    ['event_id', { event_id: 7 }],
    ['event_id', { observed_at: '2026-11-21T01:33:31Z' }],
    ['trace_id', { verdict: 'allow' }],
  ])('its %s follows from it', (field, changed) => {
    const report = signed(changed);
    expect(report).toMatchObject({ ok: false, verdict: 'invalid', signature_status: 'verified' });
    expect(report.problems).toContainEqual(expect.objectContaining({ kind: 'id_mismatch', field }));
    expect(report.error).toBeDefined();
  });

  test('an event_id that was made over the other spelling of observed_at follows, too', () => {
    const respelled = { observed_at: '2026-11-20T18:33:30.194708588-07:00' };
    expect(signed(respelled)).toMatchObject({ verdict: 'valid', problems: [] });
    expect(check(tampered(fullRecord, respelled)).verdict).toBe('valid');
  });

  test('it may lack the event_id, which old ones do', () => {
    const { event_id: _, ...record } = fullRecord;
    expect(check(signedTrace(record, key)).verdict).toBe('valid');
  });

  test.each<[string, unknown]>([
    ['schema_id', 'gait.runpack.manifest'],
    ['schema_id', undefined],
    ['schema_version', '2.0.0'],
    ['schema_version', 1],
    ['created_at', 'yesterday'],
    ['created_at', undefined],
    ['observed_at', 7],
    ['producer_version', undefined],
    ['tool_name', undefined],
    ['args_digest', 7],
    ['context_ref_count', 1.5],
    ['violations', 'none'],
    ['violations', [1]],
    ['latency_ms', -1],
    ['latency_ms', '1'],
    ['delegation_ref', 'x'],
    ['delegation_ref', []],
    ['delegation_ref.delegation_depth', '1'],
    ['skill_provenance.source', undefined],
  ])('%s may not be %j', (path, value) => {
    const [field = '', inner] = path.split('.');
    const changed = inner === undefined ? value : { ...(fullRecord[field] as Fields), [inner]: value };
    const record = JSON.parse(JSON.stringify({ ...fullRecord, [field]: changed })) as Fields;
    const report = check(signedTrace(record, key));
    expect(report).toMatchObject({ verdict: 'invalid', signature_status: 'verified' });
    expect(report.problems).toContainEqual(expect.objectContaining({ kind: 'bad_field', field: path }));
  });

  test('a version that only adds is read', () => {
    expect(signed({ schema_version: '1.4.0' }).verdict).toBe('valid');
  });

  test.each([
    ['a key given twice', (text: string) => text.replace('"verdict"', '"verdict": "allow", "verdict"')],
    ['a number that a double changes', (text: string) => text.replace('0.10210200000000001', '0.102102000000000012')],
    ['half of a surrogate pair', (text: string) => text.replace('"fs.delete"', '"fs.delete\\ud800"')],
    ['a __proto__ key', (text: string) => text.replace('{', '{ "__proto__": {},')],
    ['endless nesting', (text: string) => text.replace('{', `{ "x": ${'['.repeat(200)}${']'.repeat(200)},`)],
  ])('%s makes it invalid, not unreadable', (_, change) => {
    const text = signedTrace(fullRecord, key);
    expect(change(text)).not.toBe(text);
    const report = check(change(text));
    expect(report).toMatchObject({ ok: false, verdict: 'invalid', signature_status: 'failed', signed_by: [] });
    expect(kinds(report)[0]).toBe('bad_json');
    // Which throws for half of a surrogate pair.
    expect(canonicalJson(report)).toContain('bad_json');
  });

  test.each([
    ['INVALID_TRACE', '[]'],
    ['INVALID_TRACE', 'null'],
    ['INVALID_TRACE', '"gait.gate.trace"'],
    ['INVALID_JSON', ''],
    ['INVALID_JSON', `\ufeff${signedTrace(plainRecord, key)}`],
    ['INVALID_JSON', `${signedTrace(plainRecord, key)}${signedTrace(plainRecord, key)}`],
  ])('%s for what is no trace at all', (code, text) => {
    expect(outcomeOf(text, publicKeys)).toBe(code);
  });
});

describe('a trace in a file', () => {
  test('is read whole, and reported under its path', () => {
    const path = join(tempDir(), 'trace.json');
    writeFileSync(path, signedTrace(fullRecord, key));
    expect(verifyTraceFile(path, { publicKeys })).toEqual({ ...check(signedTrace(fullRecord, key)), path });
  });

  test.each<[string, string, (path: string) => unknown]>([
    ['is missing', 'FILE_NOT_FOUND', () => undefined],
    ['is a folder', 'IO_ERROR', (path) => mkdirSync(path)],
    ['is not UTF-8', 'INVALID_ARGUMENT', (path) => writeFileSync(path, Buffer.from([0x7b, 0xff, 0x7d]))],
    ['is far too long', 'INVALID_ARGUMENT', (path) => writeFileSync(path, Buffer.alloc(5 * 1024 * 1024, ' '))],
  ])('that %s is %s', (_, code, make) => {
    const path = join(tempDir(), 'trace.json');
    make(path);
    expect(caught(() => verifyTraceFile(path, { publicKeys })).code).toBe(code);
  });
});
