/** The schemas of reports and results say the same as their TypeScript types: see type-tables.ts. */
import type {
  ChainProblem,
  ChainProblemKind,
  ChainReport,
  CheckpointResult,
  EvidenceVerdict,
  HashMismatch,
  ProofReport,
  RunpackProblem,
  RunpackProblemKind,
  RunpackReport,
  SignatureStatus,
  TraceProblem,
  TraceProblemKind,
  TraceReport,
} from '../../src/index.js';
import { allOf, testFields, testWords, type Fields } from './type-tables.js';

const FINDINGS = {
  problems: 'array',
  problem_count: 'integer',
  warnings: 'array',
  warning_count: 'integer',
} as const;

const COMMON = {
  ok: 'boolean',
  path: 'string',
  kind: 'string',
  verdict: 'string',
  signature_status: 'string',
  signed_by: 'array',
  ...FINDINGS,
} as const;

const RUNPACK = {
  ...COMMON,
  run_id: 'string',
  manifest_digest: 'string',
  files_checked: 'integer',
  missing_files: 'array',
  hash_mismatches: 'array',
  signature_note: 'string',
  signature_errors: 'array',
  signatures_total: 'integer',
  signatures_valid: 'integer',
} as const satisfies Fields<RunpackReport>;

const MISMATCH = { path: 'string', expected: 'string', actual: 'string' } as const satisfies Fields<HashMismatch>;

const FINDING = { expected: 'string?', found: 'string?', meaning: 'string', kind: 'string' } as const;

const RUNPACK_PROBLEM = {
  ...FINDING,
  entry: 'string?',
  line: 'integer?',
} as const satisfies Fields<RunpackProblem>;

const CHAIN = {
  ...COMMON,
  chain_path: 'string',
  session_id: 'string',
  run_id: 'string',
  checkpoints_checked: 'integer',
  runpacks_checked: 'integer',
  signed_to_sequence: 'integer',
  linkage_errors: 'array',
  checkpoint_errors: 'array',
} as const satisfies Fields<ChainReport>;

const CHAIN_PROBLEM = {
  ...RUNPACK_PROBLEM,
  checkpoint_index: 'integer?',
  runpack: 'string?',
} as const satisfies Fields<ChainProblem>;

const PROOF = {
  ...COMMON,
  origin: 'string',
  tree_size: 'integer',
  root_hash: 'string',
  leaf_index: 'integer?',
  leaf_hash: 'string?',
  event: 'object?',
  first_size: 'integer?',
  first_root: 'string?',
} as const satisfies Fields<ProofReport>;

const TRACE = {
  ...COMMON,
  decision: 'string?',
  key_id: 'string?',
  trace_id: 'string?',
  event_id: 'string?',
  correlation_id: 'string?',
  tool_name: 'string?',
  created_at: 'string?',
  observed_at: 'string?',
  error: 'string?',
} as const satisfies Fields<TraceReport>;

const TRACE_PROBLEM = { ...FINDING, field: 'string?' } as const satisfies Fields<TraceProblem>;

const CHECKPOINT_RESULT = {
  checkpoint: 'object',
  note: 'string?',
  leaf_index: 'integer',
  leaf_hash: 'string',
  chain_path: 'string?',
} as const satisfies Fields<CheckpointResult>;

testFields([
  ['runpack-report', '', RUNPACK],
  ['runpack-report', '/$defs/mismatch', MISMATCH],
  ['runpack-report', '/$defs/problem', RUNPACK_PROBLEM],
  ['chain-report', '', CHAIN],
  ['chain-report', '/$defs/problem', CHAIN_PROBLEM],
  ['proof-report', '', PROOF],
  ['trace-report', '', TRACE],
  ['trace-report', '/$defs/problem', TRACE_PROBLEM],
  ['checkpoint-result', '', CHECKPOINT_RESULT],
]);

const RUNPACK_KINDS: Readonly<Record<RunpackProblemKind, true>> = {
  bad_directory: true,
  too_many_entries: true,
  too_much_content: true,
  duplicate_entry: true,
  undeclared_entry: true,
  unsafe_name: true,
  not_a_file: true,
  encrypted_entry: true,
  unsupported_method: true,
  header_mismatch: true,
  overlapping_entries: true,
  hidden_data: true,
  entry_too_large: true,
  size_mismatch: true,
  crc_mismatch: true,
  unreadable_entry: true,
  bad_manifest: true,
  missing_file: true,
  hash_mismatch: true,
  bad_json: true,
  bad_record: true,
  line_too_long: true,
  identity_mismatch: true,
  payload_mismatch: true,
  sequence_mismatch: true,
  count_mismatch: true,
  binding_mismatch: true,
  signature: true,
  unknown_key: true,
  not_comparable: true,
};
const CHAIN_KINDS = allOf<ChainProblemKind>({
  ...RUNPACK_KINDS,
  linkage: true,
  runpack_unreadable: true,
  journal_mismatch: true,
});
const TRACE_KINDS = allOf<TraceProblemKind>({
  bad_json: true,
  bad_field: true,
  signature_missing: true,
  signature_invalid: true,
  unknown_key: true,
  unsigned_keys: true,
  id_mismatch: true,
  respelled: true,
  key_unnamed: true,
  signature_unchecked: true,
});
const VERDICTS = allOf<EvidenceVerdict>({ valid: true, unsigned: true, unchecked: true, invalid: true });
const STATUSES = allOf<SignatureStatus>({ verified: true, missing: true, skipped: true, failed: true });
const PROOF_KINDS = allOf<ProofReport['kind']>({ note: true, inclusion_proof: true, consistency_proof: true });

testWords([
  ['runpack-report', '/$defs/problem/properties/kind', allOf(RUNPACK_KINDS)],
  ['runpack-report', '/properties/verdict', VERDICTS],
  ['runpack-report', '/properties/signature_status', STATUSES],
  ['chain-report', '/$defs/problem/properties/kind', CHAIN_KINDS],
  ['chain-report', '/properties/verdict', VERDICTS],
  ['chain-report', '/properties/signature_status', STATUSES],
  ['proof-report', '/properties/kind', PROOF_KINDS],
  [
    'proof-report',
    '/properties/verdict',
    allOf<ProofReport['verdict']>({ valid: true, unchecked: true, invalid: true }),
  ],
  ['proof-report', '/properties/signature_status', STATUSES],
  ['trace-report', '/$defs/problem/properties/kind', TRACE_KINDS],
  [
    'trace-report',
    '/properties/verdict',
    allOf<TraceReport['verdict']>({ valid: true, unchecked: true, invalid: true }),
  ],
  [
    'trace-report',
    '/properties/signature_status',
    allOf<TraceReport['signature_status']>({ verified: true, skipped: true, failed: true }),
  ],
]);
