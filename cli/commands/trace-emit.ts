/** `gait trace emit`: a signed record of one decision, and if wanted the event that records it, as one. */
import { GaitError } from '../../src/errors.js';
import type { EmitTraceOptions, KeyMode, KeyPair, TraceEventInput, TraceInput } from '../../src/index.js';
import type { Command, Invocation } from '../command.js';
import type { Arguments, Flag } from '../flags.js';
import type { Io } from '../io.js';
import { keySources, PRIVATE_KEY_FLAGS } from '../key-flags.js';
import { journalPath, TARGET_FLAGS } from '../target.js';
import { clean, pairs } from '../text.js';

/** Flags whose text goes into one field as it is. */
const TEXT_FIELDS = {
  tool: 'tool_name',
  verdict: 'verdict',
  'args-digest': 'args_digest',
  'intent-digest': 'intent_digest',
  'policy-digest': 'policy_digest',
  'created-at': 'created_at',
  'context-set-digest': 'context_set_digest',
  'approval-token-ref': 'approval_token_ref',
} as const;

const RECORD_FLAGS: readonly Flag[] = [
  { name: 'tool', value: 'NAME', help: 'the tool that was decided about' },
  { name: 'verdict', value: 'V', help: 'what was decided: allow, block, dry_run or require_approval' },
  { name: 'args-digest', value: 'HEX', help: 'SHA-256 of the arguments' },
  { name: 'intent-digest', value: 'HEX', help: 'SHA-256 of the intent' },
  { name: 'policy-digest', value: 'HEX', help: 'SHA-256 of the policy' },
  { name: 'created-at', value: 'TIME', help: 'RFC 3339 time of the decision (default now)' },
  { name: 'context-set-digest', value: 'HEX', help: 'SHA-256 of the context' },
  { name: 'violations', value: 'A,B', help: 'rules that were broken' },
  { name: 'latency-ms', value: 'N', help: 'how long the decision took' },
  { name: 'approval-token-ref', value: 'REF', help: 'the approval that was given' },
];

/** The largest record that standard input may hold. */
const MAX_RECORD_BYTES = 4 * 1024 * 1024;

export const traceEmit: Command = {
  flags: [
    ...RECORD_FLAGS,
    { name: 'stdin', help: 'read the record as one JSON object from standard input, for fields that have no flag' },
    {
      name: 'trace-dir',
      value: 'DIR',
      help: 'folder for a file of its own, trace_<trace_id>_<event_id>.json (default: traces beside the journal, or here)',
    },
    {
      name: 'trace-out',
      value: 'FILE',
      help: 'this file instead: an older trace there is overwritten, as by the Go tool; refused with --journal, where events name it',
    },
    ...PRIVATE_KEY_FLAGS,
    { name: 'key-mode', value: 'MODE', help: 'dev: sign with a key made for this run and then forgotten' },
    ...TARGET_FLAGS,
    { name: 'actor', value: 'NAME', help: 'with --journal: who acted' },
    { name: 'intent-id', value: 'ID', help: 'with --journal: id of the intent' },
    { name: 'reason-codes', value: 'A,B', help: 'with --journal: why it was decided so' },
  ],
  examples: [
    `trace emit --tool fs.delete --verdict block --args-digest ${'a'.repeat(64)} --intent-digest ${'b'.repeat(64)} --policy-digest ${'c'.repeat(64)} --private-key ./keys/gait_private.key`,
    'trace emit --stdin --journal ./s1.jsonl --private-key ./keys/gait_private.key --json < decision.json',
  ],
  async run(invocation) {
    const { args, io, json, echo } = invocation;
    const record = await recordOf(invocation);
    const journal = hasJournal(args) ? await journalPath(args, echo) : undefined;
    const event = eventOf(args);
    if (journal === undefined && Object.keys(event).length > 0) {
      throw new GaitError('INVALID_ARGUMENT', '--actor, --intent-id and --reason-codes need --journal');
    }
    const { key, warnings } = await signingKey(args, io);
    const { emitTrace } = await import('../../src/index.js');
    const options: EmitTraceOptions = {
      key,
      env: io.env,
      ...textOption(args, 'trace-dir', 'dir'),
      ...textOption(args, 'trace-out', 'out'),
      ...(journal === undefined ? {} : { journal, event }),
    };
    const { path, trace, receipt } = await emitTrace(record, options);
    const { trace_id, event_id, tool_name: tool, verdict, correlation_id } = trace;
    return {
      json: { ok: true, path, trace_id, event_id, trace, ...(receipt === undefined ? {} : { receipt }) },
      text: [
        `trace emit: ${pairs({ trace_id, event_id, tool, verdict, correlation_id })}`,
        `trace: ${clean(path)}`,
        ...(receipt === undefined || json
          ? []
          : [`journal: ${clean(journal)} ${pairs({ sequence: receipt.sequence })}`]),
      ],
      warnings,
    };
  },
};

function hasJournal(args: Arguments): boolean {
  return ['journal', 'session', 'root'].some((flag) => args.text(flag) !== undefined);
}

function textOption<N extends string>(args: Arguments, flag: string, option: N): { readonly [K in N]?: string } {
  const value = args.text(flag);
  return (value === undefined ? {} : { [option]: value }) as { readonly [K in N]?: string };
}

/** The record's own correlation id comes before that of the run. */
async function recordOf({ args, io, givenCorrelationId }: Invocation): Promise<TraceInput> {
  const fields = args.has('stdin') ? await recordOnStdin(args, io) : recordOfFlags(args);
  const shared = givenCorrelationId === undefined ? {} : { correlation_id: givenCorrelationId };
  // What the fields hold is for the library to judge.
  return { ...shared, ...fields } as TraceInput;
}

function recordOfFlags(args: Arguments): Readonly<Record<string, unknown>> {
  const fields: Record<string, unknown> = {};
  for (const [flag, field] of Object.entries(TEXT_FIELDS)) {
    const value = args.text(flag);
    if (value !== undefined) fields[field] = value;
  }
  for (const flag of ['tool', 'verdict', 'args-digest', 'intent-digest', 'policy-digest']) {
    if (args.text(flag) !== undefined) continue;
    throw new GaitError('INVALID_ARGUMENT', `--${flag} is required`, {
      hint: 'or send the record as JSON with --stdin',
      details: { flag },
    });
  }
  const [violations, latency] = [args.text('violations'), args.text('latency-ms')];
  if (violations !== undefined) fields['violations'] = violations.split(',');
  if (latency !== undefined) fields['latency_ms'] = numberOf(latency);
  return fields;
}

function numberOf(text: string): number {
  if (/^\d+(\.\d+)?$/.test(text)) return Number(text);
  throw new GaitError('INVALID_ARGUMENT', '--latency-ms is a number from 0', { details: { flag: 'latency-ms' } });
}

async function recordOnStdin(args: Arguments, io: Io): Promise<Readonly<Record<string, unknown>>> {
  for (const { name: flag } of RECORD_FLAGS) {
    if (args.text(flag) === undefined) continue;
    throw new GaitError('INVALID_ARGUMENT', `--${flag} means nothing with --stdin`, { details: { flag } });
  }
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of io.stdin) {
    const bytes = Buffer.from(chunk as Uint8Array | string);
    size += bytes.length;
    if (size > MAX_RECORD_BYTES) {
      throw new GaitError('INVALID_TRACE', `the record is longer than ${MAX_RECORD_BYTES} bytes`);
    }
    chunks.push(bytes);
  }
  const { parseExactJson } = await import('../../src/index.js');
  const value = parseExactJson(Buffer.concat(chunks).toString('utf8'));
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return value as Readonly<Record<string, unknown>>;
  }
  throw new GaitError('INVALID_TRACE', 'the record on standard input is no JSON object');
}

function eventOf(args: Arguments): TraceEventInput {
  const reasons = args.text('reason-codes');
  return {
    ...textOption(args, 'actor', 'actor'),
    ...textOption(args, 'intent-id', 'intent_id'),
    ...(reasons === undefined ? {} : { reason_codes: reasons.split(',') }),
  };
}

async function signingKey(args: Arguments, io: Io): Promise<{ readonly key: KeyPair; readonly warnings: string[] }> {
  const { resolveSigningKey } = await import('../../src/index.js');
  const mode = args.text('key-mode') as KeyMode | undefined;
  const found = resolveSigningKey({ privateKey: keySources(args).privateKey, mode }, { env: io.env });
  if (found !== undefined) return { key: found.pair, warnings: found.warnings.map((warning) => `warning: ${warning}`) };
  throw new GaitError('INVALID_ARGUMENT', 'a trace is signed: --private-key or --private-key-env is required', {
    hint: 'make a key pair with gait keys init',
    details: { flag: 'private-key' },
  });
}
