/** Where the values of an axis lie, its ticks and their texts. */
import type { Axis } from './types.ts';

/** An axis over a length in pixels. */
export interface Scale {
  /** The pixel of a value; values beyond the domain lie at its ends. */
  at: (value: number) => number;
  /** The value of a pixel. */
  valueAt: (pixel: number) => number;
  ticks: readonly number[];
}

/** Parts of a step that rounding may be off by. */
const ROUNDING = 1e-9;

/** Lays an axis over `length` pixels. @param count - about so many ticks, where the axis names none */
export function scaleOf({ domain, log, nice, whole, ticks }: Axis, length: number, count: number): Scale {
  let [low, high] = domain;
  // a single value stands in the middle
  if (low === high) [low, high] = [low - 0.5, high + 0.5];
  const step = Math.max(whole ? 1 : 0, roundStep((high - low) / count));
  if (nice)
    [low, high] = [Math.floor(low / step + ROUNDING) * step, Math.ceil(high / step - ROUNDING) * step];
  const [to, from] = log ? [Math.log, Math.exp] : [Number, Number];
  const range = to(high) - to(low);
  const outside = ROUNDING * (high - low);
  const all = ticks ?? (log ? logTicks(low, high) : linearTicks(low, high, step));
  return {
    at: (value) => Math.min(1, Math.max(0, (to(value) - to(low)) / range)) * length,
    valueAt: (pixel) => from(to(low) + (range * pixel) / length),
    ticks: all.filter((tick) => tick >= low - outside && tick <= high + outside),
  };
}

/** 1, 2 or 5 times a power of ten, whichever is nearest to a step. */
function roundStep(step: number): number {
  const power = 10 ** Math.floor(Math.log10(step));
  const digit = step / power;
  return power * (digit >= 7 ? 10 : digit >= 3.2 ? 5 : digit >= 1.4 ? 2 : 1);
}

function linearTicks(low: number, high: number, step: number): number[] {
  const first = Math.ceil(low / step - ROUNDING);
  const last = Math.floor(high / step + ROUNDING);
  return Array.from({ length: last - first + 1 }, (_, i) => (first + i) * step);
}

/** 1, 2 and 5 in every decade. */
function logTicks(low: number, high: number): number[] {
  const first = Math.floor(Math.log10(low));
  const decades = Math.ceil(Math.log10(high)) - first;
  return Array.from({ length: decades }, (_, i) =>
    [1, 2, 5].map((digit) => digit * 10 ** (first + i)),
  ).flat();
}

/** A tick's text, as short as it can be without a loss: there is room for {@link ROOM} letters. */
export function tickText(value: number): string {
  const rounded = Number(value.toPrecision(6));
  const plain = rounded.toLocaleString('en-US', { maximumFractionDigits: 20 });
  const power = rounded.toExponential().replace('e+', 'e');
  return (plain.length > ROOM && power.length < plain.length ? power : plain).replaceAll('-', '−');
}
const ROOM = 6;

/** An axis of shares, in percent. */
export const SHARES: Pick<Axis, 'domain' | 'format'> = {
  domain: [0, 1],
  format: (share) => `${Number((100 * share).toFixed(1))}%`,
};
