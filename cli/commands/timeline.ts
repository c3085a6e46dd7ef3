/** `gait timeline`: what happened, in order, in one question. */
import { ERROR_CODES, GaitError, type ErrorCode } from '../../src/errors.js';
import type {
  TimelineClock,
  TimelineEntry,
  TimelineFilter,
  TimelineSource,
  TimelineSummary,
  Verdict,
} from '../../src/index.js';
import type { Command, Invocation, Outcome } from '../command.js';
import { EXIT_CODES, EXIT_OK } from '../exit-codes.js';
import type { Arguments } from '../flags.js';
import { DEFAULT_ROOT, ROOT_FLAG } from '../target.js';
import { timelineMarkdown, timelineTable, timelineWarnings } from '../timeline-text.js';

const FORMATS = ['table', 'json', 'ndjson', 'markdown'] as const;
type Format = (typeof FORMATS)[number];

/** Text is collected up to here before it is written. */
const WRITE_LENGTH = 65_536;

export const timelineCommand: Command = {
  flags: [
    ROOT_FLAG,
    { name: 'journal', value: 'PATH', help: 'this journal in place of a root; repeatable, as is the argument' },
    {
      name: 'session',
      value: 'ID',
      help: 'one session, with the holds and removals that are about it; --correlation-id ID asks for all that has that id',
    },
    { name: 'tool', value: 'GLOB', help: 'tools by name, * for any text, ? for one character' },
    { name: 'verdict', value: 'V', help: 'allow, block, dry_run or require_approval' },
    { name: 'from', value: 'TIME', help: 'first time, included (RFC 3339)' },
    { name: 'to', value: 'TIME', help: 'last time, included' },
    { name: 'around', value: 'N|TIME', help: 'what happened around an event of one session, or around a time' },
    { name: 'window', value: 'D', help: 'with --around: so long before and after it, such as 30s or 5m (default 5m)' },
    { name: 'limit', value: 'N', help: 'at most so many entries, the first in time (default 1000)' },
    {
      name: 'by',
      value: 'CLOCK',
      help: 'created_at (default): when it was decided or done, bound by the digests, so it cannot be changed unseen; observed_at: when a trace was emitted by the clock of its host, to find delays and repeats, not to prove an order',
    },
    { name: 'trace-dir', value: 'DIR', help: 'one more folder with traces; repeatable' },
    { name: 'format', value: 'F', help: 'table (default), json, ndjson or markdown' },
  ],
  positionals: ['[JOURNAL...]'],
  examples: [
    'timeline --root ./sessions --from 2026-02-01T09:00:00Z --to 2026-02-01T10:00:00Z',
    'timeline --session s1 --root ./sessions --around 12 --window 5m',
    'timeline --root ./sessions --correlation-id req-7 --verdict block --format markdown',
    'timeline ./s1.jsonl ./s2.jsonl --tool "fs.*" --json',
  ],
  async run(invocation) {
    const { args, io, echo } = invocation;
    const format = formatOf(invocation);
    const source = sourceOf(args);
    if (typeof source === 'string') echo['root'] = source;
    const { timeline } = await import('../../src/index.js');
    let summary: TimelineSummary | undefined;
    const filter: TimelineFilter = {
      ...(await filterOf(invocation)),
      env: io.env,
      onSummary: (told) => (summary = told),
    };
    const entries: TimelineEntry[] = [];
    for await (const entry of timeline(source, filter)) entries.push(entry);
    if (summary === undefined) throw new GaitError('INTERNAL', 'a timeline without a summary');
    return await outcomeOf(invocation, format, entries, summary);
  },
};

async function outcomeOf(
  invocation: Invocation,
  format: Format,
  entries: readonly TimelineEntry[],
  summary: TimelineSummary,
): Promise<Outcome> {
  const exitCode = exitCodeOf(summary);
  const { entries: _, ...facts } = summary;
  switch (format) {
    case 'json':
      return { exitCode, json: { ok: exitCode === EXIT_OK, entries, ...facts } };
    case 'ndjson':
      await printLines(invocation, entries, { ok: exitCode === EXIT_OK, kind: 'summary', ...summary });
      return { exitCode };
    case 'markdown':
      return { exitCode, text: timelineMarkdown(entries, summary), warnings: timelineWarnings(summary) };
    case 'table':
      return { exitCode, text: timelineTable(entries, summary), warnings: timelineWarnings(summary) };
  }
}

/** An entry a line, and what they cover on the last. */
async function printLines(
  { out, correlationId }: Invocation,
  entries: readonly TimelineEntry[],
  summary: Readonly<Record<string, unknown>>,
): Promise<void> {
  const { canonicalJson } = await import('../../src/index.js');
  let pending = '';
  for (const entry of entries) {
    pending += `${canonicalJson(entry)}\n`;
    if (pending.length < WRITE_LENGTH) continue;
    await out.write(pending);
    pending = '';
    if (out.closed) return;
  }
  await out.write(`${pending}${canonicalJson({ ...summary, correlation_id: await correlationId() })}\n`);
}

function sourceOf(args: Arguments): TimelineSource {
  const journals = [...args.positionals, ...args.texts('journal')];
  const root = args.text('root');
  if (journals.length === 0) return root ?? DEFAULT_ROOT;
  if (root === undefined) return { journals };
  throw new GaitError('INVALID_ARGUMENT', 'give --root or journals, not both', { details: { flag: 'root' } });
}

/** Of the correlation ids only the flag asks for anything: the variable is about this run. */
async function filterOf({ args }: Invocation): Promise<TimelineFilter> {
  const window = args.text('window');
  const limit = args.whole('limit');
  const around = args.text('around');
  const correlationId = args.text('correlation-id');
  const texts = {
    sessionId: args.text('session'),
    correlationId,
    tool: args.text('tool'),
    from: args.text('from'),
    to: args.text('to'),
    // Unknown words are refused by the library, by name.
    verdict: args.text('verdict')?.toLowerCase() as Verdict | undefined,
    by: args.text('by') as TimelineClock | undefined,
    around: around !== undefined && /^\d+$/.test(around) ? Number(around) : around,
    windowMs: window === undefined ? undefined : await milliseconds(window),
    limit,
  };
  const given = Object.fromEntries(Object.entries(texts).filter(([, value]) => value !== undefined));
  return { ...(given as TimelineFilter), traceDirs: args.texts('trace-dir') };
}

async function milliseconds(text: string): Promise<number> {
  const { parseDurationMs } = await import('../../src/index.js');
  const ms = parseDurationMs(text);
  if (ms !== undefined) return ms;
  throw new GaitError('INVALID_ARGUMENT', '--window is a duration such as 30s or 5m', { details: { flag: 'window' } });
}

function formatOf({ args, json }: Invocation): Format {
  const word = args.text('format');
  if (word === undefined) return json ? 'json' : 'table';
  const format = FORMATS.find((known) => known === word);
  if (format === undefined) {
    throw new GaitError('INVALID_ARGUMENT', `--format is one of ${FORMATS.join(', ')}`, {
      details: { flag: 'format' },
    });
  }
  if (args.has('json') && format !== 'json' && format !== 'ndjson') {
    throw new GaitError('INVALID_ARGUMENT', `--json and --format ${format} contradict each other`, {
      details: { flag: 'format' },
    });
  }
  return format;
}

/** The worst of what could not be read decides: evidence that is corrupt before anything else. */
function exitCodeOf({ problems }: TimelineSummary): number {
  const codes = problems.map(({ error_code: code }) => EXIT_CODES[ERROR_CODES[code as ErrorCode].category]);
  const { verification_failed: corrupt } = EXIT_CODES;
  return codes.includes(corrupt) ? corrupt : (codes[0] ?? EXIT_OK);
}
