/** Images that could not be read. */
import { type Html, html } from './html.ts';
import type { LoadedRun } from './types.ts';
import { count, verb } from '../words.ts';

/** Listed one by one up to this many a run; the rest is counted. */
const LISTED = 25;

/** The section on skipped images. */
export function skippedSection(runs: readonly LoadedRun[]): Html {
  const lists = runs
    .filter(({ skipped }) => skipped.length > 0)
    .map((run) => skippedOf(run, runs.length > 1));
  return html`<section>
<h2>Skipped images</h2>
${lists.length > 0 ? lists : html`<p>None: every query was read.</p>`}
</section>
`;
}

function skippedOf({ name, skipped }: LoadedRun, several: boolean): Html {
  const items = skipped
    .slice(0, LISTED)
    .map(({ query, error }) => html`<li><code><bdi>${query}</bdi></code> ${error}</li>\n`);
  const rest = skipped.length - items.length;
  return html`${several && html`<h3><bdi>${name}</bdi></h3>`}
<p>${count(skipped.length, 'image')} could not be read and ${verb(skipped.length, 'is', 'are')} in none of the shares above.</p>
<ul class="skipped">${items}</ul>
${rest > 0 && html`<p>… and ${rest} more, in skipped.jsonl.</p>`}
`;
}
