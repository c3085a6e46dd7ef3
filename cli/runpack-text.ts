/** A report on a runpack for people, in the Go tool's lines. Pure. */
import type { RunpackProblem, RunpackReport } from '../src/index.js';
import { problemLines, unprovenLines, warningLines } from './report-parts.js';
import { clean, pairs } from './text.js';

export function describeRunpack(report: RunpackReport): string[] {
  const { run_id, manifest_digest, files_checked, missing_files, hash_mismatches, signed_by } = report;
  const { signature_status, signatures_valid, signatures_total, signature_note, signature_errors } = report;
  return [
    `runpack: ${pairs({ run_id, files: files_checked, manifest_digest })}`,
    ...(missing_files.length === 0 ? [] : [`missing files: ${missing_files.map(clean).join(', ')}`]),
    ...(hash_mismatches.length === 0 ? [] : [`hash mismatches: ${hash_mismatches.length}`]),
    `signature status: ${signature_status} (${signatures_valid} of ${signatures_total} verified)`,
    ...signed_by.map((keyId) => `signed by: ${clean(keyId)}`),
    `signature note: ${clean(signature_note)}`,
    ...(signature_errors.length === 0 ? [] : [`signature errors: ${signature_errors.map(clean).join('; ')}`]),
    ...problemLines(report, placeOf),
    ...nextCommands(report).map((command) => `next: ${command}`),
  ];
}

export function runpackWarnings(report: RunpackReport): string[] {
  return [...unprovenLines(report.verdict), ...warningLines(report, placeOf)];
}

/** What to do now; every one of them is a command of this tool. */
export function nextCommands({ ok, path, signature_status: status }: RunpackReport): string[] {
  const again = `gait verify ${quoted(path)}`;
  if (!ok) return [`${again} --json`, 'gait help exit-codes'];
  if (status === 'verified') return ['gait verify session-chain --help'];
  const strict = `${again} --profile strict --public-key ./gait-out/keys/gait_public.key`;
  return status === 'skipped' ? [strict] : ['gait keys init', 'gait run session checkpoint --help'];
}

function placeOf({ entry, line }: RunpackProblem): string {
  if (entry === undefined) return '';
  return `entry ${clean(entry)}${line === undefined ? '' : `, line ${line}`}`;
}

/** A path as a shell takes it. */
function quoted(path: string): string {
  const text = clean(path);
  return /^[\w./@%+:,-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
