/** A button below each table that keeps it as CSV. */
import { csvText } from '../csv.ts';
import { download, element } from './dom.ts';

/** Adds the buttons to all tables of the page that stand there already. */
export function addTableButtons(): void {
  for (const table of document.querySelectorAll<HTMLTableElement>('.scroll>table')) {
    const name = table.caption?.textContent?.trim() || 'table';
    const keep = element(
      'button',
      {
        type: 'button',
        class: 'keep',
        'aria-label': `${name}, as CSV`,
        onclick: () => download(name.slice(0, 60), csvText(linesOf(table))),
      },
      'CSV',
    );
    table.parentElement!.after(keep);
  }
}

function linesOf(table: HTMLTableElement): string[][] {
  return [...table.rows].map((row) => [...row.cells].map((cell) => cell.textContent.trim()));
}
