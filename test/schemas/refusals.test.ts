import { beforeAll, describe, expect, test } from 'vitest';
import { verify } from '../../src/index.js';
import { runCli } from '../support/cli.js';
import { goFiles, signer, writeEvidence } from './evidence.js';
import { fullEvent, reportOfDamage, writeSession } from './samples.js';
import { complaints, resolve, schemaOf } from './schema-files.js';

type Fields = Readonly<Record<string, unknown>>;

/** Schema, by name and pointer, and a way to a good value of it that has every field. */
const subjects: readonly (readonly [schema: string, key: string])[] = [
  ['event-input', 'input'],
  ['event', 'event'],
  ['event#/$defs/payload', 'payload'],
  ['journal-line#/$defs/header', 'header'],
  ['journal-line#/$defs/checkpoint', 'checkpoint'],
  ['journal-line#/$defs/signature', 'signature'],
  ['receipt', 'receipt'],
  ['status', 'status'],
  ['verify-report', 'report'],
  ['verify-report#/$defs/coverage', 'coverage'],
  ['verify-report#/$defs/problem', 'problem'],
  ['runpack-report', 'runpack'],
  ['runpack-report#/$defs/mismatch', 'mismatch'],
  ['runpack-report#/$defs/problem', 'runpackProblem'],
  ['chain-report', 'chain'],
  ['chain-report#/$defs/problem', 'chainProblem'],
  ['proof-report', 'proof'],
  ['trace-report', 'trace'],
  ['trace-report#/$defs/problem', 'traceProblem'],
  ['checkpoint-result', 'sealed'],
  ['checkpoint-result#/$defs/output', 'sealedOutput'],
  ['error-envelope', 'envelope'],
];

const samples: Record<string, Fields> = {};

beforeAll(async () => {
  const session = await writeSession();
  const line = (type: string) =>
    session.lines.filter(({ recordType }) => recordType === type).map(({ text }) => JSON.parse(text) as Fields);
  const checkpoint = line('checkpoint').at(-1)?.['checkpoint'] as Fields;
  const report = await reportOfDamage(session.lines);
  const payload = { sha256: 'd4'.repeat(32), size: 3, media_type: 'text/plain' };
  const envelope = await runCli(['run', 'session', 'append', '--json', '--nope']);
  Object.assign(samples, await evidenceSamples());
  Object.assign(samples, {
    input: fullEvent,
    event: { ...(line('event')[0]?.['event'] as Fields), payload },
    payload,
    header: line('header')[0]?.['header'],
    checkpoint,
    signature: checkpoint['signature'],
    receipt: session.receipts[0],
    status: session.statuses[0],
    report,
    coverage: report.coverage,
    problem: {
      ...report.problems.find(({ expected }) => expected !== undefined),
      sequence: 3,
      segment: '0000000000000000-0000000000000005',
    },
    envelope: {
      ...(JSON.parse(envelope.stdout) as Fields),
      journal: 'x.jsonl',
      path: 'x.zip',
      chain_path: 'x_chain.json',
      receipt: session.receipts[0],
      appended: 1,
      skipped: 0,
      last_sequence: 1,
      line: 2,
      root: 'sessions',
      report_path: 'plan.json',
      items: [{ item: 'root', path: 'sessions', action: 'created' }],
      run: { ok: false },
    },
  });
});

/** Reports on evidence beside a journal; what one report cannot have at once is put together from several. */
async function evidenceSamples(): Promise<Record<string, unknown>> {
  const evidence = await writeEvidence();
  const [tampered = ''] = goFiles(/z_tamper\.zip$/);
  const [badTrace = ''] = goFiles(/t_tamper\.json$/);
  const runpack = await verify(tampered);
  const trace = await verify(badTrace, { publicKeys: [signer.publicKey] });
  const problem = { kind: 'bad_json', entry: 'run.json', line: 1, expected: 'a', found: 'b', meaning: 'c' };
  return {
    runpack,
    mismatch: runpack.kind === 'runpack' ? runpack.hash_mismatches[0] : undefined,
    runpackProblem: problem,
    chain: await verify(evidence.chain),
    chainProblem: { ...problem, checkpoint_index: 1, runpack: 'cp1.zip' },
    proof: { ...(await verify(evidence.consistencyProof)), ...(await verify(evidence.inclusionProof)) },
    trace: { ...trace, correlation_id: 'c1' },
    traceProblem: { ...trace.problems[0], field: 'verdict', expected: 'a', found: 'b' },
    sealed: evidence.checkpoint,
    sealedOutput: {
      ...evidence.checkpoint,
      ok: true,
      operation: 'close',
      journal: 's1.jsonl',
      correlation_id: 'c1',
      note_path: 's1.note',
      already_closed: false,
      warnings: ['dev'],
    },
  };
}

/** One value of every JSON type; a number that is no integer stands for both kinds of wrong numbers. */
const VALUES: Readonly<Record<string, unknown>> = {
  string: 'no such word',
  number: 1.5,
  boolean: true,
  null: null,
  array: [{}],
  object: { x: 1 },
};

describe.each(subjects)('%s', (schema, key) => {
  const [name = '', pointer = ''] = schema.split('#');
  const { properties = {}, required = [] } = resolve(`#${pointer}`, schemaOf(name));

  test('accepts a value that has every field', () => {
    const sample = samples[key] ?? {};
    expect(complaints(schema, sample)).toEqual([]);
    expect(Object.keys(properties).filter((field) => !(field in sample))).toEqual([]);
  });

  test.each(required)('refuses a value without %s', (field) => {
    const { [field]: _, ...rest } = samples[key] ?? {};
    expect(complaints(schema, rest)).not.toEqual([]);
  });

  test.each(Object.keys(properties))('refuses a value whose %s is of another type', (field) => {
    const sample = samples[key] ?? {};
    const good = typeNameOf(sample[field]);
    const free = field === 'events' && key === 'header' ? ['array', 'null'] : [good];
    const wrong = Object.entries(VALUES).filter(([type]) => !free.includes(type));
    const accepted = wrong.filter(([, value]) => complaints(schema, { ...sample, [field]: value }).length === 0);
    expect(accepted).toEqual([]);
  });
});

test('an event input with a key that is not known is refused', () => {
  expect(complaints('event-input', { ...fullEvent, sequence: 1 })).not.toEqual([]);
});

test.each(['gait.x', 'GAIT.x', 'Gait.journal.close'])('an event input of the reserved tool %s is refused', (tool) => {
  expect(complaints('event-input', { tool_name: tool, verdict: 'allow' })).not.toEqual([]);
});

test.each([
  ['of another record_type', { record_type: 'note', header: {} }],
  ['with the payload of another type', { record_type: 'event', header: {} }],
  ['without a payload', { record_type: 'header' }],
])('a line %s is refused', (_, line) => {
  expect(complaints('journal-line', line)).not.toEqual([]);
});

test.each(['2026-02-01T10:30:00.500Z', '2026-02-01T10:30:00+00:00', '2026-02-01', '2026-02-01T10:30:00.Z'])(
  'an event stored with the time %s is refused: digests are over one spelling',
  (time) => {
    expect(complaints('event', { ...samples['event'], created_at: time })).not.toEqual([]);
  },
);

test('a verify report may lack the session, when the journal has no header', () => {
  const { session_id: _, run_id: __, ...rest } = samples['report'] ?? {};
  expect(complaints('verify-report', rest)).toEqual([]);
});

function typeNameOf(value: unknown): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'array' : typeof value;
}
