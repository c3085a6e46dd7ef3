/** Lines that reports of several kinds share. Pure. */
import type { SignatureStatus } from '../src/index.js';
import { clean, count } from './text.js';

/** What every report has. */
interface Verdict {
  readonly ok: boolean;
  readonly path: string;
  readonly problem_count: number;
  readonly signature_status: SignatureStatus;
}

/** What every problem has, wherever it is. */
interface Finding {
  readonly kind: string;
  readonly expected?: string;
  readonly found?: string;
  readonly meaning: string;
}

/** The verdict, in the words of the Go tool, and what an `ok` leaves open. */
export function headline({ ok, path, problem_count: problems, signature_status: signatures }: Verdict): string {
  if (!ok) return `verify failed: ${clean(path)} (${count(problems, 'problem')})`;
  return `verify ok: ${clean(path)}${signatures === 'verified' ? '' : ` (${SIGNATURES[signatures]})`}`;
}

/** In a few words, for a line that says `ok` or `valid`. */
export const SIGNATURES: Readonly<Record<SignatureStatus, string>> = {
  verified: 'signatures verified',
  missing: 'not signed',
  skipped: 'signatures not checked',
  failed: 'signatures failed',
};

/** Every problem with its place, then how many more there are. */
export function problemLines<P extends Finding>(
  { problems, problem_count: total }: { readonly problems: readonly P[]; readonly problem_count: number },
  place: (problem: P) => string,
): string[] {
  const more = total - problems.length;
  return [
    ...problems.flatMap((problem) => [
      `problem: ${labelled(place(problem), problem.kind)}`,
      ...(problem.expected === undefined ? [] : [`  expected: ${clean(problem.expected)}`]),
      ...(problem.found === undefined ? [] : [`  found:    ${clean(problem.found)}`]),
      `  meaning:  ${clean(problem.meaning)}`,
    ]),
    ...(more > 0 ? [`… and ${more} more problems`] : []),
  ];
}

/** What is no failure, a line each. */
export function warningLines<P extends Finding>(
  { warnings, warning_count: total }: { readonly warnings: readonly P[]; readonly warning_count: number },
  place: (problem: P) => string,
): string[] {
  const more = total - warnings.length;
  return [
    ...warnings.map((warning) => labelled(place(warning), clean(warning.meaning))),
    ...(more > 0 ? [`… and ${more} more warnings`] : []),
  ];
}

/** What signature lines are made of. */
interface Signed {
  readonly ok: boolean;
  readonly signature_status: SignatureStatus;
  readonly signed_by: readonly string[];
}

/**
 * Who signed, and otherwise why nobody is known to have. Of invalid evidence no part is vouched for: whoever signed did not
 * sign what is there.
 *
 * @param reach how far the signatures go
 */
export function signatureLines({ ok, signature_status: status, signed_by: signedBy }: Signed, reach: string): string[] {
  const signers = signedBy.map((keyId) => `${ok ? 'signed by' : 'holds a signature by'}: ${clean(keyId)}`);
  switch (status) {
    case 'verified':
      return ok ? [...signers, `signed to: ${reach}`] : signers;
    case 'failed':
      return [...signers, 'signatures: failed'];
    case 'missing':
      return ['signatures: none'];
    case 'skipped':
      return ['signatures: not checked, no public key was given'];
  }
}

/** What the verdict on whole evidence leaves open; nothing for evidence that a given key signed. */
export function unprovenLines(verdict: 'valid' | 'unsigned' | 'unchecked' | 'invalid'): string[] {
  if (verdict === 'unsigned') return ['nobody signed it: it is whole in itself, but anybody could have made it'];
  return verdict === 'unchecked' ? ['its signatures were not checked: give the public key with --public-key'] : [];
}

function labelled(place: string, text: string): string {
  return place === '' ? text : `${place}: ${text}`;
}
