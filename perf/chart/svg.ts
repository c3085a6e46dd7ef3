/** What the charts share: text made harmless, colours, scales. SVG by hand: it is text, and it needs no browser. */

export const FONT = 'font-family="system-ui, sans-serif" font-size="12"';

/** Told apart with and without colour vision; dark enough on white. */
export const COLOURS: readonly string[] = ['#0b62a8', '#c44e00', '#3b7d23', '#7b3fa0', '#8a6d00', '#b0224b', '#4d4d4d'];
export const INK = '#222222';
export const GRID = '#dddddd';

export interface Scale {
  readonly place: (value: number) => number;
  readonly ticks: readonly number[];
}

/** From 0, in round steps. */
export function linearScale(max: number, from: number, to: number): Scale {
  const top = max > 0 && Number.isFinite(max) ? max : 1;
  const rough = top / 5;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = ([1, 2, 5, 10].find((factor) => factor * power >= rough) ?? 10) * power;
  const ticks = Array.from({ length: Math.ceil(top / step) + 1 }, (_, index) => index * step);
  const end = ticks.at(-1) ?? top;
  return { place: (value) => from + ((to - from) * value) / end, ticks };
}

/** Whole powers of ten around the values. Values that are not positive sit at the lower end. */
export function logScale(min: number, max: number, from: number, to: number): Scale {
  const low = Math.floor(Math.log10(min > 0 ? min : 1));
  const high = Math.max(low + 1, Math.ceil(Math.log10(max > 0 ? max : 1)));
  const ticks = Array.from({ length: high - low + 1 }, (_, index) => 10 ** (low + index));
  const place = (value: number): number => {
    const power = value > 0 ? Math.log10(value) : low;
    return from + ((to - from) * (Math.min(high, Math.max(low, power)) - low)) / (high - low);
  };
  return { place, ticks };
}

function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}

export function textAt(x: number, y: number, text: string, attributes = ''): string {
  return `<text x="${round(x)}" y="${round(y)}" ${FONT} fill="${INK}" ${attributes}>${escapeXml(text)}</text>`;
}

export function lineFrom(x1: number, y1: number, x2: number, y2: number, attributes: string): string {
  return `<line x1="${round(x1)}" y1="${round(y1)}" x2="${round(x2)}" y2="${round(y2)}" ${attributes}/>`;
}

export function round(value: number): number {
  return Math.round(value * 10) / 10;
}

/** 12,000 is 12k, 3,400,000 is 3.4M. */
export function tickText(value: number): string {
  const [divisor, suffix] = value >= 1e6 ? [1e6, 'M'] : value >= 1e4 ? [1e3, 'k'] : [1, ''];
  return `${(value / divisor).toLocaleString('en-US', { maximumSignificantDigits: 3 })}${suffix}`;
}

export function svgOf(width: number, height: number, title: string, body: readonly string[]): string {
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img">`,
    `<title>${escapeXml(title)}</title>`,
    `<rect width="${width}" height="${height}" fill="#ffffff"/>`,
    ...body,
    '</svg>\n',
  ].join('\n');
}
