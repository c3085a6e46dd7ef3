/** The profiles of a configuration, each on top of the one it extends. */
import { readRules } from './config-rules.js';
import type { ConfigDocument, ConfigEntry } from './config-yaml.js';
import { BUILT_IN_RULES, completeRules, REGULATED } from './profiles.js';
import type { RetentionProfile } from './types.js';

/** A profile, and the line that it begins on. */
export interface ConfigProfile extends RetentionProfile {
  readonly line: number;
}

/** The word for having no profile; so it names none. */
export const NO_PROFILE = 'none';

const NAME = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/;

interface Resolved {
  /** Before the defaults, which come last. */
  readonly rules: RetentionProfile['rules'];
  /** It is `regulated`, or extends it at whatever distance. */
  readonly isRegulated: boolean;
}

/** @throws GaitError INVALID_CONFIG naming key and line */
export function readProfiles(config: ConfigDocument, entries: readonly ConfigEntry[]): ConfigProfile[] {
  const resolver = new ProfileResolver(config, entries);
  return entries.map((entry) => {
    const { key, line } = entry;
    if (!NAME.test(key) || key === NO_PROFILE) {
      throw config.errorAt(
        entry,
        'is no name for a profile',
        'letters, digits, dots, dashes and underlines, at most 64',
      );
    }
    return { name: key, line, rules: completeRules(resolver.resolve(entry).rules) };
  });
}

class ProfileResolver {
  readonly #config: ConfigDocument;
  readonly #entries: ReadonlyMap<string, ConfigEntry>;
  readonly #resolved = new Map<string, Resolved>();
  readonly #open = new Set<string>();

  constructor(config: ConfigDocument, entries: readonly ConfigEntry[]) {
    this.#config = config;
    this.#entries = new Map(entries.map((entry) => [entry.key, entry]));
  }

  resolve(entry: ConfigEntry): Resolved {
    const known = this.#resolved.get(entry.key);
    if (known !== undefined) return known;
    this.#open.add(entry.key);
    const parts = this.#config.entries(entry.value, entry.path, entry.line);
    const { rules, isRegulated } = this.#base(entry, parts);
    const kinds = parts.filter(({ key }) => key !== 'extends');
    const resolved = { rules: readRules(this.#config, kinds, rules, !isRegulated), isRegulated };
    this.#open.delete(entry.key);
    this.#resolved.set(entry.key, resolved);
    return resolved;
  }

  /** What the profile builds on. One with the name of a built-in profile changes that one. */
  #base(entry: ConfigEntry, parts: readonly ConfigEntry[]): Resolved {
    const link = parts.find(({ key }) => key === 'extends');
    const ownName = builtIn(entry.key);
    if (link === undefined) return ownName ?? { rules: {}, isRegulated: false };
    const name = String(this.#config.scalar(link, 'the name of a profile'));
    const base = this.#named(link, entry.key, name);
    if (entry.key === REGULATED && !base.isRegulated) {
      throw this.#config.errorAt(link, `${REGULATED} may only be extended: it cannot build on ${name}`);
    }
    return base;
  }

  #named(link: ConfigEntry, own: string, name: string): Resolved {
    const entry = name === own ? undefined : this.#entries.get(name);
    if (entry !== undefined && this.#open.has(name)) {
      throw this.#config.errorAt(link, `${own} and ${name} extend each other`);
    }
    const base = entry === undefined ? builtIn(name) : this.resolve(entry);
    if (base !== undefined) return base;
    const names = [...Object.keys(BUILT_IN_RULES), ...this.#entries.keys()].filter((known) => known !== own);
    throw this.#config.errorAt(link, `no profile is called ${JSON.stringify(name)}`, `known: ${names.join(', ')}`);
  }
}

function builtIn(name: string): Resolved | undefined {
  const rules = Object.hasOwn(BUILT_IN_RULES, name) ? BUILT_IN_RULES[name] : undefined;
  return rules === undefined ? undefined : { rules, isRegulated: name === REGULATED };
}
