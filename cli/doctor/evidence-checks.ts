/** Whether a journal or chain verifies, and whether anybody signed it. */
import { isGaitError } from '../../src/errors.js';
import { openJournal, verify, type ArtifactReport } from '../../src/index.js';
import { count } from '../text.js';
import { fail, shellWord, type Finding } from './check.js';
import { keysToCheck, knownKeys, sealCommand } from './key-checks.js';
import type { Patient } from './machine.js';

export const CHAIN_SUFFIX = '_chain.json';

/** Nothing for evidence that is well. */
export async function verdict(path: string, name: string, patient: Patient): Promise<Finding[]> {
  let report: ArtifactReport;
  try {
    report = await verify(path, { env: patient.env, publicKeys: knownKeys(patient) });
  } catch (error) {
    if (!isGaitError(error)) throw error;
    return [fail(name, error.message, { path, fix_command: `gait verify ${shellWord(path)}` })];
  }
  if (!report.ok) {
    const [first] = report.problems;
    const what = first === undefined ? '' : `: ${first.meaning}`;
    const key = keysToCheck(patient).publicKey?.path;
    const keys = key === undefined ? '' : ` --public-key ${shellWord(key)}`;
    return [
      fail(name, `${path} does not verify (${count(report.problem_count, 'problem')})${what}`, {
        path,
        fix_command: `gait verify ${shellWord(path)}${keys}`,
        ...(name === 'chain' ? { cure: rebuiltChain(path) } : {}),
      }),
    ];
  }
  const isUnsigned =
    report.kind === 'journal' && report.coverage.checkpoints > 0 && report.signature_status === 'missing';
  if (!isUnsigned || !patient.isProduction) return [];
  return [
    fail('journal_unsigned', `nobody signed the checkpoints of ${path}: whoever can write the file can replace it`, {
      path,
      fix_command: sealCommand(path, patient),
    }),
  ];
}

/** A chain only repeats what the checkpoints in the journal say. */
function rebuiltChain(path: string): () => Promise<string> {
  return async () => {
    const journal = await openJournal(`${path.slice(0, -CHAIN_SUFFIX.length)}.jsonl`);
    try {
      return `wrote ${await journal.rebuildChain()} anew from the journal`;
    } finally {
      await journal.close();
    }
  };
}
