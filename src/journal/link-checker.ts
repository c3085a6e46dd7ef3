/**
 * Follows `prev` from line to line and says which line a broken link accuses.
 *
 * Line K+1 names the hash of line K. When that fails, either K was changed or the `prev` of K+1 was; if K+1 was changed,
 * the link from K+2 fails too. So the verdict waits for one more line.
 */
import type { Problem } from './verify-types.js';

export interface LinkedLine {
  readonly line: number;
  readonly byteOffset: number;
  readonly sequence: number | undefined;
  /** Name of the segment that holds it; undefined for the journal file. */
  readonly segment: string | undefined;
}

interface BrokenLink {
  readonly below: LinkedLine;
  readonly above: LinkedLine;
  readonly expected: string;
  readonly found: string;
}

export class LinkChecker {
  readonly #report: (problem: Problem) => void;
  #pending: BrokenLink | undefined;

  constructor(report: (problem: Problem) => void) {
    this.#report = report;
  }

  /**
   * @param below the line before; undefined for the first line
   * @param prev what the line names, if it names anything
   * @param hashBelow leaf hash of the line before, lower-case hex
   * @param witness what the line says a second time of the line below (a checkpoint's `head`)
   */
  next(
    line: LinkedLine,
    below: LinkedLine | undefined,
    prev: string | undefined,
    hashBelow: string | undefined,
    witness?: string,
  ): void {
    if (prev === undefined || below === undefined || hashBelow === undefined) {
      this.finish();
      return;
    }
    const pending = this.#pending;
    const isBroken = prev !== hashBelow;
    this.#pending = undefined;
    if (pending !== undefined) this.#accuse(pending, isBroken ? pending.above : pending.below);
    else if (isBroken) {
      const broken = { below, above: line, expected: prev, found: hashBelow };
      if (witness === prev) this.#accuse(broken, below);
      else if (witness === hashBelow) this.#accuse(broken, line);
      else this.#pending = broken;
    }
  }

  /** The next line's link is known to hold. */
  nextIntact(): void {
    if (this.#pending !== undefined) this.#accuse(this.#pending, this.#pending.below);
    this.#pending = undefined;
  }

  /** Call at the end: a link broken at the last line cannot be told from a change of that line. */
  finish(): void {
    if (this.#pending !== undefined) this.#accuse(this.#pending, undefined);
    this.#pending = undefined;
  }

  #accuse(broken: BrokenLink, accused: LinkedLine | undefined): void {
    const { below, above, expected, found } = broken;
    const meaning =
      accused === above
        ? `line ${above.line} was changed: neither its link to the line before nor the next line's link to it holds`
        : accused === below
          ? `line ${below.line} is not the line that line ${above.line} was written after: it was changed, or lines between them were removed, added or moved`
          : `line ${below.line} or line ${above.line} was changed, or lines between them were removed, added or moved`;
    const place = accused ?? below;
    this.#report({
      kind: 'prev_mismatch',
      line: place.line,
      byte_offset: place.byteOffset,
      ...(place.sequence === undefined ? {} : { sequence: place.sequence }),
      ...(place.segment === undefined ? {} : { segment: place.segment }),
      expected,
      found,
      meaning,
    });
  }
}
