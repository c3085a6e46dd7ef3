/** Collects problems and warnings, all counted, the first of them kept. */

/** How many problems, and how many warnings, a report spells out. */
const MAX_REPORTED = 1_000;

export class Findings<P> {
  readonly problems: P[] = [];
  readonly warnings: P[] = [];
  problemCount = 0;
  warningCount = 0;

  problem(problem: P): void {
    this.problemCount += 1;
    if (this.problems.length < MAX_REPORTED) this.problems.push(problem);
  }

  warning(warning: P): void {
    this.warningCount += 1;
    if (this.warnings.length < MAX_REPORTED) this.warnings.push(warning);
  }

  /** The four fields of a report. */
  summary(): {
    readonly problems: readonly P[];
    readonly problem_count: number;
    readonly warnings: readonly P[];
    readonly warning_count: number;
  } {
    return {
      problems: this.problems,
      problem_count: this.problemCount,
      warnings: this.warnings,
      warning_count: this.warningCount,
    };
  }
}
