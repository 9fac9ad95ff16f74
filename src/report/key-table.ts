/** Tables of settings: names and values, a column for each run or training, marked where they differ. */
import { type Html, html, type Part } from './html.ts';

/** A table of names and values, a column for each run or training. */
export function keyTable(caption: string, runs: readonly { name: string }[], rows: Part): Html {
  const head =
    runs.length > 1
      ? html`<thead><tr><td></td>${runs.map(({ name }) => html`<th scope="col"><bdi>${name}</bdi></th>`)}</tr></thead>\n`
      : null;
  return html`<div class="scroll" tabindex="0" role="region" aria-label="${caption}"><table class="keys">
<caption>${caption}</caption>
${head}<tbody>${rows}</tbody></table></div>
`;
}

/** A row of the table; marked where the runs differ. */
export function line<Run>(name: string, runs: readonly Run[], text: (run: Run) => string): Html {
  const values = runs.map(text);
  const differ = new Set(values).size > 1;
  return html`<tr${differ ? html` class="differ"` : null}><th scope="row">${name}</th>${values.map((value) => html`<td>${value}</td>`)}</tr>\n`;
}

/** What both runs and trainings remember of the machine and the program. */
export const ENVIRONMENT_NAMES = {
  started: 'Started',
  retrievalguard: 'retrievalguard',
  node: 'Node.js',
  onnxruntime: 'ONNX Runtime',
  provider: 'Execution provider',
  cpu: 'Processor',
  cores: 'Cores',
  command: 'Command',
} as const;

/** The beginning of a long hash. */
export const shortHash = (hash: string): string => (hash.length > 16 ? `${hash.slice(0, 12)}…` : hash);

/** An argument as one would type it in a shell. */
export const quoted = (argument: string): string =>
  /^[\w@%+=:,./-]+$/.test(argument) ? argument : `'${argument.replaceAll("'", String.raw`'\''`)}'`;
