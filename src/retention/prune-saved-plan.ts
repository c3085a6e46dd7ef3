/** A plan that was kept in a file: the output of a dry run. Pure. */
import { GaitError } from '../errors.js';
import { parseExactJson } from '../sign/index.js';
import { planDigest } from './plan-digest.js';
import type { PrunePlan } from './plan-types.js';

/**
 * @param text what `gait prune --dry-run --json` printed
 * @throws GaitError INVALID_ARGUMENT for anything else, also for a plan that is not the one its digest speaks of
 */
export function parsePlan(text: string): PrunePlan {
  const plan = objectOf(text) as Partial<PrunePlan>;
  if (plan.schema_id !== 'gait.prune.plan' || !Array.isArray(plan.items) || !Array.isArray(plan.holds)) {
    throw refused('it is no plan of a prune');
  }
  if (digestOf(plan as PrunePlan) === plan.plan_digest) return plan as PrunePlan;
  throw refused('it was changed after it was made: its digest is another one');
}

function digestOf(plan: PrunePlan): string | undefined {
  try {
    return planDigest(plan);
  } catch (error) {
    // Fields of other types than a plan has.
    if (error instanceof TypeError) return undefined;
    throw error;
  }
}

function objectOf(text: string): object {
  try {
    const value = parseExactJson(text.trim());
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  } catch (cause) {
    throw refused('it is no JSON', cause);
  }
  throw refused('it is no JSON object');
}

function refused(reason: string, cause?: unknown): GaitError {
  return new GaitError('INVALID_ARGUMENT', `the plan cannot be used: ${reason}`, {
    hint: 'give the digest, or the file that gait prune --dry-run --json was written to',
    details: { option: 'plan', reason },
    cause,
  });
}
