import type { VerifyReport } from '../../src/index.js';
import type { Command, Invocation } from '../command.js';
import { EXIT_CODES, EXIT_OK, INTERRUPT_CODES } from '../exit-codes.js';
import { Interruption } from '../interruption.js';
import { ProgressLine } from '../progress.js';
import { describeReport, describeWarnings } from '../report-text.js';
import { journalPath, TARGET_FLAGS } from '../target.js';
import { count } from '../text.js';

/** `gait verify PATH`: the verdict on a journal, what it covers, and every problem. Exits 2 when it is invalid. */
export const verify: Command = {
  flags: TARGET_FLAGS,
  positionals: ['[PATH]'],
  examples: ['verify ./s1.jsonl', 'verify --session s1 --root ./sessions --json'],
  async run(invocation) {
    const { args, echo } = invocation;
    const path = await journalPath(args, echo, args.positionals[0]);
    const interruption = new Interruption(invocation.io);
    try {
      const report = await check(path, invocation, interruption.abortSignal);
      return {
        exitCode: report.ok ? EXIT_OK : EXIT_CODES.verification_failed,
        json: { ...report },
        text: describeReport(report),
        warnings: describeWarnings(report),
      };
    } catch (error) {
      if (interruption.received === undefined) throw error;
      return { exitCode: INTERRUPT_CODES[interruption.received] };
    } finally {
      interruption.release();
    }
  },
};

async function check(path: string, { io, out, json }: Invocation, signal: AbortSignal): Promise<VerifyReport> {
  const library = await import('../../src/index.js');
  const progress = new ProgressLine(io, out, json);
  try {
    return await library.verifyJournal(path, {
      env: io.env,
      signal,
      onProgress: ({ bytes, totalBytes, lines }) => {
        progress.update(() => `verifying: ${Math.floor((bytes / totalBytes) * 100)} %, ${count(lines, 'line')}`);
      },
    });
  } finally {
    await progress.clear();
  }
}
