/** One line of a journal as `gait run session watch` shows it: what happened, when, and how long after the last. Pure. */
import type { JournalLine, SessionEvent, Verdict } from '../src/index.js';
import type { Paint } from './paint.js';
import { clean, count } from './text.js';

const COLOURS: Readonly<Record<Verdict, 'good' | 'bad' | 'doubtful'>> = {
  allow: 'good',
  block: 'bad',
  dry_run: 'doubtful',
  require_approval: 'doubtful',
};

/** As wide as the longest verdict. */
const VERDICT_WIDTH = 'require_approval'.length;
const SEQUENCE_WIDTH = 6;
const GAP_WIDTH = 8;

const REPAIR_TOOL = 'gait.journal.repair';
const CLOSE_TOOL = 'gait.journal.close';

/** Draws lines in their order, and remembers when the last one was. */
export class LiveView {
  readonly #paint: Paint;
  #lastMs: number | undefined;

  constructor(paint: Paint) {
    this.#paint = paint;
  }

  /** @returns the text of the line, without a line feed */
  draw(line: JournalLine): string {
    switch (line.recordType) {
      case 'header':
        return this.#mark(line.header.created_at, `session ${clean(line.header.session_id)} starts`, 'strong');
      case 'checkpoint': {
        const {
          checkpoint_index: index,
          sequence_start: start,
          sequence_end: end,
          signature,
          created_at,
        } = line.checkpoint;
        const by = signature === undefined ? 'signed by nobody' : `signed by ${clean(signature.key_id).slice(0, 16)}…`;
        const text = `checkpoint ${index}: events ${start}..${end} sealed, ${by}`;
        return this.#mark(created_at, text, signature === undefined ? 'doubtful' : 'good');
      }
      case 'event':
        return this.#event(line.event);
    }
  }

  #event(event: SessionEvent): string {
    const { sequence, created_at, verdict, tool_name: tool } = event;
    if (tool === REPAIR_TOOL) return this.#mark(created_at, `#${sequence} repaired: ${repaired(event)}`, 'doubtful');
    if (tool === CLOSE_TOOL) return this.#mark(created_at, `#${sequence} the session is closed`, 'strong');
    const number = `#${sequence}`.padStart(SEQUENCE_WIDTH);
    const decision = this.#paint[COLOURS[verdict] ?? 'doubtful'](clean(verdict).padEnd(VERDICT_WIDTH));
    const why = [event.actor, event.reason_codes?.join(','), event.violations?.join(',')]
      .filter((part) => part !== undefined && part !== '')
      .map(clean)
      .join('  ');
    const text = `${this.#when(created_at)}  ${number}  ${decision}  ${clean(tool)}`;
    return why === '' ? text : `${text}  ${this.#paint.faint(why)}`;
  }

  #mark(at: string, text: string, colour: keyof Paint): string {
    return `${this.#when(at)}  ${this.#paint[colour](`── ${text}`)}`;
  }

  /** `17:27:19  +0.8 s`: the time of day in UTC, and the time since the line before. */
  #when(at: string): string {
    const atMs = Date.parse(at);
    const gap = this.#lastMs === undefined || Number.isNaN(atMs) ? '' : gapText(atMs - this.#lastMs);
    if (!Number.isNaN(atMs)) this.#lastMs = atMs;
    const time = Number.isNaN(atMs) ? clean(at) : new Date(atMs).toISOString().slice(11, 19);
    return `${time}Z ${this.#paint.faint(gap.padStart(GAP_WIDTH))}`;
  }
}

function repaired({ attributes }: SessionEvent): string {
  const size = attributes?.['size_bytes'] ?? attributes?.['length'];
  return typeof size === 'number' ? `${count(size, 'byte')} cut off and kept` : 'a torn tail was cut off and kept';
}

/** A time between two events, short; a negative one shows that a clock went back. */
function gapText(gapMs: number): string {
  const [size, sign] = [Math.abs(gapMs), gapMs < 0 ? '-' : '+'];
  if (size < 1_000) return `${sign}${size} ms`;
  if (size < 60_000) return `${sign}${(size / 1_000).toFixed(1)} s`;
  if (size < 3_600_000) return `${sign}${Math.floor(size / 60_000)} min`;
  return size < 86_400_000 ? `${sign}${Math.floor(size / 3_600_000)} h` : `${sign}${Math.floor(size / 86_400_000)} d`;
}
