/** Prints journal lines as they come. */
import type { JournalLine } from '../src/index.js';
import type { Output } from './output.js';
import { describeLine } from './text.js';

/** Text is collected up to here before it is written: a write for each line would be most of the work. */
const WRITE_LENGTH = 65_536;

/**
 * A readable line each, or in JSON the stored text itself, byte for byte. Ends early when the reader of the output has
 * gone.
 *
 * @param isLive write each line at once, because the next may take long to come
 */
export async function printLines(
  lines: AsyncIterable<JournalLine>,
  out: Output,
  options: { readonly json: boolean; readonly isLive: boolean },
): Promise<void> {
  let pending = '';
  for await (const line of lines) {
    pending += `${options.json ? line.text : describeLine(line)}\n`;
    if (!options.isLive && pending.length < WRITE_LENGTH) continue;
    await out.write(pending);
    pending = '';
    if (out.closed) return;
  }
  if (pending !== '') await out.write(pending);
}
