/**
 * The schemas and the TypeScript types say the same. The tables below are held to the types by the compiler: a field too
 * many, too few, of another type or optional where the type is not, does not compile. The tests hold them to the schemas.
 */
import { ERROR_CODES, type ErrorCategory } from '../../src/errors.js';
import {
  VERDICTS,
  type CompactionResult,
  type CompactionSegment,
  type Durability,
  type EventInput,
  type JournalLine,
  type Problem,
  type ProblemKind,
  type Receipt,
  type SessionCheckpoint,
  type SessionEvent,
  type SessionHeader,
  type SessionStatus,
  type SignatureBlock,
  type VerifyCoverage,
  type VerifyReport,
} from '../../src/index.js';
import { allOf, testFields, testWords, type Fields } from './type-tables.js';

const EVENT_INPUT = {
  tool_name: 'string',
  verdict: 'string',
  created_at: 'string?',
  intent_id: 'string?',
  intent_digest: 'string?',
  policy_digest: 'string?',
  policy_id: 'string?',
  policy_version: 'string?',
  matched_rule_ids: 'array?',
  trace_id: 'string?',
  trace_path: 'string?',
  reason_codes: 'array?',
  violations: 'array?',
  relationship: 'object?',
  safety_invariant_version: 'string?',
  safety_invariant_hash: 'string?',
  correlation_id: 'string?',
  actor: 'string?',
  attributes: 'object?',
  idempotency_key: 'string?',
} as const satisfies Fields<EventInput>;

const IDENTITY = {
  schema_id: 'string',
  schema_version: 'string',
  created_at: 'string',
  producer_version: 'string',
  session_id: 'string',
  run_id: 'string',
} as const;

const EVENT = {
  ...EVENT_INPUT,
  ...IDENTITY,
  sequence: 'integer',
  payload: 'object?',
} as const satisfies Fields<SessionEvent>;

const PAYLOAD = { sha256: 'string', size: 'integer', media_type: 'string' } as const satisfies Fields<
  NonNullable<SessionEvent['payload']>
>;

const HEADER = {
  ...IDENTITY,
  started_at: 'string',
  events: 'array|null',
  origin: 'string?',
  log: 'string?',
  retention_profile: 'string?',
} as const satisfies Fields<SessionHeader>;

const CHECKPOINT = {
  ...IDENTITY,
  checkpoint_index: 'integer',
  sequence_start: 'integer',
  sequence_end: 'integer',
  runpack_path: 'string',
  manifest_digest: 'string',
  prev_checkpoint_digest: 'string?',
  checkpoint_digest: 'string',
  tree_size: 'integer?',
  root_hash: 'string?',
  head: 'string?',
  signature: 'object?',
} as const satisfies Fields<SessionCheckpoint>;

const SIGNATURE = {
  alg: 'string',
  key_id: 'string',
  sig: 'string',
  signed_digest: 'string',
} as const satisfies Fields<SignatureBlock>;

const RECEIPT = {
  session_id: 'string',
  sequence: 'integer',
  leaf_index: 'integer',
  leaf_hash: 'string',
  durability: 'string',
} as const satisfies Fields<Receipt>;

const STATUS = {
  session_id: 'string',
  run_id: 'string',
  created_at: 'string',
  started_at: 'string',
  closed: 'boolean',
  event_count: 'integer',
  archived_events: 'integer',
  checkpoint_count: 'integer',
  last_sequence: 'integer',
  last_checkpoint_sequence: 'integer',
  tree_size: 'integer',
  root_hash: 'string',
  head: 'string',
  unlinked_lines: 'integer',
  journal_size_bytes: 'integer',
  unterminated_bytes: 'integer',
} as const satisfies Fields<SessionStatus>;

const REPORT = {
  ok: 'boolean',
  path: 'string',
  kind: 'string',
  session_id: 'string?',
  run_id: 'string?',
  verdict: 'string',
  retention: 'string',
  signature_status: 'string',
  signed_by: 'array',
  coverage: 'object',
  problems: 'array',
  problem_count: 'integer',
  warnings: 'array',
  warning_count: 'integer',
} as const satisfies Fields<VerifyReport>;

const COVERAGE = {
  lines: 'integer',
  events: 'integer',
  checkpoints: 'integer',
  first_sequence: 'integer',
  last_sequence: 'integer',
  tree_size: 'integer',
  root_hash: 'string',
  head: 'string',
  unlinked_lines: 'integer',
  uncheckpointed_events: 'integer',
  signed_to_sequence: 'integer',
  unsigned_events: 'integer',
  unterminated_bytes: 'integer',
  closed: 'boolean',
  segments: 'integer',
  pruned_to_sequence: 'integer',
  erased_payloads: 'integer',
} as const satisfies Fields<VerifyCoverage>;

const PROBLEM = {
  kind: 'string',
  line: 'integer',
  byte_offset: 'integer',
  segment: 'string?',
  sequence: 'integer?',
  expected: 'string?',
  found: 'string?',
  meaning: 'string',
} as const satisfies Fields<Problem>;

const COMPACTION = {
  journal_path: 'string',
  output_path: 'string',
  dry_run: 'boolean',
  compacted: 'boolean',
  events_before: 'integer',
  events_after: 'integer',
  checkpoints: 'integer',
  last_checkpoint_sequence: 'integer',
  bytes_before: 'integer',
  bytes_after: 'integer',
  segment: 'object?',
} as const satisfies Fields<CompactionResult>;

const COMPACTION_SEGMENT = {
  name: 'string',
  leaf_start: 'integer',
  leaf_end: 'integer',
  first_sequence: 'integer',
  last_sequence: 'integer',
  raw_bytes: 'integer',
  gzip_bytes: 'integer',
  content_sha256: 'string',
  root_hash: 'string',
} as const satisfies Fields<CompactionSegment>;

testFields([
  ['compaction-result', '', COMPACTION],
  ['compaction-result', '/$defs/segment', COMPACTION_SEGMENT],
  ['event-input', '', EVENT_INPUT],
  ['event', '', EVENT],
  ['event', '/$defs/payload', PAYLOAD],
  ['journal-line', '/$defs/header', HEADER],
  ['journal-line', '/$defs/checkpoint', CHECKPOINT],
  ['journal-line', '/$defs/signature', SIGNATURE],
  ['receipt', '', RECEIPT],
  ['status', '', STATUS],
  ['verify-report', '', REPORT],
  ['verify-report', '/$defs/coverage', COVERAGE],
  ['verify-report', '/$defs/problem', PROBLEM],
]);

const DURABILITIES = allOf<Durability>({ durable: true, buffered: true });
const RECORD_TYPES = allOf<JournalLine['recordType']>({ header: true, event: true, checkpoint: true });
const CATEGORIES = allOf<ErrorCategory>({
  invalid_input: true,
  verification_failed: true,
  policy_blocked: true,
  unsafe_operation: true,
  dependency_missing: true,
  io_failure: true,
  state_contention: true,
  internal_failure: true,
});
const PROBLEM_KINDS = allOf<ProblemKind>({
  bad_json: true,
  bad_record: true,
  line_too_long: true,
  missing_header: true,
  duplicate_header: true,
  identity_mismatch: true,
  sequence_mismatch: true,
  event_after_close: true,
  checkpoint_mismatch: true,
  prev_mismatch: true,
  unlinked_line: true,
  unterminated_line: true,
  empty_journal: true,
  truncated: true,
  anchor_mismatch: true,
  signature_invalid: true,
  signature_missing: true,
  unknown_key: true,
  unsigned_tail: true,
  proof_invalid: true,
  payload_missing: true,
  payload_altered: true,
  payload_orphaned: true,
  segment_missing: true,
  segment_damaged: true,
  segment_mismatch: true,
  lines_pruned: true,
  payload_erased: true,
});
const SIGNATURE_STATUSES = allOf<VerifyReport['signature_status']>({
  verified: true,
  missing: true,
  skipped: true,
  failed: true,
});

testWords([
  ['event', '/properties/verdict', VERDICTS],
  ['receipt', '/properties/durability', DURABILITIES],
  ['journal-line', '/properties/record_type', RECORD_TYPES],
  ['verify-report', '/$defs/problem/properties/kind', PROBLEM_KINDS],
  ['verify-report', '/properties/signature_status', SIGNATURE_STATUSES],
  ['error-envelope', '/properties/error_code', Object.keys(ERROR_CODES)],
  ['error-envelope', '/properties/error_category', CATEGORIES],
]);
