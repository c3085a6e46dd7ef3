/** Whether a number written in JSON keeps its value in an IEEE 754 double. */

/** Sign, integer digits, fraction digits, exponent of a JSON number. */
const NUMBER_PARTS = /^(-?)([0-9]+)(?:\.([0-9]+))?(?:[eE]([+-]?[0-9]+))?$/;

/**
 * True when the decimal value of a JSON number (RFC 8259 grammar) is that of the text its double prints: `1.0` and
 * `1e2` are, `0.1000000000000000055` and `1e400` are not, nor is `-0`, which RFC 8785 prints as `0`.
 */
export function isExactNumber(text: string): boolean {
  const double = Number(text);
  if (Object.is(double, -0) || !Number.isFinite(double)) return false;
  const printed = String(double);
  return printed === text || scientific(text) === scientific(printed);
}

/** One spelling for one decimal value: digits without zeros at either end, and the power of ten of the last digit. */
function scientific(text: string): string {
  const parts = NUMBER_PARTS.exec(text);
  if (parts === null) return '';
  const [, sign = '', integer = '', fraction = '', exponent = '0'] = parts;
  const digits = integer + fraction;
  // Loops, not patterns: a pattern for trailing zeros takes quadratic time on a long run of zeros before another digit.
  let first = 0;
  while (digits[first] === '0') first++;
  let end = digits.length;
  while (end > first && digits[end - 1] === '0') end--;
  if (first === end) return '0';
  // An exponent too long for a double to count has overflowed to infinity or been rounded to zero by now.
  const power = Number(exponent) - fraction.length + (digits.length - end);
  return `${sign}${digits.slice(first, end)}e${power}`;
}
