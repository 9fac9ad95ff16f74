/** The section of all queries, which the page's script fills, and that script with its data. */
import { createHash } from 'node:crypto';
import { type ExplorerRun, pack } from './explorer-data.ts';
import { Html, html } from './html.ts';
import { PAGE_SCRIPT } from './page-script.generated.ts';

/** The source for a Content-Security-Policy's script-src that allows this page's script and no other. */
export const SCRIPT_SOURCE = `'sha256-${createHash('sha256').update(PAGE_SCRIPT).digest('base64')}'`;

/** The place of the table, and what it shows; null for runs without rows or methods. */
export function explorerSection(runs: readonly ExplorerRun[]): Html | null {
  const shown = runs.filter(({ rows, methods }) => rows.length > 0 && methods.length > 0);
  if (shown.length === 0) return null;
  return html`<section>
<h2>All queries</h2>
<p>Open a query to see its pictures, margin, certificates and nearest items. A radius in brackets is certified for a wrong answer.</p>
<div id="explorer"><p class="note">This table needs the page's script.</p></div>
<script type="application/octet-stream" id="explorer-data">${new Html(pack(shown))}</script>
</section>
`;
}

/** The script; to stand at the end of the page. */
export const pageScript = (): Html => html`<script>${new Html(PAGE_SCRIPT)}</script>
`;
