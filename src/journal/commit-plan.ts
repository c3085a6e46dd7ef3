/** Decides, under the lock and with the state caught up, which lines a commit writes. Only the buffer of lines is changed. */
import { GaitError } from '../errors.js';
import type { AppendRequest } from './commit-queue.js';
import { eventLine, type EncodedEvent } from './event.js';
import { isReservedTool } from './event-fields.js';
import type { LineBuffer } from './line-buffer.js';
import { MAX_LINE_BYTES } from './record.js';
import { CLOSE_TOOL } from './session-log.js';
import type { OwnEvent, SessionState } from './session-state.js';

/** One event of a request, as it will be or already is in the journal. */
export interface PlannedEvent {
  /** It was there before, or stands earlier in this very commit. */
  readonly isRepeat?: boolean;
  readonly sequence: number;
  readonly leafIndex: number;
  /** 64 lower-case hexadecimal digits. */
  readonly leafHash: string;
}

export interface PlannedRequest {
  readonly request: AppendRequest;
  readonly events: readonly PlannedEvent[];
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

/** An event of this commit that has a key. */
interface KeyedEvent extends PlannedEvent {
  readonly contentDigest: Buffer;
}

/** @param lines is emptied, and holds the bytes of the plan until it is emptied again */
export function planCommit(state: SessionState, requests: readonly AppendRequest[], lines: LineBuffer): CommitPlan {
  lines.clear();
  const draft = new Draft(state, lines);
  const accepted: PlannedRequest[] = [];
  const refused: { request: AppendRequest; error: unknown }[] = [];
  for (const request of requests) {
    const mark = draft.mark();
    try {
      accepted.push({ request, events: draft.add(request) });
    } catch (error) {
      draft.undo(mark);
      refused.push({ request, error });
    }
  }
  return { events: draft.events, bytes: lines.bytes(), accepted, refused, repeatsOlder: draft.repeatsOlder };
}

class Draft {
  readonly events: OwnEvent[] = [];
  repeatsOlder = false;
  readonly #state: SessionState;
  readonly #lines: LineBuffer;
  readonly #newKeys = new Map<string, KeyedEvent>();
  #lastSequence: number;
  #head: string;

  constructor(state: SessionState, lines: LineBuffer) {
    const { head, lastSequence } = state.log;
    if (head === undefined) throw new GaitError('INTERNAL', 'an append to a journal without a header');
    this.#state = state;
    this.#lines = lines;
    this.#lastSequence = lastSequence;
    this.#head = head.toString('hex');
  }

  add(request: AppendRequest): PlannedEvent[] {
    const { expectedSequence } = request;
    if (expectedSequence !== undefined && expectedSequence !== this.#lastSequence) {
      throw new GaitError(
        'SEQUENCE_CONFLICT',
        `the session is at sequence ${this.#lastSequence}, not ${expectedSequence}`,
        { details: { expected: expectedSequence, found: this.#lastSequence } },
      );
    }
    return request.events.map((event, index) => this.#addEvent(event, index));
  }

  /** Takes back the lines from `mark` on: a request is written as a whole or not at all. */
  undo(mark: Mark): void {
    for (const { idempotencyKey } of this.events.splice(mark.events)) {
      if (idempotencyKey !== undefined) this.#newKeys.delete(idempotencyKey);
    }
    this.#lines.cut(mark.end);
    this.#lastSequence = mark.lastSequence;
    this.#head = mark.head;
  }

  mark(): Mark {
    return {
      events: this.events.length,
      end: this.#lines.end,
      lastSequence: this.#lastSequence,
      head: this.#head,
    };
  }

  #addEvent(event: EncodedEvent, index: number): PlannedEvent {
    const earlier = this.#findRepeat(event, index);
    if (earlier !== undefined) return { ...earlier, isRepeat: true };
    if (this.#state.log.isClosed && !isReservedTool(event.toolName)) {
      throw new GaitError('SESSION_CLOSED', 'the session is closed', {
        details: { session_id: this.#state.log.header?.session_id, last_sequence: this.#lastSequence },
      });
    }
    const sequence = this.#lastSequence + 1;
    const leafIndex = this.#state.log.frontier.size + this.events.length;
    const lineBytes = this.#lines.add(eventLine(event, sequence, this.#head));
    if (lineBytes > MAX_LINE_BYTES) {
      throw new GaitError('LINE_TOO_LONG', `the event makes a line of ${lineBytes} bytes, ${MAX_LINE_BYTES} fit`, {
        details: { index, size_bytes: lineBytes, max_bytes: MAX_LINE_BYTES },
      });
    }
    const leafHash = this.#lines.hashLast();
    const { idempotencyKey, contentDigest, createdAt } = event;
    const isClosing = event.toolName === CLOSE_TOOL;
    this.events.push({ sequence, leafHash, lineBytes, createdAt, isClosing, idempotencyKey, contentDigest });
    this.#lastSequence = sequence;
    this.#head = leafHash;
    if (idempotencyKey !== undefined && contentDigest !== undefined) {
      this.#newKeys.set(idempotencyKey, { sequence, leafIndex, leafHash, contentDigest });
    }
    return { sequence, leafIndex, leafHash };
  }

  #findRepeat(event: EncodedEvent, index: number): PlannedEvent | undefined {
    const { idempotencyKey: key, contentDigest } = event;
    if (key === undefined || contentDigest === undefined) return undefined;
    const inThisCommit = this.#newKeys.get(key);
    const earlier = inThisCommit ?? this.#remembered(key);
    if (earlier === undefined) return undefined;
    if (!earlier.contentDigest.equals(contentDigest)) {
      throw new GaitError(
        'IDEMPOTENCY_CONFLICT',
        `the idempotency key belongs to event ${earlier.sequence}, which says something else`,
        { details: { index, idempotency_key: key, sequence: earlier.sequence } },
      );
    }
    this.repeatsOlder ||= inThisCommit === undefined;
    return earlier;
  }

  #remembered(key: string): KeyedEvent | undefined {
    const found = this.#state.recentKeys.find(key);
    return found === undefined ? undefined : { ...found, leafHash: found.leaf.toString('hex') };
  }
}

/** Where a draft stood before a request. */
interface Mark {
  readonly events: number;
  readonly end: number;
  readonly lastSequence: number;
  readonly head: string;
}
