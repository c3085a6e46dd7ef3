/**
 * Between which times lines were made, in whole seconds: enough to leave out what lies elsewhere, never so much that a line
 * inside were left out.
 */
import { NO_TIME, timeKey } from './timestamp.js';

/** First and last second, as texts that sort as the times do: `2026-02-01T09:30:00`. */
export interface TimeSpan {
  readonly earliest: string;
  readonly latest: string;
}

/** Characters of such a text. */
export const SECOND_LENGTH: number = 'yyyy-mm-ddThh:mm:ss'.length;

/** Of lines whose times are not known, or are none: no question can leave them out. */
export const ALL_TIMES: TimeSpan = { earliest: '0000-00-00T00:00:00', latest: '9999-99-99T99:99:99' };

let lastText = '';
let lastSpan: TimeSpan = ALL_TIMES;

/** The second of one line. @param createdAt as it stands in the journal */
export function secondsOf(createdAt: string): TimeSpan {
  // The events of one commit mostly share a time.
  if (createdAt === lastText) return lastSpan;
  const key = timeKey(createdAt);
  const second = key.slice(0, SECOND_LENGTH);
  lastSpan = key === NO_TIME ? ALL_TIMES : { earliest: second, latest: second };
  lastText = createdAt;
  return lastSpan;
}

export function joined(a: TimeSpan, b: TimeSpan): TimeSpan {
  if (a.earliest <= b.earliest && a.latest >= b.latest) return a;
  return {
    earliest: a.earliest < b.earliest ? a.earliest : b.earliest,
    latest: a.latest > b.latest ? a.latest : b.latest,
  };
}

/** Many of them as one text, for the index. */
export function packSpans(spans: readonly TimeSpan[]): string {
  let text = '';
  for (const { earliest, latest } of spans) text += earliest + latest;
  return text;
}

/** Whether a text can be that of so many. */
export function isPackedSpans(text: string, count: number): boolean {
  return text.length === count * 2 * SECOND_LENGTH;
}

export function unpackSpans(text: string): TimeSpan[] {
  const spans: TimeSpan[] = [];
  for (let at = 0; at < text.length; at += 2 * SECOND_LENGTH) {
    const middle = at + SECOND_LENGTH;
    spans.push({ earliest: text.slice(at, middle), latest: text.slice(middle, middle + SECOND_LENGTH) });
  }
  return spans;
}
