/** Charts for a paper: panels side by side, with bands and a legend, as SVG on white. */
import * as vega from 'vega';
import { compile, type TopLevelSpec } from 'vega-lite';

/** A point of a line. */
export interface Point {
  x: number;
  y: number;
  /** Its band. */
  low?: number;
  high?: number;
}

/** How a line looks. */
export interface Look {
  colour: string;
  /** Lengths of dashes and gaps; empty for a solid line. */
  dash?: readonly number[];
}

/** One line of a panel. */
export interface Line extends Look {
  points: readonly Point[];
  /** Constant from each point to the next, as a survival curve is. */
  steps?: boolean;
  /** Without marks at its points, however few. */
  plain?: boolean;
}

/** One set of axes. */
export interface Panel {
  title: string;
  lines: readonly Line[];
}

/** An axis. */
export interface Axis {
  title: string;
  domain?: readonly [number, number];
  log?: boolean;
  /** The ticks, where they are few and known. */
  values?: readonly number[];
  /** Of the labels, in d3's notation. */
  format?: string;
}

/** All of a figure. */
export interface Chart {
  panels: readonly Panel[];
  /** Panels in a row. */
  columns: number;
  /** Of one panel, in CSS pixels. */
  width: number;
  height: number;
  x: Axis;
  y: Axis;
  legend: readonly (Look & { label: string })[];
}

const FONT = 'Helvetica, Arial, "Liberation Sans", "DejaVu Sans", sans-serif';
const INK = '#1b1f24';
const MUTED = '#5c6570';
const GRID = '#e3e6ea';

const CONFIG: TopLevelSpec['config'] = {
  background: '#ffffff',
  font: FONT,
  view: { stroke: null },
  axis: {
    labelColor: INK,
    titleColor: INK,
    labelFontSize: 11,
    titleFontSize: 12,
    titleFontWeight: 'normal',
    domainColor: MUTED,
    tickColor: MUTED,
    gridColor: GRID,
    titlePadding: 6,
  },
  title: { color: INK, fontSize: 12.5, fontWeight: 'bold', anchor: 'start', frame: 'group', offset: 6 },
};

/** Lines of so few points show each of them. */
const FEW = 12;
/** Width of a letter of the legend, about; and room for its key and between entries. */
const LETTER = 6.3;
const KEY = 26;
const BETWEEN = 18;

/** Draws the figure. @returns the text of an SVG document, the same for the same numbers */
export async function drawChart(chart: Chart): Promise<string> {
  const columns = Math.min(chart.columns, chart.panels.length);
  const spec: unknown = {
    padding: 10,
    config: CONFIG,
    vconcat: [
      legend(chart, columns),
      {
        concat: chart.panels.map((panel, i) =>
          panelSpec(chart, panel, i % columns === 0, i + columns >= chart.panels.length),
        ),
        columns,
        align: 'each',
        // Vega takes texts to be wider than they are where it has no canvas: the room for axes is given here
        bounds: 'flush',
        spacing: { row: 58, column: 52 },
      },
    ],
    bounds: 'flush',
    spacing: chart.panels.some(({ title }) => title) ? 32 : 14,
  };
  const view = new vega.View(vega.parse(compile(spec as TopLevelSpec).spec), { renderer: 'none' });
  const svg = await view.toSVG();
  view.finalize();
  return svg;
}

function panelSpec({ width, height, x, y }: Chart, { title, lines }: Panel, first: boolean, last: boolean) {
  const axes = {
    x: {
      field: 'x',
      type: 'quantitative',
      scale: {
        ...(x.domain && { domain: x.domain }),
        nice: false,
        ...(x.log ? { type: 'log' } : { zero: false }),
      },
      axis: {
        title: last ? x.title : null,
        grid: false,
        tickCount: 5,
        ...(x.values && { values: x.values }),
        ...(x.format && { format: x.format }),
        labelOverlap: true,
        labelFlush: false,
      },
    },
    y: {
      field: 'y',
      type: 'quantitative',
      scale: { ...(y.domain && { domain: y.domain }), nice: !y.domain, type: y.log ? 'log' : 'linear' },
      axis: {
        title: first ? y.title : null,
        tickCount: 5,
        ...(y.values && { values: y.values }),
        ...(y.format && { format: y.format }),
        domain: false,
        ticks: false,
        labelPadding: 5,
        labelOverlap: true,
      },
    },
  };
  const layers = lines.flatMap(({ points, colour, dash = [], steps, plain }) => {
    const data = { values: points.map(({ x: at, y: value, low, high }) => ({ x: at, y: value, low, high })) };
    const interpolate = steps ? 'step-after' : 'linear';
    const banded = points.some(({ low }) => low !== undefined);
    return [
      ...(banded
        ? [
            {
              data,
              mark: { type: 'area', interpolate, color: colour, opacity: 0.13, clip: true, line: false },
              encoding: { ...axes, y: { ...axes.y, field: 'low' }, y2: { field: 'high' } },
            },
          ]
        : []),
      {
        data,
        mark: {
          type: 'line',
          interpolate,
          color: colour,
          strokeWidth: 1.9,
          strokeDash: [...dash],
          strokeJoin: 'round',
          clip: true,
          point: !steps &&
            !plain &&
            points.length <= FEW && { color: colour, filled: true, size: 26, strokeDash: [] },
        },
        encoding: axes,
      },
    ];
  });
  // an empty layer keeps the axes of a panel without lines
  const empty = { data: { values: [] }, mark: { type: 'point' }, encoding: axes };
  return { width, height, ...(title && { title }), layer: layers.length > 0 ? layers : [empty] };
}

/** Keys and labels, broken into lines as wide as the panels. */
function legend({ legend: entries, width }: Chart, columns: number) {
  const room = columns * (width + 50);
  const placed: { x: number; y: number; label: string; colour: string; dash: readonly number[] }[] = [];
  let x = 0;
  let row = 0;
  for (const { label, colour, dash = [] } of entries) {
    const needed = KEY + 6 + label.length * LETTER + BETWEEN;
    if (x > 0 && x + needed - BETWEEN > room) {
      x = 0;
      row++;
    }
    placed.push({ x, y: row * 17 + 8, label, colour, dash });
    x += needed;
  }
  const at = (field: string, axis: null = null) => ({ field, type: 'quantitative', scale: null, axis });
  return {
    width: room,
    height: 17 * (row + 1),
    layer: placed.flatMap((entry) => [
      {
        data: { values: [{ x: entry.x, x2: entry.x + KEY, y: entry.y }] },
        mark: { type: 'rule', color: entry.colour, strokeWidth: 2.4, strokeDash: [...entry.dash] },
        encoding: { x: at('x'), x2: { field: 'x2' }, y: at('y') },
      },
      {
        data: { values: [{ x: entry.x + KEY + 6, y: entry.y, label: entry.label }] },
        mark: { type: 'text', align: 'left', baseline: 'middle', fontSize: 11.5, color: INK, font: FONT },
        encoding: { x: at('x'), y: at('y'), text: { field: 'label' } },
      },
    ]),
  };
}
