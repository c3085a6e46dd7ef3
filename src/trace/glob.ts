/** Names with `*` for any text and `?` for one character. Linear in both lengths but for the stars, whatever a stranger wrote. */

export function matchesGlob(pattern: string, text: string): boolean {
  let [inPattern, inText] = [0, 0];
  /** The last star, and how far the text had come when it was met. */
  let [star, resume] = [-1, 0];
  while (inText < text.length) {
    const wanted = pattern[inPattern];
    if (wanted === '*') {
      star = inPattern;
      resume = inText;
      inPattern += 1;
    } else if (wanted === '?' || (wanted !== undefined && wanted === text[inText])) {
      inPattern += 1;
      inText += 1;
    } else if (star !== -1) {
      // The star takes one character more.
      resume += 1;
      inText = resume;
      inPattern = star + 1;
    } else {
      return false;
    }
  }
  while (pattern[inPattern] === '*') inPattern += 1;
  return inPattern === pattern.length;
}
