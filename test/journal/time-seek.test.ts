import { expect, test } from 'vitest';
import { readJournalByTime } from '../../src/journal/index.js';
import { FaultFileSystem } from '../support/fault-file-system.js';
import { newJournal, toolCall, withJournal } from '../support/journal-fixtures.js';

const HOURS = 6;

test('of a compacted journal only those segments are read that may hold what is wanted', async () => {
  const path = await newJournal(0);
  await withJournal(path, async (journal) => {
    for (let hour = 0; hour < HOURS; hour += 1) {
      const at = (minute: number): string => `2026-02-01T1${hour}:${String(minute).padStart(2, '0')}:00Z`;
      await journal.appendAll([0, 10, 20].map((minute) => toolCall(hour, { created_at: at(minute) })));
      await journal.checkpoint();
      if (hour < HOURS - 1) await journal.compact();
    }
  });
  for (const wanted of [0, 2, HOURS - 1]) {
    const faults = new FaultFileSystem();
    const [from, to] = [`2026-02-01T1${wanted}:05:00`, `2026-02-01T1${wanted}:15:00`];
    const found: string[] = [];
    // The checkpoints carry the time of the clock that stands still, which lies before: each block's span begins with it.
    const skips = ({ earliest, latest }: { readonly earliest: string; readonly latest: string }): boolean =>
      latest < from || earliest > to;
    for await (const line of readJournalByTime(path, { skips, fileSystem: faults.fs })) {
      if (line.recordType === 'event') found.push(line.event.created_at);
    }
    expect(found).toContain(`2026-02-01T1${wanted}:10:00Z`);
    const opened = faults.calls.filter(
      ({ operation, path: file }) => operation === 'open' && file.endsWith('.jsonl.gz'),
    );
    // What lies before the wanted hour is not read; what comes after may be, as its span reaches back.
    expect(new Set(opened.map(({ path: file }) => file)).size).toBeLessThanOrEqual(HOURS - wanted);
  }
});
