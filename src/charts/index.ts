/**
 * Every chart of certification runs, studies, trainings and attacks: lines, steps, bands, points and bars over linear and
 * logarithmic axes, in panels.
 *
 * They are written as SVG by these few files, not by a chart library. Vega-Lite, for one, brings 87 packages and 23 MB for five kinds of
 * marks, takes a third of a second at every start, guesses the room for labels wrong where there is no canvas, and makes SVG that must be
 * mended by search and replace to follow a page's theme. What is needed of it is an axis with round ticks; the rest is a path.
 */
export { INK, METHOD_COLOURS, methodColour } from './colours.ts';
export { escapeMarkup } from './draw.ts';
export { legendKey, pageChart, type ValuesAt } from './page.ts';
export { paperChart, type PaperChart, toPng } from './paper.ts';
export { SHARES } from './scale.ts';
export type { Axis, Chart, Line, Look, Panel, Point } from './types.ts';
