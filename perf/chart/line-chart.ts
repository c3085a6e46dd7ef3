/** Panels of lines over one common horizontal axis: what a long run looked like while it ran. */
import { COLOURS, GRID, INK, lineFrom, linearScale, logScale, round, svgOf, textAt, tickText } from './svg.js';

export interface Series {
  readonly name: string;
  /** [x, y]; a y that is not finite leaves a gap. */
  readonly points: readonly (readonly [number, number])[];
}

export interface Panel {
  readonly title: string;
  readonly series: readonly Series[];
  /** Logarithmic: for latencies, whose percentiles lie powers of ten apart. */
  readonly isLog?: boolean;
}

const WIDTH = 1_000;
const LEFT = 70;
const RIGHT = 180;
const PANEL_HEIGHT = 180;
const GAP = 68;
const TOP = 50;

export function lineChart(title: string, xLabel: string, panels: readonly Panel[]): string {
  const height = TOP + panels.length * (PANEL_HEIGHT + GAP);
  const maxX = Math.max(0, ...panels.flatMap(({ series }) => series.flatMap(({ points }) => points.map(([x]) => x))));
  const body = panels.flatMap((panel, index) => drawPanel(panel, xLabel, maxX, TOP + index * (PANEL_HEIGHT + GAP)));
  return svgOf(WIDTH, height, title, [textAt(16, 24, title, 'font-weight="bold"'), ...body]);
}

function drawPanel({ title, series, isLog = false }: Panel, xLabel: string, maxX: number, top: number): string[] {
  const bottom = top + PANEL_HEIGHT;
  const values = series.flatMap(({ points }) => points.map(([, y]) => y)).filter((y) => Number.isFinite(y));
  const positive = values.filter((y) => y > 0);
  const y = isLog
    ? logScale(Math.min(...positive, Infinity), Math.max(...positive, 0), bottom, top + 8)
    : linearScale(Math.max(...values, 0), bottom, top + 8);
  const x = linearScale(maxX, LEFT, WIDTH - RIGHT);
  return [
    textAt(LEFT, top, title),
    ...y.ticks.flatMap((tick) => [
      lineFrom(LEFT, y.place(tick), WIDTH - RIGHT, y.place(tick), `stroke="${GRID}"`),
      textAt(LEFT - 8, y.place(tick) + 4, tickText(tick), 'text-anchor="end"'),
    ]),
    lineFrom(LEFT, bottom, WIDTH - RIGHT, bottom, `stroke="${INK}"`),
    ...x.ticks.map((tick) => textAt(x.place(tick), bottom + 16, tickText(tick), 'text-anchor="middle"')),
    textAt((LEFT + WIDTH - RIGHT) / 2, bottom + 32, xLabel, 'text-anchor="middle"'),
    ...series.flatMap(({ name, points }, index) => {
      const colour = COLOURS[index % COLOURS.length] ?? INK;
      return [
        ...runsOf(points).map((run) => {
          const path = run.map(([px, py]) => `${round(x.place(px))},${round(y.place(py))}`).join(' ');
          if (run.length === 1) return `<circle cx="${path.replace(',', '" cy="')}" r="3" fill="${colour}"/>`;
          return `<polyline points="${path}" fill="none" stroke="${colour}" stroke-width="1.5"/>`;
        }),
        lineFrom(
          WIDTH - RIGHT + 12,
          top + 14 + 18 * index,
          WIDTH - RIGHT + 30,
          top + 14 + 18 * index,
          `stroke="${colour}" stroke-width="3"`,
        ),
        textAt(WIDTH - RIGHT + 36, top + 18 + 18 * index, name),
      ];
    }),
  ];
}

/** The points between the gaps. */
function runsOf(points: Series['points']): Series['points'][] {
  const runs: (readonly [number, number])[][] = [[]];
  for (const point of points) {
    if (Number.isFinite(point[1])) runs.at(-1)?.push(point);
    else if (runs.at(-1)?.length !== 0) runs.push([]);
  }
  return runs.filter((run) => run.length > 0);
}
