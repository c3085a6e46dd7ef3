/** Decides, under the lock and with the state caught up, which lines a commit writes. Only the buffer of lines is changed. */
import { GaitError } from '../errors.js';
import type { Receipt } from './answer-types.js';
import type { AppendRequest } from './commit-queue.js';
import type { EncodedEvent } from './event.js';
import { isReservedTool } from './event-fields.js';
import type { LineBuffer } from './line-buffer.js';
import { MAX_LINE_BYTES } from './record.js';
import { CLOSE_TOOL } from './session-log.js';
import type { OwnEvent, SessionState } from './session-state.js';
import { placedBytes } from './staged-line.js';

export interface PlannedRequest {
  readonly request: AppendRequest;
  /** One for each of its events: where it will be, or already is, in the journal. */
  readonly receipts: Receipt[];
  /** Which of its events were there before, or stand earlier in this very commit; undefined when none. */
  readonly repeats: readonly number[] | undefined;
}

export interface CommitPlan {
  /** One for each line to write: what the state must remember of it. */
  readonly events: readonly OwnEvent[];
  /** The lines, each with its LF. */
  readonly bytes: Buffer;
  readonly accepted: readonly PlannedRequest[];
  readonly refused: readonly { readonly request: AppendRequest; readonly error: unknown }[];
  /** Some answer names an event that another writer wrote, perhaps without syncing it. */
  readonly repeatsOlder: boolean;
}

/** An event of this commit, or before it, that has a key. */
interface KeyedEvent {
  readonly receipt: Receipt;
  readonly contentDigest: Buffer;
}

/**
 * @param durability what the receipts say
 * @param lines is emptied, and holds the bytes of the plan until it is emptied again
 */
export function planCommit(
  state: SessionState,
  requests: readonly AppendRequest[],
  durability: Receipt['durability'],
  lines: LineBuffer,
): CommitPlan {
  lines.clear();
  const draft = new Draft(state, durability, lines);
  const accepted: PlannedRequest[] = [];
  const refused: { request: AppendRequest; error: unknown }[] = [];
  for (const request of requests) {
    draft.mark();
    try {
      accepted.push(draft.add(request));
    } catch (error) {
      draft.undo();
      refused.push({ request, error });
    }
  }
  return { events: draft.events, bytes: lines.bytes(), accepted, refused, repeatsOlder: draft.repeatsOlder };
}

class Draft {
  readonly events: OwnEvent[] = [];
  repeatsOlder = false;
  readonly #state: SessionState;
  readonly #durability: Receipt['durability'];
  readonly #lines: LineBuffer;
  readonly #newKeys = new Map<string, KeyedEvent>();
  readonly #sessionId: string;
  readonly #firstLeaf: number;
  #lastSequence: number;
  #head: string;
  // Where the draft stood before the request that is being added: fields, as an object for each would be one for each append.
  #markedEvents = 0;
  #markedEnd = 0;
  #markedSequence = 0;
  #markedHead = '';

  constructor(state: SessionState, durability: Receipt['durability'], lines: LineBuffer) {
    const { head, lastSequence, header, frontier } = state.log;
    if (head === undefined) throw new GaitError('INTERNAL', 'an append to a journal without a header');
    this.#state = state;
    this.#durability = durability;
    this.#lines = lines;
    this.#sessionId = header?.session_id ?? '';
    this.#firstLeaf = frontier.size;
    this.#lastSequence = lastSequence;
    this.#head = head.toString('hex');
  }

  add(request: AppendRequest): PlannedRequest {
    const { expectedSequence, events } = request;
    if (expectedSequence !== undefined && expectedSequence !== this.#lastSequence) {
      throw new GaitError(
        'SEQUENCE_CONFLICT',
        `the session is at sequence ${this.#lastSequence}, not ${expectedSequence}`,
        { details: { expected: expectedSequence, found: this.#lastSequence } },
      );
    }
    const receipts: Receipt[] = [];
    let repeats: number[] | undefined;
    for (const event of events) {
      const earlier = this.#findRepeat(event, receipts.length);
      if (earlier !== undefined) (repeats ??= []).push(receipts.length);
      receipts.push(earlier ?? this.#addEvent(event, receipts.length));
    }
    return { request, receipts, repeats };
  }

  /** Remembers where the draft stands, for {@link undo}. */
  mark(): void {
    this.#markedEvents = this.events.length;
    this.#markedEnd = this.#lines.end;
    this.#markedSequence = this.#lastSequence;
    this.#markedHead = this.#head;
  }

  /** Takes back the lines behind the mark: a request is written as a whole or not at all. */
  undo(): void {
    for (const { event } of this.events.splice(this.#markedEvents)) {
      if (event.idempotencyKey !== undefined) this.#newKeys.delete(event.idempotencyKey);
    }
    this.#lines.cut(this.#markedEnd);
    this.#lastSequence = this.#markedSequence;
    this.#head = this.#markedHead;
  }

  #addEvent(event: EncodedEvent, index: number): Receipt {
    if (this.#state.log.isClosed && !isReservedTool(event.toolName)) {
      throw new GaitError('SESSION_CLOSED', 'the session is closed', {
        details: { session_id: this.#state.log.header?.session_id, last_sequence: this.#lastSequence },
      });
    }
    const sequence = this.#lastSequence + 1;
    const lineBytes = placedBytes(event.line, sequence) - 1;
    if (lineBytes > MAX_LINE_BYTES) {
      throw new GaitError('LINE_TOO_LONG', `the event makes a line of ${lineBytes} bytes, ${MAX_LINE_BYTES} fit`, {
        details: { index, size_bytes: lineBytes, max_bytes: MAX_LINE_BYTES },
      });
    }
    this.#lines.add(event.line, sequence, this.#head);
    const leafHash = this.#lines.hashLast();
    const receipt = this.#receipt(sequence, this.#firstLeaf + this.events.length, leafHash);
    this.events.push({ event, receipt, isClosing: event.toolName === CLOSE_TOOL });
    this.#lastSequence = sequence;
    this.#head = leafHash;
    const { idempotencyKey, contentDigest } = event;
    if (idempotencyKey !== undefined && contentDigest !== undefined) {
      this.#newKeys.set(idempotencyKey, { receipt, contentDigest });
    }
    return receipt;
  }

  #findRepeat(event: EncodedEvent, index: number): Receipt | undefined {
    const { idempotencyKey: key, contentDigest } = event;
    if (key === undefined || contentDigest === undefined) return undefined;
    const inThisCommit = this.#newKeys.get(key);
    const earlier = inThisCommit ?? this.#remembered(key);
    if (earlier === undefined) return undefined;
    const { sequence, leaf_index: leafIndex, leaf_hash: leafHash } = earlier.receipt;
    if (!earlier.contentDigest.equals(contentDigest)) {
      throw new GaitError(
        'IDEMPOTENCY_CONFLICT',
        `the idempotency key belongs to event ${sequence}, which says something else`,
        { details: { index, idempotency_key: key, sequence } },
      );
    }
    this.repeatsOlder ||= inThisCommit === undefined;
    // A receipt of its own: each belongs to who gets it.
    return this.#receipt(sequence, leafIndex, leafHash);
  }

  #remembered(key: string): KeyedEvent | undefined {
    const found = this.#state.recentKeys.find(key);
    if (found === undefined) return undefined;
    const { sequence, leafIndex, leaf, contentDigest } = found;
    return { receipt: this.#receipt(sequence, leafIndex, leaf.toString('hex')), contentDigest };
  }

  #receipt(sequence: number, leafIndex: number, leafHash: string): Receipt {
    return {
      session_id: this.#sessionId,
      sequence,
      leaf_index: leafIndex,
      leaf_hash: leafHash,
      durability: this.#durability,
    };
  }
}
