import { performance } from 'node:perf_hooks';
import type { CompactionResult } from '../../src/index.js';
import type { Command, Outcome } from '../command.js';
import { describeBytes, whileWorking } from '../progress.js';
import { journalPath, TARGET_FLAGS } from '../target.js';
import { byteSize, clean, pairs } from '../text.js';

/** `gait run session compact`: moves sealed lines out of the journal file; the proof stays what it was. */
export const compact: Command = {
  flags: [
    ...TARGET_FLAGS,
    { name: 'out', value: 'PATH', help: 'leave the journal alone, and write a compacted copy to a new path' },
    { name: 'dry-run', help: 'change nothing; say what would be moved' },
  ],
  examples: [
    'run session compact --journal ./s1.jsonl',
    'run session compact --session s1 --root ./sessions --dry-run --json',
    'run session compact --journal ./s1.jsonl --out ./archive/s1.jsonl',
  ],
  async run(invocation) {
    const { args, io, echo } = invocation;
    const path = await journalPath(args, echo);
    const out = args.text('out');
    const { openJournal } = await import('../../src/index.js');
    const journal = await openJournal(path, { env: io.env });
    try {
      const startedMs = performance.now();
      const compaction = await whileWorking(invocation, 'compacting', async (tell) =>
        journal.compact({
          dryRun: args.has('dry-run'),
          onProgress: ({ bytes, totalBytes }) => {
            tell(describeBytes(bytes, totalBytes, performance.now() - startedMs));
          },
          ...(out === undefined ? {} : { out }),
        }),
      );
      return describe(compaction);
    } finally {
      await journal.close();
    }
  },
};

function describe(compaction: CompactionResult): Outcome {
  const { compacted, dry_run: dryRun, checkpoints, segment } = compaction;
  const fields = pairs({
    compacted,
    dry_run: dryRun,
    events: `${compaction.events_before}->${compaction.events_after}`,
    checkpoints,
    bytes: `${compaction.bytes_before}->${compaction.bytes_after}`,
  });
  return {
    json: { ok: true, compaction },
    text: [
      `session compact: ${fields}`,
      `size: ${byteSize(compaction.bytes_before)} before, ${byteSize(compaction.bytes_after)} after`,
      ...(compaction.output_path === compaction.journal_path ? [] : [`copy: ${clean(compaction.output_path)}`]),
      ...(segment === undefined
        ? []
        : [
            `segment: ${pairs({ name: segment.name, events: `${segment.first_sequence}..${segment.last_sequence}`, bytes: `${segment.raw_bytes}->${segment.gzip_bytes}` })}`,
          ]),
    ],
    warnings: compacted ? [] : ['nothing to move: only lines that a checkpoint of gait seals can be moved'],
  };
}
