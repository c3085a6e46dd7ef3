/** Durations in the Go tool's spelling, `200ms`, `1m30s`, `1.5h`, and with days and years, `30d12h`, `7y`. */

/** A day has 24 hours and a year 365 days: what people mean by a retention of `7y`, the same in every time zone. */
const UNIT_MS: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  μs: 1e-3,
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  y: 31_536_000_000,
};
const PART = /(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h|d|y)/gy;

/** Units of {@link formatDurationMs}, largest first. */
const WHOLE_UNITS = ['y', 'd', 'h', 'm', 's', 'ms'] as const;

/** Milliseconds, or undefined for anything that is no positive duration. */
export function parseDurationMs(text: string): number | undefined {
  PART.lastIndex = 0;
  let totalMs = 0;
  let end = 0;
  for (let match = PART.exec(text); match !== null; match = PART.exec(text)) {
    totalMs += Number(match[1]) * (UNIT_MS[match[2] ?? ''] ?? 0);
    end = PART.lastIndex;
  }
  return end === text.length && totalMs > 0 ? totalMs : undefined;
}

/** A duration of whole milliseconds in the largest units that it fills: `3d`, `1y30d12h`. */
export function formatDurationMs(durationMs: number): string {
  let rest = durationMs;
  let text = '';
  for (const unit of WHOLE_UNITS) {
    const unitMs = UNIT_MS[unit] ?? 1;
    const count = Math.floor(rest / unitMs);
    if (count > 0) text += `${count}${unit}`;
    rest -= count * unitMs;
  }
  return text === '' ? '0s' : text;
}
