/** Which policy a caller means. */
import type { Environment } from '../journal/index.js';
import { BUILT_IN_PROFILES } from './profiles.js';
import type { RetentionPolicy } from './types.js';

export interface PolicyChoice {
  /** Name of a profile; without it the one that the configuration names, if any. */
  readonly profile?: string;
  /** The configuration file; `.gait/config.yaml` by default, which need not be there. */
  readonly config?: string;
}

export function policyOf({ profile }: PolicyChoice, _environment: Environment): RetentionPolicy {
  return {
    profiles: BUILT_IN_PROFILES,
    defaultProfile: profile,
    ...(profile === undefined ? {} : { isNamedByCaller: true }),
  };
}
