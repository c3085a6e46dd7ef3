/** The `retention` section of the configuration file. */
import { GaitError, isGaitError } from '../errors.js';
import { readTextFile, type Environment } from '../journal/index.js';
import { NO_PROFILE, readProfiles, type ConfigProfile } from './config-profiles.js';
import { readDuration, unknownKey } from './config-rules.js';
import { ConfigDocument, type ConfigEntry } from './config-yaml.js';
import { BUILT_IN_PROFILES, completeRules } from './profiles.js';
import type { RetentionKind, RetentionRule } from './types.js';

/** Where the configuration is unless the caller says otherwise; it need not be there then. */
export const DEFAULT_CONFIG_PATH = '.gait/config.yaml';

/** Sections of the same file that belong to the Go tool. They are not read. */
const FOREIGN_SECTIONS: readonly string[] = ['gate', 'mcp_serve'];

/** The Go tool's keys for limits, and the kinds they are about. Together they make the profile {@link TTL_PROFILE}. */
const TTL_KEYS: ReadonlyMap<string, RetentionKind> = new Map([
  ['trace_ttl', 'trace'],
  ['session_ttl', 'session'],
  ['export_ttl', 'export'],
]);
const TTL_PROFILE = 'config';

export interface RetentionConfig {
  readonly path: string;
  readonly profiles: readonly ConfigProfile[];
  /** What is in force where nobody names a profile, `none` included, and the line that says so. */
  readonly choice: ProfileChoice | undefined;
}

export interface ProfileChoice {
  readonly name: string;
  readonly line: number;
  /** No `profile` says so; the Go tool's limits are there, which are meant to hold. */
  readonly isImplied: boolean;
}

/**
 * Reads the configuration.
 *
 * @param given where it is; without it {@link DEFAULT_CONFIG_PATH}, and undefined when nothing is there
 * @throws GaitError INVALID_CONFIG naming key and line; FILE_NOT_FOUND for a given path; INVALID_PATH, IO_ERROR
 */
export function loadRetentionConfig(given: string | undefined, environment: Environment): RetentionConfig | undefined {
  const path = given ?? DEFAULT_CONFIG_PATH;
  const text = readConfigText(path, environment);
  if (text !== undefined) return parseRetentionConfig(text, path);
  if (given === undefined) return undefined;
  throw new GaitError('FILE_NOT_FOUND', `there is no configuration at ${path}`, { details: { path } });
}

/** The text of a configuration, undefined when there is none. @throws GaitError INVALID_CONFIG, INVALID_PATH, IO_ERROR */
export function readConfigText(path: string, environment: Environment): string | undefined {
  try {
    return readTextFile(path, environment);
  } catch (error) {
    if (!isGaitError(error)) throw error;
    if (error.code === 'FILE_NOT_FOUND') return undefined;
    if (error.code !== 'INVALID_ARGUMENT') throw error;
    // Too long, or no UTF-8: that is about the file, not about an argument.
    throw ConfigDocument.refuse(path, error.message, error);
  }
}

/** Pure. @throws GaitError INVALID_CONFIG naming key and line */
export function parseRetentionConfig(text: string, path: string): RetentionConfig {
  const config = new ConfigDocument(text, path);
  const sections = config.top();
  for (const entry of sections) {
    const known = ['retention', ...FOREIGN_SECTIONS];
    if (!known.includes(entry.key)) throw unknownKey(config, entry, known);
  }
  const retention = sections.find(({ key }) => key === 'retention');
  return { path, ...readRetention(config, retention === undefined ? [] : config.section(retention)) };
}

function readRetention(config: ConfigDocument, entries: readonly ConfigEntry[]): Omit<RetentionConfig, 'path'> {
  for (const entry of entries) {
    const known = ['profile', 'profiles', ...TTL_KEYS.keys()];
    if (!known.includes(entry.key)) throw unknownKey(config, entry, known);
  }
  const listed = entries.find(({ key }) => key === 'profiles');
  const named = listed === undefined ? [] : readProfiles(config, config.section(listed));
  const ofTtls = readTtlProfile(config, entries, named);
  const profiles = ofTtls === undefined ? named : [...named, ofTtls];
  const chosen = entries.find(({ key }) => key === 'profile');
  if (chosen !== undefined) return { profiles, choice: readChoice(config, chosen, profiles) };
  const implied = ofTtls === undefined ? undefined : { name: ofTtls.name, line: ofTtls.line, isImplied: true };
  return { profiles, choice: implied };
}

function readTtlProfile(
  config: ConfigDocument,
  entries: readonly ConfigEntry[],
  named: readonly ConfigProfile[],
): ConfigProfile | undefined {
  const rules: Partial<Record<RetentionKind, RetentionRule>> = {};
  let first: ConfigEntry | undefined;
  for (const entry of entries) {
    const kind = TTL_KEYS.get(entry.key);
    if (kind === undefined) continue;
    first ??= entry;
    rules[kind] = { maxAgeMs: readDuration(config, entry) };
  }
  if (first === undefined) return undefined;
  if (named.some(({ name }) => name === TTL_PROFILE)) {
    throw config.errorAt(first, `makes the profile ${TTL_PROFILE}, which profiles has as well: use one of the two`);
  }
  return { name: TTL_PROFILE, line: first.line, rules: completeRules(rules) };
}

function readChoice(config: ConfigDocument, entry: ConfigEntry, profiles: readonly ConfigProfile[]): ProfileChoice {
  const name = String(config.scalar(entry, 'the name of a profile'));
  const names = [NO_PROFILE, ...[...BUILT_IN_PROFILES, ...profiles].map((profile) => profile.name)];
  if (names.includes(name)) return { name, line: entry.line, isImplied: false };
  throw config.errorAt(entry, `no profile is called ${JSON.stringify(name)}`, `known: ${names.join(', ')}`);
}
