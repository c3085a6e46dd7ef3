/** What `gait help TOPIC` says of things that are no commands. Pure. */
import { EXIT_CODE_MEANINGS } from './exit-codes.js';
import { table } from './text.js';

const ENVIRONMENT: readonly (readonly [name: string, meaning: string])[] = [
  ['GAIT_CORRELATION_ID', 'correlation id of every command that is given none; kept in events that are appended'],
  ['HOME', 'with .gait/runpacks, where verify looks for the runpack of a run id after gait-out'],
  ['any name', 'as given by --private-key-env or --public-key-env: holds a key, as its file would'],
  ['GAIT_SESSION_LOCK_PROFILE', 'standard (default) or swarm: how writers of one journal wait for each other'],
  ['GAIT_SESSION_LOCK_TIMEOUT', 'how long a writer waits, such as 2s or 500ms'],
  ['GAIT_SESSION_LOCK_RETRY', 'pause between two attempts, such as 50ms'],
  ['GAIT_SESSION_LOCK_STALE_AFTER', 'age at which the lock of a dead writer is taken over, such as 5m'],
  ['NO_COLOR', 'set to anything: no colour, whatever the terminal'],
  ['FORCE_COLOR', 'set to anything but 0: colour also where there is no terminal'],
];

const CONCEPTS: readonly (readonly [name: string, meaning: string])[] = [
  ['journal', 'the evidence of one session: a file with one JSON object a line, only ever appended to'],
  ['event', 'one decision about one tool call: what was asked, what was decided, by which rule'],
  ['link', 'every line names the hash of the line before it, so none can be changed, dropped or moved unseen'],
  ['receipt', 'what an append returns: with it alone, a later truncation or rewrite can be shown'],
  ['checkpoint', 'a line that seals all lines before it under one root hash, signed when a key is given'],
  ['note', 'the signed root as a text of its own; kept elsewhere, it pins what the journal must still hold'],
  ['proof', 'shows that one event is in a signed log, or that a log only grew, without the rest of the log'],
  ['runpack', 'a zip of the events of one checkpoint, to hand over'],
  ['chain', 'the list of all checkpoints of a session and their runpacks'],
  ['trace', 'the signed record of a single decision'],
  ['payload', 'evidence too large for a line, or that may have to be erased: a file of its own, named by its hash'],
  ['profile', 'what may be pruned and when; without one nothing ever is'],
  ['hold', 'keeps a session from being pruned until it is released'],
  ['valid, unsigned', 'valid: whole, and signed by a key you gave; unsigned: whole, but anybody could have made it'],
];

const FILES: readonly (readonly [path: string, meaning: string])[] = [
  ['gait-out/sessions/ID.jsonl', 'the journal of a session: the evidence itself'],
  ['ID.jsonl.lock', 'held by a writer; removed by itself'],
  ['ID.jsonl.gait/index', 'makes opening fast; can be deleted'],
  ['ID.jsonl.gait/guard', 'the kernel lock of writers on this host; can be deleted when nobody writes'],
  ['ID.jsonl.gait/payloads/', 'contents that events name by their hash'],
  ['ID.jsonl.gait/segments/', 'lines that compaction moved out of the journal: evidence'],
  ['ID.jsonl.gait/torn/', 'what a repair cut off, kept for those who want to look'],
  ['ID.jsonl.state.json', 'index for the Go tool; can be deleted'],
  ['ID_chain.json', 'the chain; can be made again from the journal'],
  ['gait-out/sessions/gait.ledger.jsonl', 'what was held, pruned and erased, and why: evidence'],
  ['gait-out/keys/gait_private.key', 'signs; keep it secret, and out of version control'],
  ['gait-out/keys/gait_public.key', 'verifies; give it away'],
  ['.gait/config.yaml', 'configuration: retention profiles'],
];

const page = (title: string, rows: readonly (readonly [string, string])[]): string =>
  [title, ...table(rows.map(([name, meaning]) => [`  ${name}`, meaning]))].join('\n');

/** By their names. */
export const TOPICS: Readonly<Record<string, () => string>> = {
  concepts: () => page('What gait is made of:', CONCEPTS),
  files: () => page('Files, where they are unless flags say otherwise:', FILES),
  'exit-codes': () =>
    page(
      'Exit codes:',
      EXIT_CODE_MEANINGS.map(([code, meaning]) => [String(code), meaning]),
    ),
  environment: () => page('Environment variables:', ENVIRONMENT),
};
