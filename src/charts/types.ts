/** What a chart is, before it is drawn. */

/** A point of a line. */
export interface Point {
  x: number;
  y: number;
  /** Ends of its confidence band. */
  low?: number;
  high?: number;
}

/** How a line looks. */
export interface Look {
  /** CSS colour. */
  colour: string;
  /** Lengths of dashes and gaps; empty for a solid line. */
  dash?: readonly number[];
  /** Of the stroke, in CSS pixels. */
  width?: number;
}

/** One line of a panel. */
export interface Line extends Look {
  /** By growing x; those whose y is NaN are left out. */
  points: readonly Point[];
  /** Constant from each point to the next, as a survival curve is. */
  steps?: boolean;
  /** Bars from 0 instead of a line, each from its point to the next. */
  bars?: boolean;
  /** Without marks at its points, however few. */
  plain?: boolean;
  /** The x whose point is marked above all lines. */
  marked?: number;
}

/** One set of axes with its lines. */
export interface Panel {
  title?: string;
  lines: readonly Line[];
}

/** An axis. */
export interface Axis {
  title: string;
  domain: readonly [number, number];
  log?: boolean;
  /** The domain is widened to whole ticks. */
  nice?: boolean;
  /** Ticks at integers only. */
  whole?: boolean;
  /** The ticks by growing value, where they are few and known. */
  ticks?: readonly number[];
  /** Text of a tick. */
  format?: (value: number) => string;
}

/** All of a chart: panels with the same axes. */
export interface Chart {
  panels: readonly Panel[];
  /** Panels in a row, default 1. */
  columns?: number;
  /** Of one panel, without its labels, in CSS pixels. */
  width: number;
  height: number;
  x: Axis;
  y: Axis;
  /** What a screen reader says in the chart's place. */
  alt: string;
}
