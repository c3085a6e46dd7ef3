/** Exit codes: the category of an error decides, never the text of its message. */
import type { ErrorCategory } from '../src/errors.js';
import type { Interrupt } from './io.js';

export const EXIT_OK = 0;

/** Exit code of each error category, as the Go tool has them. */
export const EXIT_CODES: Readonly<Record<ErrorCategory, number>> = {
  internal_failure: 1,
  io_failure: 1,
  state_contention: 1,
  verification_failed: 2,
  policy_blocked: 3,
  invalid_input: 6,
  dependency_missing: 7,
  unsafe_operation: 8,
};

/** 128 and the signal's number, as shells report it. */
export const INTERRUPT_CODES: Readonly<Record<Interrupt, number>> = { SIGINT: 130, SIGTERM: 143 };

/** What `gait help exit-codes` says. */
export const EXIT_CODE_MEANINGS: readonly (readonly [code: number, meaning: string])[] = [
  [EXIT_OK, 'done; for verify: the evidence is valid'],
  [EXIT_CODES.io_failure, 'disk or system failure, another writer holds the journal, or a defect of gait'],
  [EXIT_CODES.verification_failed, 'evidence is damaged, missing or changed; nothing was written'],
  [EXIT_CODES.policy_blocked, 'a hold or a retention rule keeps what was to be removed; nothing was written'],
  [EXIT_CODES.invalid_input, 'wrong flag, argument, event or path; nothing was written'],
  [EXIT_CODES.dependency_missing, 'something gait needs is not installed'],
  [EXIT_CODES.unsafe_operation, 'the plan is out of date, or the clock was set back; nothing was removed'],
  [INTERRUPT_CODES.SIGINT, 'stopped by Ctrl-C; what was acknowledged is kept'],
  [INTERRUPT_CODES.SIGTERM, 'stopped by SIGTERM; what was acknowledged is kept'],
];
