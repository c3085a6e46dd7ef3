import { describe, expect, test } from 'vitest';
import { lineChart } from '../../perf/chart/line-chart.js';
import { ratioChart } from '../../perf/chart/ratio-chart.js';
import { toRow } from '../../perf/report.js';

const rows = [
  toRow({
    id: 'a.b',
    metric: 'fast & <loud>',
    unit: 'events/s',
    floor: [10],
    project: [5],
    peers: { 'a "peer"': [20], another: [1] },
  }),
  toRow({ id: 'a.c', metric: 'alone', unit: 'ms', project: [5] }),
];

describe('the chart of a benchmark run', () => {
  const svg = ratioChart('title', rows);

  test('shows each row with a floor, and every peer', () => {
    expect(svg).toContain('fast &amp; &lt;loud&gt;');
    expect(svg).toContain('a &quot;peer&quot;');
    expect(svg).toContain('another');
    expect(svg).not.toContain('alone');
  });

  test('places what is better to the right', () => {
    const [bar, better, worse] = [...svg.matchAll(/<rect x="([\d.]+)" y="[\d.]+" width="([\d.]+)"/g)].map(firstGroup);
    expect(worse).toBeLessThan(bar ?? Number.NaN);
    expect(better).toBeGreaterThan(bar ?? Number.NaN);
  });

  test('is drawn without a row too', () => {
    expect(ratioChart('title', [])).not.toMatch(/NaN|Infinity|undefined/);
  });
});

describe('a chart of lines', () => {
  const points = [
    [0, 1],
    [1, Number.NaN],
    [2, 100],
    [3, 1_000],
  ] as const;

  test.each([true, false])('leaves a gap where nothing was measured (logarithmic: %s)', (isLog) => {
    const svg = lineChart('title', 'seconds', [{ title: 'panel', isLog, series: [{ name: 'p50', points }] }]);
    expect(svg).not.toMatch(/NaN|Infinity|undefined/);
    expect(svg.match(/<polyline/g)).toHaveLength(1);
    expect(svg.match(/<circle/g)).toHaveLength(1);
  });

  test('is drawn without a point too', () => {
    const svg = lineChart('title', 'seconds', [{ title: 'panel', isLog: true, series: [{ name: 'p50', points: [] }] }]);
    expect(svg).not.toMatch(/NaN|Infinity|undefined/);
  });
});

function firstGroup([, first]: RegExpMatchArray): number {
  return Number(first);
}
