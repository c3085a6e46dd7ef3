/** Times for people: as they are stored, and how long ago that was. Pure. */
import type { Io } from './io.js';
import { clean } from './text.js';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
const YEAR_MS = 365 * DAY_MS;

/** From how long ago on, and in which unit; the largest that has passed twice, so that nothing is rounded by half. */
const UNITS: readonly (readonly [unitMs: number, name: string])[] = [
  [YEAR_MS, 'years'],
  [DAY_MS, 'days'],
  [HOUR_MS, 'h'],
  [MINUTE_MS, 'min'],
  [1_000, 's'],
];

/** The time of this run, by the clock that tests set. */
export function nowOf({ clock = Date.now }: Pick<Io, 'clock'>): number {
  return clock();
}

/** `2026-02-01T09:30:00Z (3 days ago)`; text that is no time stays as it is. */
export function when(time: string, nowMs: number): string {
  const atMs = Date.parse(time);
  return Number.isNaN(atMs) ? clean(time) : `${clean(time)} (${relative(atMs, nowMs)})`;
}

/** `3 days ago`, `in 5 min`: less than two seconds is `now`. */
export function relative(atMs: number, nowMs: number): string {
  const apartMs = Math.abs(nowMs - atMs);
  const unit = UNITS.find(([unitMs]) => apartMs >= 2 * unitMs);
  if (unit === undefined) return 'now';
  const span = `${Math.floor(apartMs / unit[0])} ${unit[1]}`;
  return atMs > nowMs ? `in ${span}` : `${span} ago`;
}
