/** The page's only script. Without it everything is there but the table of all queries and the buttons that keep CSV files. */
import type { ExplorerRun } from '../explorer.ts';
import { startExplorer } from './explorer.ts';
import { addTableButtons } from './table-csv.ts';

/** What explorer.ts packed. */
async function unpack(base64: string): Promise<ExplorerRun[]> {
  const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('gzip'));
  return JSON.parse(await new Response(stream).text()) as ExplorerRun[];
}

async function start(): Promise<void> {
  addTableButtons();
  const place = document.getElementById('explorer');
  const data = document.getElementById('explorer-data');
  if (!place || !data) return;
  place.textContent = 'Reading the queries…';
  try {
    startExplorer(place, await unpack(data.textContent));
  } catch (error) {
    place.textContent = `The queries cannot be shown by this browser: ${String(error)}`;
  }
}

void start();
