/** What the demo does, step by step, with the library as anybody would use it. */
import type { Environment, JournalLine, ReadOptions, VerifyReport } from '../src/index.js';
import { appendStream } from './append-stream.js';
import type { DemoFacts, Proven, Tampering } from './demo-text.js';
import { copyWithByte, openDemoEvents } from './files.js';
import {
  initKeys,
  loadPrivateKey,
  openJournal,
  planPrune,
  proveInclusion,
  readJournal,
  readStatus,
  sessionJournalPath,
  startSession,
  verify,
  verifyJournal,
  writeNewFile,
} from '../src/index.js';

/** How many events the demo prints. */
const SAMPLE_EVENTS = 4;

/** Bit that tells upper case from lower case in ASCII. */
const CASE_BIT = 0x20;

/** So far ahead the demo asks what a prune would do: sessions of the short profile are kept for three days. */
const LATER_MS = 30 * 24 * 3_600_000;

/** @param folder an empty one, which all files go into */
export async function playDemo(folder: string, environment: Environment): Promise<DemoFacts> {
  const root = `${folder}/sessions`;
  const journal = sessionJournalPath(root, 'demo');
  await startSession(journal, { session_id: 'demo', run_id: 'run_demo' }, environment);
  const startedMs = performance.now();
  const appended = await appendEvents(journal, environment);
  const elapsedMs = performance.now() - startedMs;
  const status = await readStatus(journal, environment);
  const sample = await eventLines(journal, { ...environment, fromSequence: 1, toSequence: SAMPLE_EVENTS });
  const { keyId, privateKeyPath } = initKeys({ ...environment, outDir: `${folder}/keys` });
  const key = loadPrivateKey({ path: privateKeyPath }, environment);
  await sealForGood(journal, `${folder}/demo.note`, { ...environment, key });
  const publicKeys = [key.publicKey];
  const report = await verifyJournal(journal, { ...environment, publicKeys });
  const middle = Math.ceil(appended / 2);
  const proven = await prove(journal, middle, `${folder}/event${middle}.proof`, { ...environment, publicKeys });
  const tampering = await tamper(journal, `${folder}/tampered.jsonl`, middle, { ...environment, publicKeys });
  const clock = environment.clock ?? Date.now;
  const plan = await planPrune(root, { ...environment, profile: 'short', clock: () => clock() + LATER_MS });
  return { journal, keyId, appended, elapsedMs, status, sample, report, proven, tampering, plan };
}

type Checking = Environment & { readonly publicKeys: readonly Uint8Array[] };

/** The way of `append --stdin`, with the package's events for standard input. */
async function appendEvents(path: string, environment: Environment): Promise<number> {
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

async function sealForGood(
  path: string,
  noteOut: string,
  { key, ...environment }: Environment & { readonly key: ReturnType<typeof loadPrivateKey> },
): Promise<void> {
  const journal = await openJournal(path, environment);
  try {
    await journal.complete({ key, noteOut });
  } finally {
    await journal.close();
  }
}

async function prove(
  path: string,
  sequence: number,
  out: string,
  { publicKeys, ...environment }: Checking,
): Promise<Proven> {
  const { text } = await proveInclusion(path, sequence, environment);
  await writeNewFile(out, Buffer.from(text), environment);
  const { ok } = await verify(out, { ...environment, publicKeys });
  return { sequence, path: out, size_bytes: Buffer.byteLength(text), ok };
}

/** Changes the case of one letter in a tool's name, in a copy: the line stays whole, plausible and of the same length. */
async function tamper(path: string, copy: string, sequence: number, checking: Checking): Promise<Tampering> {
  const { publicKeys, ...environment } = checking;
  const [line] = await eventLines(path, { ...environment, fromSequence: sequence, toSequence: sequence });
  const text = Buffer.from(line?.text ?? '');
  const key = '"tool_name":"';
  const at = text.indexOf(key) + key.length;
  const byte_offset = (line?.byteOffset ?? 0) + at;
  await copyWithByte(path, copy, byte_offset, (text[at] ?? 0) ^ CASE_BIT);
  const report = await verifyJournal(copy, { ...environment, publicKeys });
  // The header is the first line, so the event with sequence n is on line n + 1.
  return {
    line: sequence + 1,
    sequence,
    byte_offset,
    before: line?.recordType === 'event' ? line.event.tool_name : '',
    caught: isCaught(report, sequence + 1),
    report,
  };
}

/** Caught means: by name of the very line. */
function isCaught(report: VerifyReport, line: number): boolean {
  return !report.ok && report.problems.some((problem) => problem.line === line);
}

async function eventLines(path: string, options: ReadOptions): Promise<JournalLine[]> {
  const lines: JournalLine[] = [];
  for await (const line of readJournal(path, options)) if (line.recordType === 'event') lines.push(line);
  return lines;
}
