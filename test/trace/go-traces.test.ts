/** What the Go tool answered on its own traces. Ours are the same verdicts; where it says nothing, ours may warn. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { loadPublicKey, verifyTrace, verifyTraceFile } from '../../src/index.js';
import { repositoryRoot } from '../support/paths.js';
import { bitFlips, outcomeOf } from './outcome.js';

const vectors = join(repositoryRoot, 'test', 'vectors', 'gait-go');

interface Answer {
  readonly args: readonly string[];
  readonly exit: number;
  readonly output: Readonly<Record<string, unknown>>;
}

const { results } = JSON.parse(readFileSync(join(vectors, 'expected.json'), 'utf8')) as { results: Answer[] };
const answers = results.filter(({ args }) => args[0] === 'trace');
const publicKeys = [loadPublicKey({ path: join(vectors, 'keys', 'run_sig_public.key') })];
const read = (name: string): string => readFileSync(join(vectors, 'traces', name), 'utf8');

/** What the Go tool accepts without a word, and ours warns of. */
const WARNINGS: Readonly<Record<string, string>> = {
  'traces/t_time.json': 'respelled',
  'traces/t_nokid.json': 'key_unnamed',
};

test('the traces of the Go tool are all here', () => {
  expect(answers).toHaveLength(7);
});

test.each(answers.map((answer) => [answer.args[2] ?? '', answer] as const))(
  '%s gets the verdict of the Go tool',
  (file, { exit, output }) => {
    const report = verifyTraceFile(join(vectors, file), { publicKeys });
    const { verdict: decision, trace_id, signature_status, key_id, error } = output;
    expect(report).toMatchObject({
      ok: exit === 0,
      kind: 'trace',
      verdict: exit === 0 ? 'valid' : 'invalid',
      decision,
      trace_id,
      signature_status,
      signed_by: exit === 0 ? [expect.stringMatching(/^62563ef7/)] : [],
    });
    expect(report.error).toBe(error);
    if (key_id !== undefined) expect(report.key_id).toBe(key_id);
    const warning = WARNINGS[file];
    expect(report.warnings.map(({ kind }) => kind)).toEqual(warning === undefined ? [] : [warning]);
  },
);

test('a captured trace verifies, and says what it is about', () => {
  // Captured from the Go tool at v1.2.3, key 62563ef7….
  const captured =
    '{"schema_id":"gait.gate.trace","schema_version":"1.0.0","created_at":"2026-02-01T00:00:00Z","observed_at":"2026-11-21T01:33:30.194708588Z","producer_version":"0.0.0-dev","trace_id":"f4b99470eb559ee30c29f0d2","event_id":"dd614ea35eb33cea60b181b1","correlation_id":"e50b3627b882afa67593ddab","tool_name":"tool.delete","args_digest":"725cba408a0165aed25347dca760be49ef3d6e8f9b94e78f0f4e9c19502ab3ce","intent_digest":"fb93370037c244851476cb23d99aac7b9e4a53c5b85817c8feed6c17169106c4","policy_digest":"3e08cca89c29d1450e9f916464364be467bc35bee66a6deb2d430e704a0555c9","verdict":"block","latency_ms":0.10210200000000001,"signature":{"alg":"ed25519","key_id":"62563ef7285d1e52a58ad9e3cdf364cccd2850c0623f90aefa35466eeef2cdc3","sig":"ODcDgDkFB6mf6JdGJStmFkMsFVT3JM/7dvtEQOc0RW1K9oZa0TAd4/Tq308zHxzpk2wJTQZUycoTXNnD0FR/Dg==","signed_digest":"9d9fb5dd3b1727e9cf09cf1012c216a554cd170e0d10d9bc425bc0d1b6345b96"}}';
  const key = 'E325DoHwFkUs1YWhuv1r9wUcQpbMDaAPTMFRaJL71kw=';
  const report = verifyTrace(captured, 'captured.json', { publicKeys: [Buffer.from(key, 'base64')] });
  expect(report).toEqual({
    ok: true,
    path: 'captured.json',
    kind: 'trace',
    verdict: 'valid',
    signature_status: 'verified',
    signed_by: ['62563ef7285d1e52a58ad9e3cdf364cccd2850c0623f90aefa35466eeef2cdc3'],
    key_id: '62563ef7285d1e52a58ad9e3cdf364cccd2850c0623f90aefa35466eeef2cdc3',
    trace_id: 'f4b99470eb559ee30c29f0d2',
    event_id: 'dd614ea35eb33cea60b181b1',
    correlation_id: 'e50b3627b882afa67593ddab',
    tool_name: 'tool.delete',
    created_at: '2026-02-01T00:00:00Z',
    observed_at: '2026-11-21T01:33:30.194708588Z',
    decision: 'block',
    problems: [],
    problem_count: 0,
    warnings: [],
    warning_count: 0,
  });
});

test('every single-bit flip of a trace is found', () => {
  const found = new Map<string, number>();
  const missed: string[] = [];
  for (const { at, flipped } of bitFlips(read('trace1.json'))) {
    const outcome = outcomeOf(flipped, publicKeys);
    found.set(outcome, (found.get(outcome) ?? 0) + 1);
    if (outcome !== 'invalid' && outcome !== 'INVALID_JSON') missed.push(`${at}: ${outcome}`);
  }
  expect(missed).toEqual([]);
  expect(found.get('invalid')).toBeGreaterThan(5_000);
});

test('a trace of which a part is missing is no trace', () => {
  const text = read('trace1.json').trimEnd();
  for (let length = 0; length < text.length; length += 7) {
    expect(outcomeOf(text.slice(0, length), publicKeys)).toBe('INVALID_JSON');
  }
});
