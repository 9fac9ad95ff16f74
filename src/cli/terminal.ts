/** What a command says: progress and notes on standard error, results on standard output. */
import cliProgress from 'cli-progress';

/** How much a command says. */
export interface Verbosity {
  quiet?: boolean;
  json?: boolean;
}

/** Writes a note to standard error unless --quiet. */
export function note(text: string, { quiet }: Verbosity): void {
  if (!quiet) process.stderr.write(`${text}\n`);
}

/** Warnings appear even with --quiet. */
export function warn(text: string): void {
  process.stderr.write(`warning: ${text}\n`);
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
  if (verbosity.quiet) return { update() {}, line: warn, stop() {} };
  if (process.stderr.isTTY) {
    const bar = new cliProgress.SingleBar({
      format: (_, { value, eta }, { extra }: { extra: string }) =>
        barText({ what, done: value, total, eta, extra }, process.stderr.columns || 80),
      stream: process.stderr,
      hideCursor: true,
      etaBuffer: 50,
    });
    bar.start(total, start, { extra: '' });
    return {
      update: (done, extra = '') => bar.update(done, { extra }),
      line: (text) => process.stderr.write(`\r\x1b[K${text}\n`),
      stop: () => bar.stop(),
    };
  }
  const began = Date.now();
  let last = began;
  return {
    update(done, extra = '') {
      const now = Date.now();
      if (done < total && now - last < PLAIN_INTERVAL_MS) return;
      last = now;
      const seconds = (now - began) / 1e3;
      const left = done > start ? (seconds / (done - start)) * (total - done) : Number.NaN;
      const eta = done < total && Number.isFinite(left) ? `, about ${duration(left)} left` : '';
      process.stderr.write(`${what}: ${done}/${total}${eta}${extra ? ` | ${extra}` : ''}\n`);
    },
    line: (text) => process.stderr.write(`${text}\n`),
    stop() {},
  };
}

/** What a bar tells. */
export interface BarState {
  what: string;
  done: number;
  total: number;
  /** Seconds that are left, where they are known. */
  eta: number;
  extra: string;
}

const LONGEST_BAR = 40;
const SHORTEST_BAR = 8;

/** One line of a bar, shorter than a terminal of so many columns: what does not fit goes, the last first, and the bar takes what is left. */
export function barText({ what, done, total, eta, extra }: BarState, columns: number): string {
  const share = total > 0 ? Math.min(1, done / total) : 1;
  const left = done < total && Number.isFinite(eta) ? `${duration(eta)} left` : '';
  const parts = [what, `${Math.floor(100 * share)}%`, `${done}/${total}`, left, ...extra.split(', ')].filter(
    Boolean,
  );
  let text = '';
  for (const [i, part] of parts.entries()) {
    const longer = i === 0 ? part : `${text} | ${part}`;
    if (longer.length >= columns - 1) break;
    text = longer;
  }
  const room = Math.min(LONGEST_BAR, columns - 2 - text.length);
  if (room < SHORTEST_BAR || !text.startsWith(what)) return text.slice(0, Math.max(0, columns - 1));
  const full = Math.round(share * room);
  const bar = '█'.repeat(full) + '░'.repeat(room - full);
  return `${what} ${bar}${text.slice(what.length)}`;
}

/** "2 h 5 min", "3 min 20 s", "12 s". */
export function duration(seconds: number): string {
  const s = Math.round(seconds);
  if (s < 60) return `${s} s`;
  const minutes = Math.floor(s / 60);
  if (minutes < 60) return `${minutes} min ${s % 60} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
