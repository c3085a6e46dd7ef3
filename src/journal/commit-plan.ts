/** Decides, under the lock and with the state caught up, which lines a commit writes. Pure: nothing is changed. */
import { GaitError } from '../errors.js';
import { leafHashOfText } from '../sign/index.js';
import type { AppendRequest } from './commit-queue.js';
import { eventLine, type EncodedEvent } from './event.js';
import { isReservedTool } from './event-fields.js';
import type { RememberedEvent } from './recent-keys.js';
import { MAX_LINE_BYTES } from './record.js';
import { CLOSE_TOOL } from './session-log.js';
import type { OwnEvent, SessionState } from './session-state.js';

/** One event of a request, as it will be or already is in the journal. */
export interface PlannedEvent {
  /** It was there before, or stands earlier in this very commit. */
  readonly isRepeat?: boolean;
  readonly sequence: number;
  readonly leafIndex: number;
  readonly leaf: Buffer;
}

export interface PlannedRequest {
  readonly request: AppendRequest;
  readonly events: readonly PlannedEvent[];
}

export interface CommitPlan {
  /** Lines to write, without LF, with what the state must remember of each. */
  readonly lines: readonly { readonly text: string; readonly event: OwnEvent }[];
  readonly accepted: readonly PlannedRequest[];
  readonly refused: readonly { readonly request: AppendRequest; readonly error: unknown }[];
  /** Some answer names an event that another writer wrote, perhaps without syncing it. */
  readonly repeatsOlder: boolean;
}

type PlannedLine = CommitPlan['lines'][number];

export function planCommit(state: SessionState, requests: readonly AppendRequest[]): CommitPlan {
  const draft = new Draft(state);
  const accepted: PlannedRequest[] = [];
  const refused: { request: AppendRequest; error: unknown }[] = [];
  for (const request of requests) {
    const mark = draft.lines.length;
    try {
      accepted.push({ request, events: draft.add(request) });
    } catch (error) {
      draft.undo(mark);
      refused.push({ request, error });
    }
  }
  return { lines: draft.lines, accepted, refused, repeatsOlder: draft.repeatsOlder };
}

class Draft {
  readonly lines: PlannedLine[] = [];
  repeatsOlder = false;
  readonly #state: SessionState;
  readonly #newKeys = new Map<string, RememberedEvent>();

  constructor(state: SessionState) {
    this.#state = state;
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
  undo(mark: number): void {
    for (const { event } of this.lines.splice(mark)) {
      if (event.idempotencyKey !== undefined) this.#newKeys.delete(event.idempotencyKey);
    }
  }

  get #lastSequence(): number {
    return this.lines.at(-1)?.event.sequence ?? this.#state.log.lastSequence;
  }

  get #head(): Buffer {
    const head = this.lines.at(-1)?.event.leaf ?? this.#state.log.head;
    if (head === undefined) throw new GaitError('INTERNAL', 'an append to a journal without a header');
    return head;
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
    const leafIndex = this.#state.log.frontier.size + this.lines.length;
    const text = eventLine(event, sequence, this.#head.toString('hex'));
    const lineBytes = Buffer.byteLength(text);
    if (lineBytes > MAX_LINE_BYTES) {
      throw new GaitError('LINE_TOO_LONG', `the event makes a line of ${lineBytes} bytes, ${MAX_LINE_BYTES} fit`, {
        details: { index, size_bytes: lineBytes, max_bytes: MAX_LINE_BYTES },
      });
    }
    const leaf = leafHashOfText(text);
    const { idempotencyKey, contentDigest, createdAt } = event;
    const isClosing = event.toolName === CLOSE_TOOL;
    this.lines.push({
      text,
      event: { sequence, leaf, lineBytes, createdAt, isClosing, idempotencyKey, contentDigest },
    });
    if (idempotencyKey !== undefined && contentDigest !== undefined) {
      this.#newKeys.set(idempotencyKey, { sequence, leafIndex, leaf, contentDigest });
    }
    return { sequence, leafIndex, leaf };
  }

  #findRepeat(event: EncodedEvent, index: number): PlannedEvent | undefined {
    const { idempotencyKey: key, contentDigest } = event;
    if (key === undefined || contentDigest === undefined) return undefined;
    const inThisCommit = this.#newKeys.get(key);
    const earlier = inThisCommit ?? this.#state.recentKeys.find(key);
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
}
