/**
 * The one error class of the project, and the closed set of its codes.
 *
 * The code says what happened, the category decides the exit code (never the text of the message), and every code has
 * a heading in docs/errors.md; a test holds the two sets equal.
 */

/** Broad kind of a failure, as the Go tool names them. Decides the exit code of the CLI. */
export type ErrorCategory =
  | 'invalid_input'
  | 'verification_failed'
  | 'policy_blocked'
  | 'unsafe_operation'
  | 'dependency_missing'
  | 'io_failure'
  | 'state_contention'
  | 'internal_failure';

/** The code of a {@link GaitError}: stable, documented in docs/errors.md. */
export type ErrorCode =
  | 'INVALID_ARGUMENT'
  | 'INVALID_PATH'
  | 'INVALID_JSON'
  | 'INVALID_EVENT'
  | 'LINE_TOO_LONG'
  | 'SESSION_MISMATCH'
  | 'JOURNAL_NOT_FOUND'
  | 'FILE_NOT_FOUND'
  | 'JOURNAL_EMPTY'
  | 'SESSION_CLOSED'
  | 'NOTHING_TO_SEAL'
  | 'NOT_SEALED'
  | 'INVALID_KEY'
  | 'KEY_EXISTS'
  | 'KEY_PERMISSIONS'
  | 'INVALID_NOTE'
  | 'IDEMPOTENCY_CONFLICT'
  | 'PAYLOAD_NOT_FOUND'
  | 'OUTPUT_EXISTS'
  | 'RUNPACK_TOO_LARGE'
  | 'INVALID_RUNPACK'
  | 'INVALID_CHAIN'
  | 'CHAIN_CONFLICT'
  | 'INVALID_TRACE'
  | 'INVALID_CONFIG'
  | 'HANDLE_CLOSED'
  | 'JOURNAL_CORRUPT'
  | 'JOURNAL_TRUNCATED'
  | 'PAYLOAD_ALTERED'
  | 'SEGMENT_MISSING'
  | 'SEGMENT_DAMAGED'
  | 'SIGNATURE_INVALID'
  | 'PROOF_INVALID'
  | 'POLICY_BLOCKED'
  | 'PLAN_STALE'
  | 'CLOCK_SET_BACK'
  | 'SEQUENCE_CONFLICT'
  | 'LOCK_TIMEOUT'
  | 'FENCED'
  | 'DISK_FULL'
  | 'IO_ERROR'
  | 'SYNC_FAILED'
  | 'HANDLE_POISONED'
  | 'INTERNAL';

interface CodeFacts {
  readonly category: ErrorCategory;
  /** True when the same call may succeed later without anything being changed by the caller. */
  readonly retryable: boolean;
  /** What to do, when the place that throws has nothing more precise to say. */
  readonly hint: string;
}

const facts = (category: ErrorCategory, retryable: boolean, hint: string): CodeFacts => ({
  category,
  retryable,
  hint,
});

/** Every code that a {@link GaitError} can carry. */
export const ERROR_CODES: Readonly<Record<ErrorCode, CodeFacts>> = {
  INVALID_ARGUMENT: facts('invalid_input', false, 'check the option or flag named in the message'),
  INVALID_PATH: facts('invalid_input', false, 'give a file path without ".." segments'),
  INVALID_JSON: facts(
    'invalid_input',
    false,
    'send one JSON value whose parse loses nothing; put large numbers in strings',
  ),
  INVALID_EVENT: facts('invalid_input', false, 'check the event field named in the message'),
  LINE_TOO_LONG: facts('invalid_input', false, 'shorten the event; a line holds at most 65535 bytes'),
  SESSION_MISMATCH: facts('invalid_input', false, 'use another journal path, or the ids the journal was started with'),
  FILE_NOT_FOUND: facts('invalid_input', false, 'check the path named in the message'),
  JOURNAL_NOT_FOUND: facts('invalid_input', false, 'start the session first: gait run session start'),
  JOURNAL_EMPTY: facts('invalid_input', false, 'initialise the journal: gait run session start'),
  SESSION_CLOSED: facts('invalid_input', false, 'start a new session; a closed one takes no more events'),
  NOT_SEALED: facts('invalid_input', false, 'seal the session with a key first: gait run session checkpoint'),
  NOTHING_TO_SEAL: facts('invalid_input', false, 'append an event first; all of them are sealed'),
  INVALID_KEY: facts('invalid_input', false, 'give a key that gait keys init wrote, or a C2SP vkey of an Ed25519 key'),
  KEY_EXISTS: facts('invalid_input', false, 'choose another prefix or folder, or rotate: gait keys rotate'),
  KEY_PERMISSIONS: facts('invalid_input', false, 'make the key readable by its owner alone: chmod 600'),
  INVALID_NOTE: facts('invalid_input', false, 'give a signed note or proof exactly as it was written, byte for byte'),
  IDEMPOTENCY_CONFLICT: facts('invalid_input', false, 'use a new idempotency key for a different event'),
  PAYLOAD_NOT_FOUND: facts('invalid_input', false, 'it was erased or lost: gait verify says which'),
  OUTPUT_EXISTS: facts('invalid_input', false, 'choose a path at which nothing is yet; evidence is never overwritten'),
  RUNPACK_TOO_LARGE: facts(
    'invalid_input',
    false,
    'checkpoint more often, or without payloads; no reader takes a file of a runpack over 100 MiB',
  ),
  INVALID_RUNPACK: facts('invalid_input', false, 'give the zip file that a checkpoint wrote'),
  INVALID_CHAIN: facts('invalid_input', false, 'give the _chain.json file that a checkpoint wrote'),
  CHAIN_CONFLICT: facts(
    'invalid_input',
    false,
    'two journals share the name of this chain file: move one of them, or give --chain-out another path',
  ),
  INVALID_TRACE: facts('invalid_input', false, 'give the JSON file of one trace'),
  INVALID_CONFIG: facts('invalid_input', false, 'correct the key on the line named in the message'),
  HANDLE_CLOSED: facts('invalid_input', false, 'open the journal again'),
  JOURNAL_CORRUPT: facts('verification_failed', false, 'run gait verify on the journal; nothing was changed'),
  JOURNAL_TRUNCATED: facts(
    'verification_failed',
    false,
    'evidence is missing: run gait verify and compare with a copy',
  ),
  PAYLOAD_ALTERED: facts(
    'verification_failed',
    false,
    'distrust the content: it is not what the event was recorded with',
  ),
  SEGMENT_MISSING: facts(
    'verification_failed',
    false,
    'lines that compaction moved out are gone: gait verify says which, and whether they were pruned',
  ),
  SEGMENT_DAMAGED: facts(
    'verification_failed',
    false,
    'lines that compaction moved out cannot be read: run gait verify, and restore the segment from a copy',
  ),
  SIGNATURE_INVALID: facts(
    'verification_failed',
    false,
    'the text is not what a known key signed: check the key you trust, then distrust the file',
  ),
  PROOF_INVALID: facts('verification_failed', false, 'the event is not the one the proof was made for, or was changed'),
  POLICY_BLOCKED: facts(
    'policy_blocked',
    false,
    'a hold or a floor of the policy keeps it: release the hold, if you may, or leave it',
  ),
  PLAN_STALE: facts(
    'unsafe_operation',
    false,
    'nothing was removed: look at the new plan with gait prune --dry-run, then execute that one',
  ),
  CLOCK_SET_BACK: facts(
    'unsafe_operation',
    false,
    'nothing was removed: set the clock right; ages cannot be judged by one that runs behind the ledger',
  ),
  SEQUENCE_CONFLICT: facts('state_contention', false, 'read the session again and decide anew'),
  LOCK_TIMEOUT: facts('state_contention', true, 'another writer holds the journal; retry, or raise the lock timeout'),
  FENCED: facts('state_contention', true, 'another writer took over; nothing was acknowledged, open the journal again'),
  DISK_FULL: facts('io_failure', false, 'free disk space, then retry; nothing was acknowledged'),
  IO_ERROR: facts('io_failure', false, 'check the file, its permissions and the disk named in the details'),
  SYNC_FAILED: facts(
    'io_failure',
    false,
    'the disk did not confirm the write; check the disk, then open the journal again',
  ),
  HANDLE_POISONED: facts(
    'io_failure',
    false,
    'an earlier write failed; open the journal again, it re-reads what is on disk',
  ),
  INTERNAL: facts('internal_failure', false, 'this is a defect of gait; please report it with the details'),
};

/** What a {@link GaitError} may carry beside its message. */
export interface GaitErrorOptions {
  /** What to do about it; defaults to the code's own hint. */
  readonly hint?: string;
  /** Machine-readable facts: paths, line numbers, byte offsets, expected and found values. */
  readonly details?: Readonly<Record<string, unknown>>;
  readonly cause?: unknown;
}

/** Every failure that gait reports. Test `code`, never the message. */
export class GaitError extends Error {
  override readonly name = 'GaitError';
  readonly code: ErrorCode;
  readonly category: ErrorCategory;
  readonly retryable: boolean;
  readonly hint: string;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(code: ErrorCode, message: string, options: GaitErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    const known = ERROR_CODES[code];
    this.code = code;
    this.category = known.category;
    this.retryable = known.retryable;
    this.hint = options.hint ?? known.hint;
    this.details = options.details ?? {};
  }
}

/** True for an error made by gait; also across two copies of the package in one process. */
export function isGaitError(value: unknown): value is GaitError {
  return value instanceof Error && value.name === 'GaitError' && 'code' in value && String(value.code) in ERROR_CODES;
}
