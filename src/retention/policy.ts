/** The policy in force: which profile, who says so, and all the profiles there are. */
import { GaitError } from '../errors.js';
import type { Environment } from '../journal/index.js';
import { loadRetentionConfig, type RetentionConfig } from './config.js';
import { NO_PROFILE } from './config-profiles.js';
import { writtenProfile } from './plan-report.js';
import type { PlannedProfile } from './plan-types.js';
import { BUILT_IN_PROFILES } from './profiles.js';
import type { RetentionPolicy, RetentionProfile } from './types.js';

/** Which policy a caller means. */
export interface PolicyChoice {
  /** Name of a profile, or `none`; without it the one that the configuration names, if any. */
  readonly profile?: string;
  /** The configuration file; `.gait/config.yaml` by default, which need not be there. */
  readonly config?: string;
}

/** A profile as it is listed. A report, so its fields have their wire names. */
export interface ListedProfile extends PlannedProfile {
  readonly source: 'built_in' | 'config';
  /** Of a profile of the configuration: where it begins. */
  readonly path?: string;
  readonly line?: number;
}

/** What is in force, and why. Schema: schemas/retention-policy.schema.json. */
export interface PolicyReport {
  /** Absent: no profile is in force, and nothing is ever pruned but from sessions that name one themselves. */
  readonly profile?: ListedProfile;
  /** Who chose: the caller, the configuration, or nobody. */
  readonly chosen_by: 'caller' | 'config' | 'nobody';
  /** The configuration that was read; absent when there is none. */
  readonly config_path?: string;
  /** Its line that chooses. */
  readonly config_line?: number;
  /** All there are, built in or configured, in the order of their names. */
  readonly profiles: readonly ListedProfile[];
}

/**
 * @throws GaitError INVALID_CONFIG naming key and line; INVALID_ARGUMENT for a profile that is not known; FILE_NOT_FOUND for a
 * configuration that is named and not there; INVALID_PATH, IO_ERROR
 */
export function resolvePolicy(choice: PolicyChoice, environment: Environment = {}): RetentionPolicy {
  const config = loadRetentionConfig(choice.config, environment);
  const profiles = allProfiles(config);
  if (choice.profile === undefined) return { profiles, defaultProfile: inForce(config?.choice?.name) };
  requireKnown(choice.profile, profiles);
  return { profiles, defaultProfile: inForce(choice.profile), isNamedByCaller: true };
}

/** As `resolvePolicy`, with where each part comes from. */
export function describePolicy(choice: PolicyChoice = {}, environment: Environment = {}): PolicyReport {
  const config = loadRetentionConfig(choice.config, environment);
  const profiles = allProfiles(config).map((profile) => listed(profile, config));
  if (choice.profile !== undefined) requireKnown(choice.profile, profiles);
  const name = inForce(choice.profile ?? config?.choice?.name);
  const profile = profiles.find((known) => known.name === name);
  const isOfConfig = choice.profile === undefined && config?.choice !== undefined;
  return {
    ...(profile === undefined ? {} : { profile }),
    chosen_by: choice.profile === undefined ? (isOfConfig ? 'config' : 'nobody') : 'caller',
    ...(config === undefined ? {} : { config_path: config.path }),
    ...(isOfConfig && config?.choice !== undefined ? { config_line: config.choice.line } : {}),
    profiles,
  };
}

/** Throws INVALID_ARGUMENT. */
export function requireKnown(name: string, profiles: readonly { readonly name: string }[]): void {
  const names = [NO_PROFILE, ...profiles.map((profile) => profile.name)];
  if (names.includes(name)) return;
  throw new GaitError('INVALID_ARGUMENT', `no profile is called ${JSON.stringify(name)}`, {
    hint: `known: ${names.join(', ')}; see gait retention profiles`,
    details: { option: 'profile', flag: 'profile' },
  });
}

/** A profile of the configuration stands for the built-in one of its name. */
export function allProfiles(config: RetentionConfig | undefined): RetentionProfile[] {
  const profiles = new Map<string, RetentionProfile>();
  for (const profile of [...BUILT_IN_PROFILES, ...(config?.profiles ?? [])]) {
    profiles.set(profile.name, { name: profile.name, rules: profile.rules });
  }
  return [...profiles.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

function listed(profile: RetentionProfile, config: RetentionConfig | undefined): ListedProfile {
  const configured = config?.profiles.find(({ name }) => name === profile.name);
  if (config === undefined || configured === undefined) return { ...writtenProfile(profile), source: 'built_in' };
  return { ...writtenProfile(profile), source: 'config', path: config.path, line: configured.line };
}

function inForce(name: string | undefined): string | undefined {
  return name === NO_PROFILE ? undefined : name;
}
