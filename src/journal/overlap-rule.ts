/**
 * Whether it pays to commit half of what waits, so that the next half is made ready while the disk works.
 *
 * Two halves need two syncs. That is worth it only while the processor has more to do for all of them than one sync takes: on
 * a slow disk, and for few callers, one sync for everybody is the faster way.
 */

/** Below this there is nothing to hide: handing a sync to another thread costs about half as much. */
const MIN_SYNC_MS = 0.1;
/** Fewer than these are never parted. */
const MIN_EVENTS = 16;
/** The processor is asked after so many events, as asking costs as much as a small part of an event. */
const EVENTS_A_SAMPLE = 256;
/** How much a new figure counts beside the ones before it. */
const NEW_SHARE = 0.25;

const US_PER_MS = 1_000;

export class OverlapRule {
  #syncMs = 0;
  #workMsPerEvent = 0;
  #events = 0;
  #cpuMs: number | undefined;
  readonly #cpuClock: () => number;

  /** @param cpuClock milliseconds of processor time that this process has used */
  constructor(cpuClock: () => number = usedCpuMs) {
    this.#cpuClock = cpuClock;
  }

  noteSync(ms: number): void {
    this.#syncMs = blend(this.#syncMs, ms);
  }

  /** Events of a commit. The work for them is all that the process did since: their callers' too, as it overlaps as well. */
  noteEvents(count: number): void {
    this.#events += count;
    if (this.#events < EVENTS_A_SAMPLE) return;
    const now = this.#cpuClock();
    if (this.#cpuMs !== undefined) {
      this.#workMsPerEvent = blend(this.#workMsPerEvent, (now - this.#cpuMs) / this.#events);
    }
    this.#cpuMs = now;
    this.#events = 0;
  }

  /** @param events all that are under way or wait */
  pays(events: number): boolean {
    if (events < MIN_EVENTS || this.#syncMs < MIN_SYNC_MS) return false;
    return events * this.#workMsPerEvent > this.#syncMs;
  }
}

function usedCpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / US_PER_MS;
}

function blend(before: number, now: number): number {
  return before === 0 ? now : before + (now - before) * NEW_SHARE;
}
