/** The flags of one event, and the event they make. What its fields hold is for the journal to judge. */
import { GaitError } from '../src/errors.js';
import type { EventInput } from '../src/index.js';
import type { Arguments, Flag } from './flags.js';

/** Flags whose text goes into one field as it is. */
const TEXT_FIELDS = {
  'intent-id': 'intent_id',
  'trace-id': 'trace_id',
  'trace-path': 'trace_path',
  'intent-digest': 'intent_digest',
  'policy-digest': 'policy_digest',
  'idempotency-key': 'idempotency_key',
  'created-at': 'created_at',
} as const satisfies Readonly<Record<string, keyof EventInput>>;

/** Flags whose comma-separated words go into one field. */
const LIST_FIELDS = {
  'reason-codes': 'reason_codes',
  violations: 'violations',
} as const satisfies Readonly<Record<string, keyof EventInput>>;

/** The largest file that `--attributes @FILE` reads. */
const MAX_ATTRIBUTES_BYTES = 8_388_607;

/** Flags that describe one event, and so cannot go with `--stdin`. */
export const EVENT_FLAGS: readonly Flag[] = [
  { name: 'tool', value: 'NAME', help: 'the tool that was called' },
  { name: 'verdict', value: 'V', help: 'what was decided: allow, block, dry_run or require_approval' },
  { name: 'intent-id', value: 'ID', help: 'id of the intent' },
  { name: 'trace-id', value: 'ID', help: 'id of the trace record' },
  { name: 'trace-path', value: 'PATH', help: 'where the trace record is' },
  { name: 'intent-digest', value: 'HEX', help: 'SHA-256 of the intent' },
  { name: 'policy-digest', value: 'HEX', help: 'SHA-256 of the policy' },
  { name: 'reason-codes', value: 'A,B', help: 'why it was decided so' },
  { name: 'violations', value: 'A,B', help: 'rules that were broken' },
  { name: 'attributes', value: 'JSON', help: 'any JSON object to keep with the event, or @FILE that holds it' },
  { name: 'idempotency-key', value: 'KEY', help: 'the same key again writes nothing and returns the first receipt' },
  { name: 'created-at', value: 'TIME', help: 'RFC 3339 time of the event (default now)' },
];

/**
 * @throws GaitError INVALID_ARGUMENT for a missing flag or a file that cannot be used, INVALID_JSON for attributes that
 * are not exact JSON
 */
export async function eventOf(args: Arguments): Promise<EventInput> {
  const [tool, verdict] = [args.text('tool'), args.text('verdict')];
  if (tool === undefined || verdict === undefined) {
    throw new GaitError('INVALID_ARGUMENT', '--journal, --tool, and --verdict are required', {
      hint: 'or send events as NDJSON with --stdin',
      details: { flag: tool === undefined ? 'tool' : 'verdict' },
    });
  }
  const fields: Record<string, unknown> = { tool_name: tool, verdict };
  for (const [flag, field] of Object.entries(TEXT_FIELDS)) {
    const value = args.text(flag);
    if (value !== undefined) fields[field] = value;
  }
  for (const [flag, field] of Object.entries(LIST_FIELDS)) {
    const value = args.text(flag);
    if (value !== undefined) fields[field] = value.split(',');
  }
  const attributes = args.text('attributes');
  if (attributes !== undefined) fields['attributes'] = await attributesOf(attributes);
  return fields as unknown as EventInput;
}

async function attributesOf(text: string): Promise<unknown> {
  const { parseExactJson } = await import('../src/index.js');
  if (!text.startsWith('@')) return parseExactJson(text);
  const { readArgumentFile } = await import('./files.js');
  return parseExactJson(await readArgumentFile(text.slice(1), MAX_ATTRIBUTES_BYTES));
}
