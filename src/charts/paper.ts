/** Charts as pictures of their own, with a legend, on white: for papers and documents. */
import sharp from 'sharp';
import { INK } from './colours.ts';
import { drawPanels, escapeMarkup, stroke, type Theme } from './draw.ts';
import type { Chart, Look } from './types.ts';

/** A chart with its legend. */
export interface PaperChart extends Chart {
  legend: readonly (Look & { label: string })[];
}

const PAPER: Theme = {
  text: INK,
  axis: '#5c6570',
  grid: '#e3e6ea',
  ground: '#ffffff',
  fontSize: 11,
  strokeWidth: 1.9,
};
const FONT = "Helvetica, Arial, 'Liberation Sans', 'DejaVu Sans', sans-serif";
const MARGIN = 8;
/** Width of a label, about: nothing measures text here. Capitals are wider. */
const textWidth = (label: string): number => 5.8 * label.length + 2.4 * label.replace(/[^A-Z]/g, '').length;
/** Width of a legend's key; between entries; and a line's height. */
const KEY = 26;
const BETWEEN = 18;
const LINE = 17;
/** Pixels an inch, where a chart's CSS pixel is a 72nd of an inch: four times as fine, for print. */
const DENSITY = 288;

/** The text of an SVG document, the same for the same numbers. */
export function paperChart(chart: PaperChart): string {
  const panels = drawPanels(chart, PAPER);
  const legend = drawLegend(chart.legend, panels.width - panels.left);
  const width = panels.width + 2 * MARGIN;
  const height = legend.height + panels.height + 2 * MARGIN;
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-label="${escapeMarkup(chart.alt)}" font-family="${FONT}"><rect width="${width}" height="${height}" fill="${PAPER.ground}"/>
<g transform="translate(${MARGIN} ${MARGIN})"><g transform="translate(${panels.left} 0)">${legend.svg}</g>
<g transform="translate(0 ${legend.height})">${panels.svg}</g></g></svg>`;
}

/** Keys and labels, broken into lines as wide as the panels. */
function drawLegend(entries: PaperChart['legend'], room: number) {
  let x = 0;
  let y = 8;
  const drawn = entries.map(({ label, ...look }) => {
    const needed = KEY + 6 + textWidth(label);
    if (x > 0 && x + needed > room) {
      x = 0;
      y += LINE;
    }
    const entry = `<path d="M${x},${y}h${KEY}" ${stroke({ width: 2.4, ...look })}/><text x="${x + KEY + 6}" y="${y}" dy=".32em">${escapeMarkup(label)}</text>`;
    x = Math.ceil(x + needed + BETWEEN);
    return entry;
  });
  return {
    svg: `<g font-size="11.5" fill="${INK}">${drawn.join('')}</g>`,
    height: entries.length > 0 ? y + LINE : 0,
  };
}

/** An SVG document as PNG, for documents that take no vectors. */
export function toPng(svg: string): Promise<Buffer> {
  return sharp(Buffer.from(svg), { density: DENSITY }).png({ compressionLevel: 9 }).toBuffer();
}
