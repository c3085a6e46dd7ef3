/** The chart of a benchmark run: every row's ratio to its floor, on a logarithmic scale, with the peers on the same line. */
import type { Row } from '../report.js';
import { COLOURS, FONT, GRID, INK, lineFrom, logScale, round, svgOf, textAt, tickText } from './svg.js';

const WIDTH = 1_000;
const LEFT = 400;
const RIGHT = 70;
const ROW_HEIGHT = 24;
const TOP = 88;

/** The first colour is the project's own. */
const PEER_COLOURS = COLOURS.slice(1);

interface Bar {
  readonly label: string;
  readonly ratio: number;
  readonly isLowerBetter: boolean;
  /** Peers as a ratio to the same floor. */
  readonly peers: readonly { readonly name: string; readonly ratio: number }[];
}

/** Rows without a floor are left out: there is nothing to draw them against. */
export function ratioChart(title: string, rows: readonly Row[]): string {
  const bars = rows.flatMap(toBar);
  const names = [...new Set(bars.flatMap(({ peers }) => peers.map(({ name }) => name)))];
  const legendHeight = 20 * names.length + 30;
  const plotEnd = TOP + ROW_HEIGHT * bars.length;
  const all = bars.flatMap(({ ratio, peers }) => [ratio, ...peers.map((peer) => peer.ratio)]);
  const scale = logScale(Math.min(1, ...all), Math.max(1, ...all), LEFT, WIDTH - RIGHT);
  const grid = scale.ticks.flatMap((tick) => [
    lineFrom(scale.place(tick), TOP - 6, scale.place(tick), plotEnd, `stroke="${tick === 1 ? INK : GRID}"`),
    textAt(scale.place(tick), TOP - 12, `${tickText(tick)} x`, 'text-anchor="middle"'),
  ]);
  const colourOf = (name: string): string => PEER_COLOURS[names.indexOf(name) % PEER_COLOURS.length] ?? INK;
  const body = bars.flatMap((bar, index) => drawBar(bar, TOP + ROW_HEIGHT * index, scale.place, colourOf));
  const legend = names.map((name, index) => {
    const y = plotEnd + 24 + 20 * index;
    return `${marker(LEFT, y - 4, colourOf(name))}${textAt(LEFT + 12, y, name)}`;
  });
  const heading = [
    textAt(16, 24, title, 'font-weight="bold"'),
    textAt(
      16,
      42,
      'bars: gait / floor, medians; of rates more is better, of times and memory (lighter) less. Marks: peers / the same floor.',
    ),
  ];
  return svgOf(WIDTH, plotEnd + legendHeight, title, [...heading, ...grid, ...body, ...legend]);
}

function toBar({ metric, unit, floor, ratio, peers }: Row): Bar[] {
  if (ratio === null || floor === null || !(ratio > 0)) return [];
  const isLowerBetter = unit === 'ms' || unit === 'MiB' || unit === 'x bare';
  return [
    { label: metric, ratio, isLowerBetter, peers: peers.map(({ name, figure }) => ({ name, ratio: figure / floor })) },
  ];
}

function drawBar(
  bar: Bar,
  top: number,
  place: (value: number) => number,
  colourOf: (name: string) => string,
): string[] {
  const [from, to] = [place(1), place(bar.ratio)].toSorted((a, b) => a - b) as [number, number];
  const middle = top + ROW_HEIGHT / 2;
  const colour = `fill="${COLOURS[0]}" fill-opacity="${bar.isLowerBetter ? 0.45 : 1}"`;
  return [
    textAt(LEFT - 10, middle + 4, bar.label, 'text-anchor="end"'),
    `<rect x="${round(from)}" y="${middle - 7}" width="${round(Math.max(1, to - from))}" height="14" ${colour}/>`,
    ...bar.peers.map(({ name, ratio }) => marker(place(ratio), middle, colourOf(name))),
    `<text x="${WIDTH - 8}" y="${middle + 4}" ${FONT} fill="${INK}" text-anchor="end">${tickText(bar.ratio)} x</text>`,
  ];
}

function marker(x: number, y: number, colour: string): string {
  const at = `${round(x)} ${round(y)}`;
  return `<rect x="${round(x - 5)}" y="${round(y - 5)}" width="10" height="10" fill="${colour}" stroke="#ffffff" transform="rotate(45 ${at})"/>`;
}
