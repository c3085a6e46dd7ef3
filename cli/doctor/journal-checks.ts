/** Every journal of the root: does it verify, who holds it, what is not sealed, does its chain hold. */
import { inspectHealth, listSessions, type SessionListEntry } from '../../src/index.js';
import { byteSize, count } from '../text.js';
import { fail, FIX_COMMAND, fixCommandFor, pass, shellWord, warn, type Finding } from './check.js';
import { CHAIN_SUFFIX, verdict } from './evidence-checks.js';
import { indexFindings, lastEventFindings, lockFindings, tailFindings, type Journal } from './journal-findings.js';
import type { Patient } from './machine.js';

/** Verified in full without being asked; more of it takes its time, and `gait verify` shows how much. */
const VERIFY_BYTES = 256 * 1024 * 1024;

export async function journalChecks(patient: Patient): Promise<Finding[]> {
  const { root, machine, env } = patient;
  if (machine.look(root).kind !== 'folder') return [];
  const found: Finding[] = [];
  let journals = 0;
  let verifiedBytes = 0;
  const leftOut: string[] = [];
  for await (const entry of listSessions(root, { env })) {
    journals++;
    patient.tell(`${count(journals, 'journal')} looked at`);
    if ('error' in entry) {
      found.push(unreadable(entry));
      continue;
    }
    const journal: Journal = { ...entry, health: await inspectHealth(entry.path, { env }) };
    found.push(...lockFindings(journal), ...tailFindings(journal), ...indexFindings(journal));
    found.push(...(await lastEventFindings(journal, patient)));
    if (verifiedBytes + journal.health.sizeBytes > VERIFY_BYTES) leftOut.push(entry.path);
    else {
      verifiedBytes += journal.health.sizeBytes;
      found.push(...(await verdict(entry.path, 'journal_damaged', patient)));
    }
  }
  for (const name of machine.list(root).filter((entry) => entry.endsWith(CHAIN_SUFFIX))) {
    found.push(...(await verdict(`${root}/${name}`, 'chain', patient)));
  }
  const checked = `${count(journals, 'journal')}, ${byteSize(verifiedBytes)} verified`;
  const isWell = found.every(({ status }) => status === 'pass');
  return [
    pass('journals', isWell ? `${checked}, nothing wrong` : checked, { path: root }),
    ...(leftOut.length === 0 ? [] : [tooMuch(leftOut)]),
    ...found.map((finding) =>
      finding.fix_command === FIX_COMMAND ? { ...finding, fix_command: fixCommandFor(root) } : finding,
    ),
  ];
}

function tooMuch(paths: readonly string[]): Finding {
  const [first = ''] = paths;
  return pass('journals_not_verified', `${count(paths.length, 'journal')} too large to verify by the way`, {
    fix_command: `gait verify ${shellWord(first)}`,
  });
}

function unreadable({ path, error }: Extract<SessionListEntry, { readonly error: unknown }>): Finding {
  const verifyIt = { path, fix_command: `gait verify ${shellWord(path)}` };
  if (error.code === 'JOURNAL_EMPTY') {
    return warn('journal_empty', `${path} has no first line: its start was cut short`, {
      path,
      fix_command: `gait run session start --journal ${shellWord(path)} --session-id ID --run-id ID`,
    });
  }
  return error.code === 'JOURNAL_TRUNCATED'
    ? fail('journal_truncated', `${error.message}: ${error.hint}`, verifyIt)
    : fail('journal_damaged', `${error.message} (${error.code})`, verifyIt);
}
