/** The last idempotency keys of a session, hashed, with where their event went. */
import { sha256 } from '../sign/index.js';

/** How many keys of a session are remembered. */
export const REMEMBERED_KEYS = 1_000;

export interface EventMark {
  readonly sequence: number;
  readonly leafIndex: number;
  readonly leaf: Buffer;
}

export interface RememberedEvent extends EventMark {
  readonly contentDigest: Buffer;
}

export class RecentKeys {
  /** In the order of the journal: a Map keeps it, and the first one is the oldest. */
  readonly #events = new Map<string, RememberedEvent>();

  constructor(entries: Iterable<readonly [string, RememberedEvent]> = []) {
    for (const [key, event] of entries) this.#events.set(key, event);
  }

  find(key: string): RememberedEvent | undefined {
    return this.#events.get(hashKey(key));
  }

  add(key: string, contentDigest: Buffer, mark: EventMark): void {
    const hashed = hashKey(key);
    // Another writer may not look keys up: its repeat is the newer one.
    this.#events.delete(hashed);
    this.#events.set(hashed, { ...mark, contentDigest });
    if (this.#events.size <= REMEMBERED_KEYS) return;
    for (const oldest of this.#events.keys()) {
      this.#events.delete(oldest);
      return;
    }
  }

  entries(): IterableIterator<[string, RememberedEvent]> {
    return this.#events.entries();
  }
}

/** Keys may be secrets or long: the index holds their hashes. */
function hashKey(key: string): string {
  return sha256(key).toString('base64');
}
