/** Holds the payload files of a journal against the events that name them. */
import { listPayloads } from '../payload-files.js';
import { checkPayload } from '../payload-reader.js';
import type { FileSystem, JournalPaths } from '../store/index.js';
import type { PayloadRef, SessionEvent } from '../types.js';
import type { Problem } from '../verify-types.js';
import type { Findings } from './findings.js';

interface NamedPayload {
  readonly ref: PayloadRef;
  readonly place: Pick<Problem, 'line' | 'byte_offset' | 'sequence'>;
}

const HEX_64 = /^[0-9a-f]{64}$/;

/** Remembers one entry for every payload: memory grows with their number, not with the journal. */
export class PayloadChecker {
  readonly #findings: Findings;
  readonly #named: NamedPayload[] = [];
  /** Payloads that are gone, and for which there is a tombstone. */
  erased = 0;
  /** A payload is gone, and nothing says why. */
  isUnproven = false;

  constructor(findings: Findings) {
    this.#findings = findings;
  }

  note(event: SessionEvent, line: number, byteOffset: number): void {
    const ref: unknown = event.payload;
    if (ref === undefined) return;
    const place = { line, byte_offset: byteOffset, sequence: event.sequence };
    if (isPayloadRef(ref)) this.#named.push({ ref, place });
    else
      this.#findings.problem({
        ...place,
        kind: 'bad_record',
        meaning: `event ${event.sequence} names its payload in a way that no writer does`,
      });
  }

  /** @param onChecked called after each payload; may throw to stop */
  async check(
    fs: FileSystem,
    paths: JournalPaths,
    isErased: (sha256: string) => boolean,
    onChecked: () => void,
  ): Promise<void> {
    const known = new Set<string>();
    for (const { ref, place } of this.#named) {
      known.add(ref.sha256);
      const verdict = await checkPayload(fs, paths, ref);
      if (verdict === 'missing' && isErased(ref.sha256)) {
        this.erased += 1;
        this.#findings.warning({
          ...place,
          kind: 'payload_erased',
          expected: ref.sha256,
          meaning: `the payload of event ${place.sequence} was erased (proven): a tombstone in the ledger names it`,
        });
      } else if (verdict === 'missing') {
        this.isUnproven = true;
        this.#findings.problem({
          ...place,
          kind: 'payload_missing',
          expected: ref.sha256,
          meaning: `the payload of event ${place.sequence} is missing (unproven)`,
        });
      } else if (verdict === 'altered') {
        this.#findings.problem({
          ...place,
          kind: 'payload_altered',
          expected: ref.sha256,
          meaning: `the payload of event ${place.sequence} is not what was recorded`,
        });
      }
      onChecked();
    }
    for (const { sha256 } of listPayloads(fs, paths)) {
      if (known.has(sha256)) continue;
      this.#findings.warning({
        kind: 'payload_orphaned',
        line: 0,
        byte_offset: 0,
        found: sha256,
        meaning:
          'a payload that no event names: an append that did not come to its end leaves such a file, and it proves nothing',
      });
    }
  }
}

function isPayloadRef(value: unknown): value is PayloadRef {
  if (typeof value !== 'object' || value === null) return false;
  const { sha256, size, media_type: mediaType } = value as Partial<Record<keyof PayloadRef, unknown>>;
  const isSize = Number.isSafeInteger(size) && (size as number) >= 0;
  return typeof sha256 === 'string' && HEX_64.test(sha256) && isSize && typeof mediaType === 'string';
}
