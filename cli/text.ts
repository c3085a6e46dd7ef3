/** Text for people: stored values made harmless for a terminal, tables, and the one-line forms of things. Pure. */
import type { JournalLine, SessionStatus } from '../src/index.js';

/** Control characters, and the invisible ones that reorder or split what follows them. */
const UNPRINTABLE = /[\u0000-\u001f\u007f-\u009f\u061c\u200b\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]+/g;

/** A value as one line of text: control characters and line breaks become single blanks. */
export function clean(value: unknown): string {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
  return text.toWellFormed().replace(UNPRINTABLE, ' ').replace(/\s+/g, ' ').trim();
}

/** `name=value` pairs of those fields that have a value. */
export function pairs(fields: Readonly<Record<string, unknown>>): string {
  return Object.entries(fields)
    .filter(([, value]) => value !== undefined && value !== '')
    .map(([name, value]) => `${name}=${clean(value)}`)
    .join(' ');
}

/** Columns padded to their widest cell, two blanks apart. */
export function table(rows: readonly (readonly string[])[]): string[] {
  const widths: number[] = [];
  for (const row of rows) row.forEach((cell, i) => (widths[i] = Math.max(widths[i] ?? 0, cell.length)));
  return rows.map((row) =>
    row
      .map((cell, i) => cell.padEnd(widths[i] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}

/** A size in the largest binary unit that leaves at least one whole. */
export function byteSize(sizeBytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let size = sizeBytes;
  let unit = 0;
  while (size >= 1024 && unit < units.length - 1) {
    size /= 1024;
    unit++;
  }
  return `${unit === 0 ? size : size.toFixed(1)} ${units[unit] ?? ''}`;
}

/** A count with its noun: `1 event`, `2 events`. */
export function count(n: number, noun: string): string {
  return `${n} ${noun}${n === 1 ? '' : 's'}`;
}

/** The Go tool's status line, under the name of the command that prints it. */
export function statusLine(operation: string, status: SessionStatus): string {
  const { session_id, run_id, event_count, checkpoint_count, last_sequence } = status;
  const fields = pairs({ session_id, run_id, events: event_count, checkpoints: checkpoint_count, last_sequence });
  return `session ${operation}: ${fields}`;
}

/** One line of a journal, as `show` and `tail` print it. */
export function describeLine(line: JournalLine): string {
  switch (line.recordType) {
    case 'header': {
      const { created_at, session_id, run_id, origin } = line.header;
      return `header  ${clean(created_at)}  ${pairs({ session_id, run_id, origin })}`;
    }
    case 'checkpoint': {
      const { checkpoint_index, created_at, sequence_start, sequence_end, root_hash } = line.checkpoint;
      const fields = pairs({ range: `${sequence_start}..${sequence_end}`, root_hash });
      return `checkpoint ${checkpoint_index}  ${clean(created_at)}  ${fields}`;
    }
    case 'event': {
      const { sequence, created_at, verdict, tool_name, actor, intent_id, correlation_id } = line.event;
      const { reason_codes, violations } = line.event;
      const more = pairs({
        actor,
        intent_id,
        correlation_id,
        reason_codes: reason_codes?.join(','),
        violations: violations?.join(','),
      });
      const event = `#${sequence}  ${clean(created_at)}  ${clean(verdict)}  ${clean(tool_name)}`;
      return more === '' ? event : `${event}  ${more}`;
    }
  }
}
