/** Which rule decides over a thing: that of the root, of its session's own profile, or the longer of several. Pure. */
import type {
  FileItem,
  RetentionKind,
  RetentionPolicy,
  RetentionProfile,
  RetentionRule,
  SessionItem,
} from './types.js';

/** What decides over one thing. */
export interface Governance {
  /** Names of the profiles, in order. Empty: none does. */
  readonly profiles: readonly string[];
  /** Their rule; undefined when one of them has none, or is not known: it is never pruned then. */
  readonly rule: RetentionRule | undefined;
  /** A profile that is named and not known. */
  readonly unknown: string | undefined;
  /** A session's own profile had a say. */
  readonly isOwn: boolean;
  /** Limits are counted over all that have the same: kind and profiles. */
  readonly group: string;
}

const NO_OWN: readonly undefined[] = [undefined];

export class RuleBook {
  readonly #policy: RetentionPolicy;
  readonly #profiles: ReadonlyMap<string, RetentionProfile>;
  /** For each session id the profiles that its journals name; undefined for a journal that names none. */
  readonly #own = new Map<string, Set<string | undefined>>();
  readonly #known = new Map<string, Governance>();
  readonly #usual = new Map<RetentionKind, Governance>();

  constructor(policy: RetentionPolicy) {
    this.#policy = policy;
    this.#profiles = new Map(policy.profiles.map((profile) => [profile.name, profile]));
  }

  /** Notes a session that stays, for the files that belong to it. */
  addStaying({ sessionId, profile }: SessionItem): void {
    const own = this.#own.get(sessionId) ?? new Set();
    this.#own.set(sessionId, own.add(profile));
  }

  forSession({ profile }: SessionItem, kind: 'session' | 'payload'): Governance {
    return this.#decide(kind, profile === undefined ? NO_OWN : [profile]);
  }

  /**
   * A file goes by the profiles of the sessions it belongs to, as long as they are there: without them nothing says what those
   * were, so in the plan that removes a session its files go by the profile of the root already.
   */
  forFile(file: FileItem): Governance {
    const own = new Set(file.sessionIds.flatMap((id) => [...(this.#own.get(id) ?? [])]));
    return this.#decide(file.kind, own.size === 0 ? NO_OWN : [...own]);
  }

  /** The profiles of these names that are known, in the order of their names. */
  named(names: ReadonlySet<string>): RetentionProfile[] {
    return [...names].toSorted().flatMap((name) => this.#profiles.get(name) ?? []);
  }

  #decide(kind: RetentionKind, own: readonly (string | undefined)[]): Governance {
    // Nearly everything has no profile of its own: that answer is kept by kind.
    const usual = own.length === 1 && own[0] === undefined ? this.#usual.get(kind) : undefined;
    if (usual !== undefined) return usual;
    const { defaultProfile, isNamedByCaller = false } = this.#policy;
    const names = new Set(own.map((name) => name ?? defaultProfile));
    if (isNamedByCaller) names.add(defaultProfile);
    // One of its sessions has no profile at all, and that keeps everything: then none of the others decides.
    const profiles = names.has(undefined) ? [] : [...names].filter((name) => name !== undefined).toSorted();
    const isOwn = own.some((name) => name !== undefined);
    const key = JSON.stringify([kind, isOwn, profiles]);
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const unknown = profiles.find((name) => !this.#profiles.has(name));
    const rules = profiles.map((name) => this.#profiles.get(name)?.rules[kind]);
    const rule = unknown === undefined ? longest(rules) : undefined;
    const governance = { profiles, rule, unknown, isOwn, group: JSON.stringify([kind, profiles]) };
    this.#known.set(key, governance);
    if (own.length === 1 && own[0] === undefined) this.#usual.set(kind, governance);
    return governance;
  }
}

/** The rule that keeps whatever one of the rules keeps. None at all where one is missing. */
function longest(rules: readonly (RetentionRule | undefined)[]): RetentionRule | undefined {
  const [first, ...others] = rules;
  if (first === undefined) return undefined;
  let result = first;
  for (const rule of others) {
    if (rule === undefined) return undefined;
    result = {
      ...limit('maxAgeMs', result, rule),
      ...limit('maxCount', result, rule),
      ...limit('maxBytes', result, rule),
      ...floor('keepLast', result, rule),
      ...floor('minAgeMs', result, rule),
    };
  }
  return result;
}

/** A limit that one of the two does not have is no limit. */
function limit(name: 'maxAgeMs' | 'maxCount' | 'maxBytes', a: RetentionRule, b: RetentionRule): RetentionRule {
  const [ofA, ofB] = [a[name], b[name]];
  return ofA === undefined || ofB === undefined ? {} : { [name]: Math.max(ofA, ofB) };
}

function floor(name: 'keepLast' | 'minAgeMs', a: RetentionRule, b: RetentionRule): RetentionRule {
  const [ofA, ofB] = [a[name], b[name]];
  return ofA === undefined && ofB === undefined ? {} : { [name]: Math.max(ofA ?? 0, ofB ?? 0) };
}
