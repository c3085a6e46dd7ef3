// Arithmetic on V8 block coverage: a script's nested ranges, flattened to one bit a character so that the coverage of
// many processes can be united, and back.
//
// A range's count holds for its characters except those of a range nested in it.

/** @typedef {import('node:inspector').Profiler.FunctionCoverage} FunctionCoverage */

/**
 * Which characters of a script ran in one process.
 *
 * @param {readonly FunctionCoverage[]} functions as in a NODE_V8_COVERAGE dump; offsets in UTF-16 units
 * @param {number} length the script's length in UTF-16 units
 * @returns {Uint8Array} 1 where the character ran
 */
export function paintScript(functions, length) {
  const painted = new Uint8Array(length);
  const ranges = functions.flatMap((fn) => fn.ranges);
  // Outer before inner. The sort is stable, so of two equal ranges the later one wins, as V8 emits them.
  ranges.sort((a, b) => b.endOffset - b.startOffset - (a.endOffset - a.startOffset));
  for (const range of ranges) painted.fill(range.count > 0 ? 1 : 0, range.startOffset, range.endOffset);
  return painted;
}

/**
 * Adds the characters that ran in another process to `target`, in place.
 *
 * @param {Uint8Array} target
 * @param {Uint8Array} other of the same length
 */
export function unite(target, other) {
  for (const [i, ran] of other.entries()) if (ran === 1) target[i] = 1;
}

/**
 * The painted script as V8 would report it for one process: one function that ran, and a range for each stretch that
 * did not.
 *
 * @param {Uint8Array} painted
 * @returns {FunctionCoverage[]}
 */
export function rangesOf(painted) {
  const ranges = [{ startOffset: 0, endOffset: painted.length, count: 1 }];
  for (let start = painted.indexOf(0); start !== -1;) {
    const next = painted.indexOf(1, start);
    const end = next === -1 ? painted.length : next;
    ranges.push({ startOffset: start, endOffset: end, count: 0 });
    start = painted.indexOf(0, end);
  }
  return [{ functionName: '', isBlockCoverage: true, ranges }];
}
