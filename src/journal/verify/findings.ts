/** Collects what a verifier finds, in bounded memory. */
import type { Problem } from '../verify-types.js';

/** How many problems, and how many warnings, a report spells out; all are counted. */
const MAX_REPORTED = 1_000;

export interface FindingsReport {
  readonly ok: boolean;
  readonly verdict: 'valid' | 'invalid';
  readonly problems: readonly Problem[];
  readonly problem_count: number;
  readonly warnings: readonly Problem[];
  readonly warning_count: number;
}

export class Findings {
  readonly #problems: Problem[] = [];
  readonly #warnings: Problem[] = [];
  #problemCount = 0;
  #warningCount = 0;

  problem(problem: Problem): void {
    this.#problemCount += 1;
    if (this.#problems.length < MAX_REPORTED) this.#problems.push(problem);
  }

  warning(warning: Problem): void {
    this.#warningCount += 1;
    if (this.#warnings.length < MAX_REPORTED) this.#warnings.push(warning);
  }

  /** A problem where the profile says so, else a warning. */
  either(isProblem: boolean, finding: Problem): void {
    if (isProblem) this.problem(finding);
    else this.warning(finding);
  }

  report(): FindingsReport {
    const ok = this.#problemCount === 0;
    return {
      ok,
      verdict: ok ? 'valid' : 'invalid',
      // A broken link is known one line late: give them in the order of the file.
      problems: this.#problems.toSorted((a, b) => a.line - b.line),
      problem_count: this.#problemCount,
      warnings: this.#warnings,
      warning_count: this.#warningCount,
    };
  }
}
