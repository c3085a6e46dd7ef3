import type { Environment, JournalLine, ReadOptions, VerifyReport } from '../../src/index.js';
import type { Command } from '../command.js';
import { describeDemo, type DemoFacts, type Tampering } from '../demo-text.js';
import { EXIT_CODES, EXIT_OK } from '../exit-codes.js';

/** How many events the demo prints. */
const SAMPLE_EVENTS = 4;

/** Bit that tells upper case from lower case in ASCII. */
const CASE_BIT = 0x20;

/** `gait demo`: a session of real events, verified, tampered with and caught. Exits 1 when it does not go as promised. */
export const demo: Command = {
  flags: [{ name: 'keep', help: 'leave the temporary folder in place' }],
  examples: ['demo', 'demo --keep --json'],
  async run({ args, io }) {
    const { makeDemoFolder, removeFolder } = await import('../files.js');
    const isKept = args.has('keep');
    const folder = await makeDemoFolder();
    try {
      const facts = await play(folder, { env: io.env });
      const { appended, elapsedMs, status, report, tampering } = facts;
      const ok = isAsPromised(facts);
      return {
        exitCode: ok ? EXIT_OK : EXIT_CODES.internal_failure,
        json: { ok, folder, kept: isKept, appended, elapsed_ms: Math.round(elapsedMs), status, report, tampering },
        text: describeDemo(facts, ok, isKept ? folder : undefined),
      };
    } finally {
      if (!isKept) await removeFolder(folder);
    }
  },
};

async function play(folder: string, environment: Environment): Promise<DemoFacts> {
  const library = await import('../../src/index.js');
  const journal = library.sessionJournalPath(folder, 'demo');
  await library.startSession(journal, { session_id: 'demo', run_id: 'run_demo' }, environment);
  const startedMs = performance.now();
  const appended = await appendEvents(journal, environment);
  const elapsedMs = performance.now() - startedMs;
  const status = await library.readStatus(journal, environment);
  const sample = await eventLines(journal, { ...environment, fromSequence: 1, toSequence: SAMPLE_EVENTS });
  const report = await library.verifyJournal(journal, environment);
  const tampering = await tamper(journal, `${folder}/tampered.jsonl`, Math.ceil(status.last_sequence / 2), environment);
  return { journal, appended, elapsedMs, status, sample, report, tampering };
}

/** The way of `append --stdin`, with the package's events for standard input. */
async function appendEvents(path: string, environment: Environment): Promise<number> {
  const { openJournal } = await import('../../src/index.js');
  const { openDemoEvents } = await import('../files.js');
  const { appendStream } = await import('../append-stream.js');
  const progress = { appended: 0, skipped: 0, lastSequence: 0 };
  const journal = await openJournal(path, environment);
  try {
    await appendStream(journal, openDemoEvents(), progress, {
      defaults: {},
      onReceipts: async () => await Promise.resolve(),
      isStopped: () => false,
    });
  } finally {
    await journal.close();
  }
  return progress.appended;
}

/** Changes the case of one letter in a tool's name, in a copy: the line stays whole, plausible and of the same length. */
async function tamper(path: string, copy: string, sequence: number, environment: Environment): Promise<Tampering> {
  const { verifyJournal } = await import('../../src/index.js');
  const { copyWithByte } = await import('../files.js');
  const [line] = await eventLines(path, { ...environment, fromSequence: sequence, toSequence: sequence });
  const text = Buffer.from(line?.text ?? '');
  const key = '"tool_name":"';
  const at = text.indexOf(key) + key.length;
  const byte_offset = (line?.byteOffset ?? 0) + at;
  await copyWithByte(path, copy, byte_offset, (text[at] ?? 0) ^ CASE_BIT);
  const report = await verifyJournal(copy, environment);
  // The header is the first line, so the event with sequence n is on line n + 1.
  return {
    line: sequence + 1,
    sequence,
    byte_offset,
    before: toolName(line),
    caught: isCaught(report, sequence + 1),
    report,
  };
}

function toolName(line: JournalLine | undefined): string {
  return line?.recordType === 'event' ? line.event.tool_name : '';
}

/** Caught means: by name of the very line. */
function isCaught(report: VerifyReport, line: number): boolean {
  return !report.ok && report.problems.some((problem) => problem.line === line);
}

function isAsPromised({ appended, status, report, tampering }: DemoFacts): boolean {
  return appended > 0 && status.event_count === appended && report.ok && tampering.caught;
}

async function eventLines(path: string, options: ReadOptions): Promise<JournalLine[]> {
  const { readJournal } = await import('../../src/index.js');
  const lines: JournalLine[] = [];
  for await (const line of readJournal(path, options)) if (line.recordType === 'event') lines.push(line);
  return lines;
}
