/** The profiles that come with gait, and what every profile takes for granted. */
import type { RetentionKind, RetentionProfile, RetentionRule } from './types.js';

const HOUR_MS = 3_600_000;
const YEAR_MS = 365 * 24 * HOUR_MS;

/** Everything a rule can be about, in the order in which people read it. */
export const RETENTION_KINDS: readonly RetentionKind[] = ['session', 'trace', 'pack', 'export', 'payload'];

/** A session that ended less than three days ago may still be asked for by those who were there. */
const DEFAULT_SESSION_MIN_AGE_MS = 72 * HOUR_MS;

/** Made for duties of law: nothing that is built on it may keep anything for a shorter time. */
export const REGULATED = 'regulated';

type Rules = RetentionProfile['rules'];

/**
 * The rules with what they leave to the defaults: packs go by the rule of what they were made of, and sessions get a grace
 * time.
 */
export function completeRules(rules: Rules): Rules {
  const { session, trace, pack = rules.export, export: runpacks, payload } = rules;
  return {
    ...(session === undefined ? {} : { session: { minAgeMs: DEFAULT_SESSION_MIN_AGE_MS, ...session } }),
    ...(trace === undefined ? {} : { trace }),
    ...(pack === undefined ? {} : { pack }),
    ...(runpacks === undefined ? {} : { export: runpacks }),
    ...(payload === undefined ? {} : { payload }),
  };
}

const aged = (maxAgeMs: number): RetentionRule => ({ maxAgeMs });

/** Built in, with their rules before {@link completeRules}, so that a profile that extends one gets the same defaults. */
export const BUILT_IN_RULES: Readonly<Record<string, Rules>> = {
  short: { session: aged(72 * HOUR_MS), trace: aged(24 * HOUR_MS), export: aged(24 * HOUR_MS) },
  medium: { session: aged(336 * HOUR_MS), trace: aged(168 * HOUR_MS), export: aged(168 * HOUR_MS) },
  long: { session: aged(1_440 * HOUR_MS), trace: aged(720 * HOUR_MS), export: aged(720 * HOUR_MS) },
  [REGULATED]: {
    session: aged(7 * YEAR_MS),
    trace: aged(7 * YEAR_MS),
    export: aged(7 * YEAR_MS),
    payload: aged(7 * YEAR_MS),
  },
};

export const BUILT_IN_PROFILES: readonly RetentionProfile[] = Object.entries(BUILT_IN_RULES).map(([name, rules]) => ({
  name,
  rules: completeRules(rules),
}));
