/** What the engine takes from the world around it, and how it waits for others. */
import type { FileSystem } from './store/index.js';

/** Which locks a writer takes. `both` unless there is a reason: see docs/architecture.md. */
export type LockLayers = 'both' | 'kernel' | 'directory';

/** Environment of the engine, replaced in tests. */
export interface Environment {
  readonly fileSystem?: FileSystem;
  /** Milliseconds since 1970; whole or fractional. */
  readonly clock?: () => number;
  readonly randomBytes?: (size: number) => Uint8Array;
  /** Where the `GAIT_SESSION_LOCK_*` variables are looked up; `process.env` by default. */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/** How locks are waited for. Defaults come from the environment variables, then from the `standard` profile. */
export interface LockOptions {
  /** How long a writer waits for others before LOCK_TIMEOUT. */
  readonly lockTimeoutMs?: number;
  /** Pause between two attempts where the kernel cannot wake the waiter. */
  readonly lockRetryMs?: number;
  /** Age at which a lock of the Go tool, or the lock directory of another host, counts as abandoned. */
  readonly lockStaleAfterMs?: number;
  readonly lockLayers?: LockLayers;
}
