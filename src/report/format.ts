/** Numbers as a reader wants them; a dash for what is not a number. */

const DASH = '–';

/** 0.6047 → "60.5%". */
export function percent(share: number): string {
  return Number.isFinite(share) ? `${(100 * share).toFixed(1)}%` : DASH;
}

/** A radius or distance with three decimals. */
export function decimal(value: number): string {
  return Number.isFinite(value) ? value.toFixed(3) : DASH;
}

/** 12345 → "12,345". */
export function integer(value: number): string {
  return Number.isFinite(value) ? Math.round(value).toLocaleString('en-US') : DASH;
}

/** Seconds as "0.8 s", "42 s", "3 min 20 s" or "5 h 7 min". */
export function duration(seconds: number): string {
  if (!Number.isFinite(seconds)) return DASH;
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${integer(Math.floor(whole / 3600))} h ${Math.floor((whole % 3600) / 60)} min`;
}

/** An estimate: two significant digits, 37073 → "37,000". */
export function about(value: number): string {
  return Number.isFinite(value) ? integer(Number(value.toPrecision(2))) : DASH;
}

/** An absolute path in a text, after its begin, a quote, a space, '=' or the colon of a scheme: what leads to its last name. */
const PLACE = /(^|[\s'"=(:])(?:\/|[A-Za-z]:\\)(?:[^\s'"@?,()\\/]+[\\/])*(?=[^\s'"@?,()\\/]+)/g;

/** A text without the places of this machine: of an absolute path only the last name stays, since a report is handed on. */
export const withoutPlaces = (text: string): string => text.replace(PLACE, '$1');
