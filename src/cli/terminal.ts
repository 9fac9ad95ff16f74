/** What a command says: progress and notes on standard error, results on standard output. */
import cliProgress from 'cli-progress';
import { count } from '../words.ts';

/** How much a command says. */
export interface Verbosity {
  quiet?: boolean;
  json?: boolean;
}

/** Control characters, line and paragraph separators, and marks that turn the direction of text. */
const UNPRINTABLE = /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/gu;

/** Text from files, labels and ids among it, as a line of a terminal: what could move the cursor or hide text is written out. */
export const printable = (text: string): string =>
  text.replace(UNPRINTABLE, (character) => {
    const code = character.charCodeAt(0);
    if (character === '\n') return '\\n';
    if (character === '\t') return '\\t';
    return code < 256 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u${code.toString(16)}`;
  });

/** Writes a note to standard error unless --quiet. */
export function note(text: string, { quiet }: Verbosity): void {
  if (!quiet) process.stderr.write(`${printable(text)}\n`);
}

/** Says how much of a run is there already. */
export const noteResumed = ({ done, total }: { done: number; total: number }, verbosity: Verbosity): void =>
  note(`resuming: ${done} of ${count(total, 'query is', 'queries are')} finished`, verbosity);

/** Warnings appear even with --quiet. */
export function warn(text: string): void {
  process.stderr.write(`warning: ${printable(text)}\n`);
}

/** Writes a result to standard output: lines of text that were made printable, or JSON. */
export function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** Progress of a long piece of work. */
export interface Progress {
  update(done: number, extra?: string): void;
  /** A line between updates that leaves the bar intact. */
  line(text: string): void;
  stop(): void;
}

const PLAIN_INTERVAL_MS = 10_000;

/** A bar with ETA on a terminal, a line every ten seconds elsewhere, nothing with --quiet. */
export function startProgress(what: string, total: number, verbosity: Verbosity, start = 0): Progress {
  if (verbosity.quiet)
    return { update() {}, line: (text) => warn(text.replace(/^warning: /, '')), stop() {} };
  const began = Date.now();
  const remaining = (done: number): number => {
    const seconds = (Date.now() - began) / 1e3;
    return done > start ? (seconds / (done - start)) * (total - done) : Number.NaN;
  };
  if (process.stderr.isTTY) {
    const bar = new cliProgress.SingleBar({
      format: (_, { value }, { extra }: { extra: string }) =>
        barLine({ what, done: value, total, left: remaining(value), extra }, process.stderr.columns),
      stream: process.stderr,
      hideCursor: true,
    });
    bar.start(total, start, { extra: '' });
    return {
      update: (done, extra = '') => bar.update(done, { extra }),
      line: (text) => process.stderr.write(`\r\x1b[K${printable(text)}\n`),
      stop: () => bar.stop(),
    };
  }
  let last = began;
  return {
    update(done, extra = '') {
      const now = Date.now();
      if (done < total && now - last < PLAIN_INTERVAL_MS) return;
      last = now;
      const left = remaining(done);
      const eta = done < total && Number.isFinite(left) ? `, about ${duration(left)} left` : '';
      process.stderr.write(`${what}: ${done}/${total}${eta}${extra ? ` | ${extra}` : ''}\n`);
    },
    line: (text) => process.stderr.write(`${printable(text)}\n`),
    stop() {},
  };
}

/** Bars that follow one another, one for each step of a long piece of work. */
export class Steps {
  readonly #verbosity: Verbosity;
  #bar: Progress | undefined;
  #what = '';

  constructor(verbosity: Verbosity) {
    this.#verbosity = verbosity;
  }

  begin(what: string, total: number, start: number): void {
    this.stop();
    this.#what = what;
    this.#bar = startProgress(what, total, this.#verbosity, start);
  }

  /** Goes on with the bar of this name, or begins it at `start`. */
  update(what: string, done: number, total: number, extra?: string, start = done - 1): void {
    if (this.#what !== what) this.begin(what, total, start);
    this.#bar?.update(done, extra);
  }

  line(text: string): void {
    if (this.#bar) this.#bar.line(text);
    else process.stderr.write(`${printable(text)}\n`);
  }

  stop(): void {
    this.#bar?.stop();
    this.#bar = undefined;
    this.#what = '';
  }
}

/** What a bar shows. */
export interface BarState {
  what: string;
  done: number;
  total: number;
  /** Seconds that are left; NaN where nobody knows yet. */
  left: number;
  extra: string;
}

const LONGEST_BAR = 40;
const SHORTEST_BAR = 5;

/** A line of progress that fits a terminal of so many columns: where it is narrow the figures go first, then the time, then the bar. */
export function barLine({ what, done, total, left, extra }: BarState, columns = 80): string {
  const room = Math.max(1, columns - 1); // a full last column would wrap
  const share = total > 0 ? Math.min(1, done / total) : 1;
  const count = `${Math.floor(100 * share)}% ${done}/${total}`;
  const eta = Number.isFinite(left) ? ` ${duration(left)} left` : '';
  const tails = [`${count}${eta}${extra ? ` | ${extra}` : ''}`, `${count}${eta}`, count];
  for (const tail of tails) {
    const length = Math.min(LONGEST_BAR, room - what.length - tail.length - 2);
    if (length < SHORTEST_BAR) continue;
    const full = Math.round(length * share);
    return `${what} ${'█'.repeat(full)}${'░'.repeat(length - full)} ${tail}`;
  }
  return `${what} ${count}`.slice(0, room);
}

/** "2 h 5 min", "3 min 20 s", "12 s". */
export function duration(seconds: number): string {
  const s = Math.round(seconds);
  if (s < 60) return `${s} s`;
  const minutes = Math.floor(s / 60);
  if (minutes < 60) return `${minutes} min ${s % 60} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
