/** Panels of a chart as SVG, side by side. */
import { type Scale, scaleOf, tickText } from './scale.ts';
import type { Axis, Chart, Line, Look, Panel } from './types.ts';

/** Colours and sizes of what surrounds the lines. */
export interface Theme {
  text: string;
  axis: string;
  grid: string;
  /** Behind the chart. */
  ground: string;
  /** Size of the labels, in CSS pixels. */
  fontSize: number;
  /** Of a line that says nothing else. */
  strokeWidth: number;
}

/** Lines of so few points show each of them: one point alone would have no line. */
const FEW = 15;
/** Of a confidence band. */
const BAND_OPACITY = 0.14;
/** Steps so close, in parts of a pixel, are drawn as one, so that 10,000 queries make a small picture. */
const FINE = 2;
/** Pixels around a panel: for the title and the labels of the vertical axis, the horizontal axis, the last label, and headings. */
const Y_TITLE = 20;
const Y_LABELS = 54;
const X_AXIS = 46;
const RIGHT = 18;
const TOP = 10;
const HEADING = 16;

type Pixel = readonly [x: number, y: number];

/** Attributes and text that SVG and HTML can hold: control characters, which both forbid, become U+FFFD. */
export function escapeMarkup(text: string): string {
  return text
    .replace(/[&<>"']/g, (character) => ENTITIES[character])
    .replace(/[\p{Cc}\p{Cs}]/gu, (character) => (/[\t\n\r]/.test(character) ? ' ' : '\uFFFD'));
}
const ENTITIES: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Attributes of a stroke. */
export const stroke = ({ colour, dash = [], width }: Look): string =>
  `fill="none" stroke="${colour}" stroke-width="${width}"${dash.length > 0 ? ` stroke-dasharray="${dash.join(',')}"` : ''}`;

const round = (pixel: number): number => Number(pixel.toFixed(2));

/** Draws all panels. @param overlay - drawn above each panel, in its pixels */
export function drawPanels(chart: Chart, theme: Theme, overlay = '') {
  const { panels, width, height } = chart;
  const columns = Math.min(chart.columns ?? 1, panels.length);
  const top = panels.some(({ title }) => title) ? TOP + HEADING : TOP;
  const cell = { width: Y_LABELS + width + RIGHT, height: top + height + X_AXIS };
  const drawn = panels.map((panel, i) => {
    const column = i % columns;
    const at = `${Y_TITLE + Y_LABELS + column * cell.width} ${top + Math.floor(i / columns) * cell.height}`;
    const axes = { x: i + columns >= panels.length, y: column === 0 };
    return `<g transform="translate(${at})">${drawPanel(chart, panel, theme, axes)}${overlay}</g>`;
  });
  return {
    svg: `<g font-size="${theme.fontSize}" fill="${theme.text}">${drawn.join('\n')}</g>`,
    /** Where the first panel's lines begin. */
    left: Y_TITLE + Y_LABELS,
    width: Y_TITLE + columns * cell.width,
    height: Math.ceil(panels.length / columns) * cell.height,
  };
}

/** The scale of the horizontal axis of a panel. */
export const horizontalScale = ({ x, width }: Chart): Scale => scaleOf(x, width, Math.max(3, width / 80));

/** @param titled - which axes get their titles: panels below and beside each other share them */
function drawPanel(chart: Chart, panel: Panel, theme: Theme, titled: { x: boolean; y: boolean }): string {
  const { height } = chart;
  const x = horizontalScale(chart);
  const y = scaleOf(chart.y, height, 5);
  const lines = panel.lines.map((line) => drawLine(line, x, y, height, theme));
  return [
    panel.title &&
      `<text y="-10" font-size="${theme.fontSize + 1.5}" font-weight="bold">${escapeMarkup(panel.title)}</text>`,
    verticalAxis(chart.y, y, chart, theme, titled.y),
    ...lines.map(({ below }) => below),
    horizontalAxis(chart.x, x, chart, theme, titled.x),
    ...lines.map(({ line }) => line),
    ...lines.map(({ above }) => above),
  ].join('');
}

function horizontalAxis(axis: Axis, scale: Scale, { width, height }: Chart, theme: Theme, titled: boolean) {
  const { format = tickText, title } = axis;
  const marks = scale.ticks.map((tick) => `M${round(scale.at(tick))},${height}v5`).join('');
  const letter = 0.6 * theme.fontSize;
  const labels = apart(scale, (tick) => letter * format(tick).length + 10).map(
    (tick) =>
      `<text x="${round(scale.at(tick))}" y="${height + 17}" text-anchor="middle">${escapeMarkup(format(tick))}</text>`,
  );
  return `<path d="M0,${height}H${width}${marks}" fill="none" stroke="${theme.axis}"/>${labels.join('')}${
    titled ? axisTitle(`x="${width / 2}" y="${height + 38}"`, title, theme) : ''
  }`;
}

function verticalAxis(axis: Axis, scale: Scale, { width, height }: Chart, theme: Theme, titled: boolean) {
  const { format = tickText, title } = axis;
  const down = (tick: number): number => round(height - scale.at(tick));
  const grid = scale.ticks.map((tick) => `M0,${down(tick)}H${width}`).join('');
  const labels = apart(scale, () => 1.2 * theme.fontSize).map(
    (tick) =>
      `<text x="-7" y="${down(tick)}" dy=".32em" text-anchor="end">${escapeMarkup(format(tick))}</text>`,
  );
  return `<path d="${grid}" fill="none" stroke="${theme.grid}"/>${labels.join('')}${
    titled ? axisTitle(`transform="translate(${-Y_LABELS - 6} ${height / 2}) rotate(-90)"`, title, theme) : ''
  }`;
}

const axisTitle = (place: string, title: string, { fontSize }: Theme): string =>
  `<text ${place} text-anchor="middle" font-size="${fontSize + 0.5}">${escapeMarkup(title)}</text>`;

/** The ticks whose labels do not overlap. @param extent - pixels that a label takes along the axis */
function apart({ ticks, at }: Scale, extent: (tick: number) => number): number[] {
  let end = Number.NEGATIVE_INFINITY;
  return ticks.filter((tick) => {
    const half = extent(tick) / 2;
    if (at(tick) - half < end) return false;
    end = at(tick) + half;
    return true;
  });
}

/** A line with what lies below all lines, its band or bars, and above them, its marks. */
function drawLine(line: Line, x: Scale, y: Scale, height: number, theme: Theme) {
  const { points, colour, steps = false, bars, plain, marked } = line;
  const known = points.filter((point) => !Number.isNaN(point.y));
  const seen = steps ? fewerSteps(known, x) : known;
  const pixels = (valueOf: (point: (typeof points)[number]) => number): Pixel[] =>
    seen.map((point) => [round(x.at(point.x)), round(height - y.at(valueOf(point)))]);
  const at = pixels((point) => point.y);
  if (bars) return { below: drawBars(at, height, colour), line: '', above: '' };
  const banded = seen.some(({ low }) => low !== undefined);
  const dots = !steps && !plain && seen.length <= FEW ? at : [];
  const dot = ([cx, cy]: Pixel, rest: string): string =>
    `<circle cx="${cx}" cy="${cy}" fill="${colour}" ${rest}/>`;
  return {
    below: banded
      ? `<path d="${area(
          pixels(({ y: value, high = value }) => high),
          pixels(({ y: value, low = value }) => low),
          steps,
        )}" fill="${colour}" fill-opacity="${BAND_OPACITY}"/>`
      : '',
    line:
      seen.length === 0
        ? ''
        : `<path d="M${path(at, steps)}" ${stroke({ width: theme.strokeWidth, ...line })} stroke-linejoin="round"/>`,
    above: [
      ...dots.map((pixel) => dot(pixel, 'r="3"')),
      ...at
        .filter((_, i) => seen[i].x === marked)
        .map((pixel) => dot(pixel, `r="6" stroke="${theme.ground}" stroke-width="2"`)),
    ].join(''),
  };
}

/** Of all steps in the same part of a pixel the last: late by less than that part. */
function fewerSteps(points: Line['points'], { at }: Scale): Line['points'] {
  const part = ({ x }: { x: number }): number => Math.ceil(FINE * at(x));
  return points.filter((point, i) => i + 1 === points.length || part(point) !== part(points[i + 1]));
}

const path = (pixels: readonly Pixel[], steps: boolean): string =>
  pixels.map(([x, y], i) => (steps && i > 0 ? `H${x}V${y}` : `${i > 0 ? 'L' : ''}${x},${y}`)).join('');

/** Between two lines: along the upper one and back along the lower one. */
function area(upper: readonly Pixel[], lower: readonly Pixel[], steps: boolean): string {
  const back = lower.map(([x, y]) => (steps ? `V${y}H${x}` : `L${x},${y}`)).toReversed();
  return `M${path(upper, steps)}${(steps ? back.slice(1) : back).join('')}Z`;
}

const drawBars = (pixels: readonly Pixel[], height: number, colour: string): string =>
  pixels
    .slice(0, -1)
    .map(
      ([x, y], i) =>
        `<rect x="${x + 0.5}" y="${y}" width="${round(pixels[i + 1][0] - x - 1)}" height="${round(height - y)}" fill="${colour}"/>`,
    )
    .join('');
