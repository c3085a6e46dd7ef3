/** How a writer takes its lock: which layers, for how long, and how patiently. */
export interface WriterLockSettings {
  readonly mode: 'shared' | 'exclusive';
  readonly layers: 'both' | 'kernel' | 'directory';
  readonly timeoutMs: number;
  readonly retryMs: number;
  /** Age at which a lock file of the Go tool counts as abandoned. */
  readonly staleAfterMs: number;
  /** Milliseconds since 1970. The real clock, as it is compared with times of files and of other processes. */
  readonly clock: () => number;
  readonly nonce: () => string;
}
