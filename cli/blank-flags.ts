/** Which flags may be given a blank value. Pure. */
import { GaitError } from '../src/errors.js';
import type { Arguments, Flag } from './flags.js';

/**
 * Flags that only describe what happened. Hooks pass them from variables that need not be set: blank means absent, as to the
 * Go tool.
 */
const MAY_BE_BLANK: ReadonlySet<string> = new Set([
  'tool',
  'verdict',
  'actor',
  'intent-id',
  'trace-id',
  'trace-path',
  'intent-digest',
  'policy-digest',
  'args-digest',
  'context-set-digest',
  'approval-token-ref',
  'latency-ms',
  'reason-codes',
  'violations',
  'attributes',
  'created-at',
  'payload-type',
  'correlation-id',
]);

/**
 * Refuses a blank value where it would not do nothing: a key, a note or a root from a variable that is not set must not
 * become a check that is left out, or another folder.
 *
 * @throws GaitError INVALID_ARGUMENT with `details.flag`
 */
export function refuseBlank(args: Arguments, flags: readonly Flag[]): void {
  const blank = flags.find(({ name }) => args.isBlank(name) && !MAY_BE_BLANK.has(name));
  if (blank === undefined) return;
  throw new GaitError('INVALID_ARGUMENT', `--${blank.name} is empty`, {
    hint: 'is a variable not set? for the default, leave the flag away',
    details: { flag: blank.name },
  });
}
