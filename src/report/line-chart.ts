/** Numbers against the epoch, as lines. */
import type { TopLevelSpec } from 'vega-lite';
import type { Html } from './html.ts';
import { drawSvg, type SvgOptions } from './svg.ts';

/** One line. */
export interface Line {
  points: readonly { epoch: number; value: number }[];
  /** CSS colour. */
  colour: string;
  /** Lengths of dashes and gaps; empty for a solid line. */
  dash: readonly number[];
  /** The epoch whose point is marked. */
  marked?: number;
}

/** Size, axes and text of a chart of lines. */
export interface LineChartOptions extends SvgOptions {
  /** Both ends of the epoch axis. */
  epochs: readonly [number, number];
  yTitle: string;
  /** Of the vertical axis's labels, in d3's notation. */
  yFormat: string;
  /** What the vertical axis covers, widened to whole ticks. */
  yRange: readonly [number, number];
}

/** Lines of so few points show each of them: one point alone would have no line. */
const FEW = 15;

/** About so many ticks of the vertical axis, and pixels for their labels. */
const TICKS = 5;
const LABELS = 52;

/** Draws the lines, and the marked points above them. */
export function lineChart(lines: readonly Line[], options: LineChartOptions): Promise<Html> {
  const { width, epochs, yTitle, yFormat, yRange } = options;
  const x = { field: 'epoch', type: 'quantitative' as const };
  const y = { field: 'value', type: 'quantitative' as const };
  // One layer a line: colours and dashes are constants there, so no scale may reinterpret them.
  const drawn = lines.map(({ points, colour, dash }) => ({
    data: { values: [...points] },
    mark: {
      type: 'line' as const,
      strokeWidth: 2.25,
      strokeJoin: 'round' as const,
      color: colour,
      strokeDash: [...dash],
      point: points.length <= FEW && { color: colour, filled: true, size: 28, strokeDash: [] },
    },
    encoding: { x, y },
  }));
  const marks = lines.map(({ points, colour, marked }) => ({
    data: { values: points.filter(({ epoch }) => epoch === marked) },
    mark: {
      type: 'point' as const,
      filled: true,
      size: 110,
      color: colour,
      stroke: 'var(--page)',
      strokeWidth: 2,
      opacity: 1,
    },
    encoding: { x, y },
  }));
  const spec: TopLevelSpec = {
    encoding: {
      x: {
        type: 'quantitative',
        scale: { domain: [...epochs], nice: false },
        axis: { title: 'Epoch', tickCount: width < 500 ? 5 : 10, tickMinStep: 1, format: 'd', grid: false },
      },
      y: {
        type: 'quantitative',
        scale: { domain: [...yRange], nice: TICKS },
        // room for labels of the same width in every chart: charts beside each other have the same scale
        axis: { title: yTitle, format: yFormat, tickCount: TICKS, minExtent: LABELS, maxExtent: LABELS },
      },
    },
    layer: [...drawn, ...marks],
  };
  return drawSvg(spec, options);
}
