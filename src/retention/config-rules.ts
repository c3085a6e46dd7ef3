/** The rules of one profile as the configuration writes them. */
import { formatDurationMs, parseDurationMs } from '../journal/index.js';
import { parseByteSize } from './byte-size.js';
import type { ConfigDocument, ConfigEntry } from './config-yaml.js';
import { completeRules, RETENTION_KINDS } from './profiles.js';
import type { RetentionKind, RetentionProfile, RetentionRule } from './types.js';

type Rules = RetentionProfile['rules'];
type Field = keyof RetentionRule;

/** What a key of the configuration sets. */
interface FieldReader {
  readonly field: Field;
  /** A limit can be lifted by the word `unlimited`; a floor cannot. */
  readonly isLimit: boolean;
  /** What a value looks like. */
  readonly form: string;
  readonly parse: (text: string) => number | undefined;
  readonly show: (value: number) => string;
}

const DURATION = { form: 'a duration like 72h, 30d or 7y', parse: wholeMs, show: formatDurationMs } as const;
const COUNT = { form: 'a whole number from 1', parse: wholeCount, show: String } as const;
const SIZE = {
  form: 'a size like 512MiB or 10GB',
  parse: parseByteSize,
  show: (bytes: number) => `${bytes} bytes`,
} as const;

const READERS: ReadonlyMap<string, FieldReader> = new Map([
  ['max_age', { field: 'maxAgeMs', isLimit: true, ...DURATION }],
  ['max_count', { field: 'maxCount', isLimit: true, ...COUNT }],
  ['max_bytes', { field: 'maxBytes', isLimit: true, ...SIZE }],
  ['keep_last', { field: 'keepLast', isLimit: false, ...COUNT }],
  ['min_age', { field: 'minAgeMs', isLimit: false, ...DURATION }],
]);

/** The word for no limit: a limit that is to be lifted must be spelled out. */
const UNLIMITED = 'unlimited';

/** A duration. @throws GaitError INVALID_CONFIG naming key and line */
export function readDuration(config: ConfigDocument, entry: ConfigEntry): number {
  return readValue(config, entry, { field: 'maxAgeMs', isLimit: false, ...DURATION }) ?? 0;
}

/**
 * The rules of a profile on top of those it extends, before the defaults are added.
 *
 * @param entries the kinds, as the profile has them
 * @param mayShorten false for what is built on a profile that may only be extended
 * @throws GaitError INVALID_CONFIG naming key and line
 */
export function readRules(
  config: ConfigDocument,
  entries: readonly ConfigEntry[],
  base: Rules,
  mayShorten: boolean,
): Rules {
  const rules: Partial<Record<RetentionKind, RetentionRule>> = { ...base };
  const floor = mayShorten ? undefined : completeRules(base);
  for (const entry of entries) {
    const kind = RETENTION_KINDS.find((known) => known === entry.key);
    if (kind === undefined) throw unknownKey(config, entry, ['extends', ...RETENTION_KINDS]);
    // What packs inherit from exports must not be lost when a profile sets one more limit for packs.
    const inherited = base[kind] ?? (kind === 'pack' ? base.export : undefined);
    rules[kind] = readRule(config, entry, inherited ?? {}, floor === undefined ? undefined : (floor[kind] ?? {}));
  }
  return rules;
}

function readRule(
  config: ConfigDocument,
  entry: ConfigEntry,
  base: RetentionRule,
  floor: RetentionRule | undefined,
): RetentionRule {
  const rule: { -readonly [K in Field]?: number } = { ...base };
  for (const part of config.entries(entry.value, entry.path, entry.line)) {
    const reader = READERS.get(part.key);
    if (reader === undefined) throw unknownKey(config, part, [...READERS.keys()]);
    const value = readValue(config, part, reader);
    if (floor !== undefined) refuseShorter(config, part, reader, value, floor);
    if (value === undefined) delete rule[reader.field];
    else rule[reader.field] = value;
  }
  return rule;
}

/** Undefined: unlimited. */
function readValue(config: ConfigDocument, entry: ConfigEntry, reader: FieldReader): number | undefined {
  const wanted = reader.isLimit ? `${reader.form}, or ${UNLIMITED}` : reader.form;
  const text = String(config.scalar(entry, wanted)).trim();
  if (reader.isLimit && text === UNLIMITED) return undefined;
  const value = reader.parse(text);
  if (value !== undefined) return value;
  throw config.errorAt(entry, `must be ${wanted}, not ${JSON.stringify(text)}`);
}

function refuseShorter(
  config: ConfigDocument,
  entry: ConfigEntry,
  { field, isLimit, show }: FieldReader,
  value: number | undefined,
  floor: RetentionRule,
): void {
  const least = floor[field];
  const isShorter = isLimit ? (value ?? Infinity) < (least ?? Infinity) : (value ?? 0) < (least ?? 0);
  if (!isShorter) return;
  const bound = least === undefined ? UNLIMITED : show(least);
  throw config.errorAt(entry, `must not be shorter than in the profile it extends, which has ${bound}`);
}

/** A key that nobody would read is a mistake that somebody relies on. */
export function unknownKey(config: ConfigDocument, entry: ConfigEntry, known: readonly string[]): Error {
  return config.errorAt(entry, 'unknown key', `known here: ${known.join(', ')}`);
}

function wholeMs(text: string): number | undefined {
  const durationMs = Math.round(parseDurationMs(text) ?? 0);
  return durationMs > 0 && Number.isSafeInteger(durationMs) ? durationMs : undefined;
}

function wholeCount(text: string): number | undefined {
  const count = /^\d+$/.test(text) ? Number(text) : 0;
  return count > 0 && Number.isSafeInteger(count) ? count : undefined;
}
