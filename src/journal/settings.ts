/** Options, environment variables and defaults become one complete object here, and nowhere else. */
import { randomBytes } from 'node:crypto';
import { GaitError } from '../errors.js';
import { parseDurationMs } from './duration.js';
import { nodeFileSystem, tellFailures, type FileSystem, type WriterLockSettings } from './store/index.js';
import type { CompactionPolicy } from './compaction-types.js';
import type { Environment, LockOptions } from './environment.js';
import type { OpenOptions, SealPolicy } from './handle-types.js';
import { VERSION } from './version.js';

/** What the outside world looks like to the engine. */
export interface World {
  readonly fs: FileSystem;
  /** Milliseconds since 1970. */
  readonly clock: () => number;
  /** A short random name, lower-case hex. */
  readonly nonce: () => string;
  readonly randomBytes: (size: number) => Uint8Array;
}

export interface WriterSettings {
  readonly world: World;
  readonly lock: WriterLockSettings;
  readonly durability: 'durable' | 'buffered';
  readonly producerVersion: string;
  readonly seal: SealPolicy;
  readonly compactOver: CompactionPolicy;
  /** The journal is the engine's own: its events may carry reserved tool names, and its id is reserved too. */
  readonly isEngine: boolean;
}

interface LockProfile {
  readonly timeoutMs: number;
  readonly retryMs: number;
  readonly staleAfterMs: number;
}

/** The Go tool's lock profiles. Theirs also decided over the journal's sync; ours never do. */
const LOCK_PROFILES: Readonly<Record<'standard' | 'swarm', LockProfile>> = {
  standard: { timeoutMs: 2_000, retryMs: 50, staleAfterMs: 300_000 },
  swarm: { timeoutMs: 10_000, retryMs: 20, staleAfterMs: 600_000 },
};

const ENVIRONMENT_KEYS = [
  'fileSystem',
  'clock',
  'randomBytes',
  'env',
] as const satisfies readonly (keyof Environment)[];
const LOCK_KEYS = ['lockTimeoutMs', 'lockRetryMs', 'lockStaleAfterMs', 'lockLayers'] as const;

/** Throws INVALID_ARGUMENT naming an option that is not known: a misspelt one must not be ignored. */
export function refuseUnknown(options: object, extra: readonly string[]): void {
  const known: readonly string[] = [...ENVIRONMENT_KEYS, ...extra];
  for (const name of Object.keys(options)) {
    if (known.includes(name)) continue;
    throw new GaitError('INVALID_ARGUMENT', `unknown option ${JSON.stringify(name)}`, {
      hint: `known options: ${known.join(', ')}`,
      details: { option: name },
    });
  }
}

export function resolveWorld(options: Environment): World {
  const random = options.randomBytes ?? randomBytes;
  return {
    fs: tellFailures(options.fileSystem ?? nodeFileSystem),
    clock: options.clock ?? Date.now,
    nonce: () => Buffer.from(random(6)).toString('hex'),
    randomBytes: random,
  };
}

/** Throws INVALID_ARGUMENT naming the option. */
export function resolveWriterSettings(options: OpenOptions): WriterSettings {
  refuseUnknown(options, [
    ...LOCK_KEYS,
    'lock',
    'durability',
    'producerVersion',
    'retentionProfile',
    'seal',
    'compactOver',
  ]);
  const world = resolveWorld(options);
  return {
    world,
    lock: { mode: oneOf(options.lock ?? 'shared', ['shared', 'exclusive'], 'lock'), ...resolveLock(options, world) },
    durability: oneOf(options.durability ?? 'durable', ['durable', 'buffered'], 'durability'),
    producerVersion: options.producerVersion ?? VERSION,
    seal: checkSealPolicy(options.seal ?? {}),
    compactOver: checkCompactionPolicy(options.compactOver ?? {}),
    isEngine: false,
  };
}

function resolveLock(options: LockOptions & Environment, world: World): Omit<WriterLockSettings, 'mode'> {
  const env = options.env ?? process.env;
  const isSwarm = env['GAIT_SESSION_LOCK_PROFILE']?.trim().toLowerCase() === 'swarm';
  const profile = LOCK_PROFILES[isSwarm ? 'swarm' : 'standard'];
  const timeoutMs =
    milliseconds(options.lockTimeoutMs, 'lockTimeoutMs') ?? duration(env, '_TIMEOUT') ?? profile.timeoutMs;
  const retryMs = milliseconds(options.lockRetryMs, 'lockRetryMs') ?? duration(env, '_RETRY') ?? profile.retryMs;
  return {
    layers: oneOf(options.lockLayers ?? 'both', ['both', 'kernel', 'directory'], 'lockLayers'),
    timeoutMs,
    retryMs: Math.min(Math.max(retryMs, 1), Math.max(timeoutMs, 1)),
    staleAfterMs:
      milliseconds(options.lockStaleAfterMs, 'lockStaleAfterMs') ??
      duration(env, '_STALE_AFTER') ??
      profile.staleAfterMs,
    // Not the injected clock: these times are compared with those of files and other processes.
    clock: Date.now,
    nonce: world.nonce,
  };
}

function checkSealPolicy(policy: SealPolicy): SealPolicy {
  checkCounts(policy, 'seal', ['everyEvents', 'everyMs']);
  return policy;
}

function checkCompactionPolicy(policy: CompactionPolicy): CompactionPolicy {
  const known = ['bytes', 'events'] as const;
  for (const name of Object.keys(policy)) oneOf<string>(name, known, 'compactOver');
  checkCounts(policy, 'compactOver', known);
  return policy;
}

function checkCounts<const K extends string>(
  policy: Readonly<Partial<Record<K, number>>>,
  option: string,
  names: readonly K[],
): void {
  for (const name of names) {
    const value = policy[name];
    if (value !== undefined && !(Number.isSafeInteger(value) && value >= 1)) {
      throw invalid(`${option}.${name}`, value, 'a whole number from 1');
    }
  }
}

/** As for the Go tool, a value that does not parse counts as not set. */
function duration(env: NonNullable<Environment['env']>, suffix: string): number | undefined {
  return parseDurationMs(env[`GAIT_SESSION_LOCK${suffix}`]?.trim() ?? '');
}

function milliseconds(value: number | undefined, name: string): number | undefined {
  if (value === undefined || (typeof value === 'number' && Number.isFinite(value) && value >= 0)) return value;
  throw invalid(name, value, 'a number of milliseconds');
}

function oneOf<const T extends string>(value: T, allowed: readonly T[], name: string): T {
  if (allowed.includes(value)) return value;
  throw invalid(name, value, `one of ${allowed.join(', ')}`);
}

function invalid(name: string, found: unknown, wanted: string): GaitError {
  return new GaitError('INVALID_ARGUMENT', `option ${name} must be ${wanted}`, { details: { option: name, found } });
}
