import { relative, resolve } from 'node:path';
import { type DatasetItem, openDataset } from '../datasets/index.ts';
import { RetrievalGuardError } from '../errors.ts';
import { thumbnail } from '../image/index.ts';
import { isFilePlace } from '../output.ts';
import type { PictureSource } from '../report/index.ts';
import { REPORT, type ValuesOf } from '../settings/index.ts';
import { runCommand } from './run-command.ts';
import { note, type Verbosity, print } from './terminal.ts';

type Values = ValuesOf<typeof REPORT>;

/** retrievalguard report */
export const run = (folders: string[], values: Values): Promise<void> =>
  runCommand(async () => {
    requireOwnPlace(values.out, folders);
    // loaded here: pictures and charts would slow the start of every other command
    const { loadFolder, renderReport, writeReport } = await import('../report/index.ts');
    const runs = [];
    for (const folder of folders) runs.push(await loadFolder(folder));
    for (const run of runs) for (const text of run.notes) note(`${run.folder}: ${text}`, values);
    const html = await renderReport(runs, {
      title: values.title,
      cards: values.cards,
      explorerPictures: values.pictures,
      pictures: pictures(values),
    });
    await writeReport(values.out, html);
    if (await isFilePlace(values.out)) print(values.out); // else it may be where the page went
  });

/** A page may stand beside the files of a run, but not in place of one. */
function requireOwnPlace(out: string, folders: readonly string[]): void {
  const inside = folders.find((folder) => !relative(resolve(folder), resolve(out)).startsWith('..'));
  if (inside === undefined || /\.html?$/i.test(out)) return;
  throw new RetrievalGuardError('OUTPUT_UNWRITABLE', {
    expected: `an .html file, in ${inside} which the report reads`,
    got: out,
    fix: 'Use another --out.',
  });
}

/** Pictures from the datasets that the runs name; a dataset that has moved away leaves its pictures out. */
function pictures(verbosity: Verbosity): PictureSource {
  const opened = new Map<string, Promise<Map<string, DatasetItem>>>();
  const open = (spec: string): Promise<Map<string, DatasetItem>> => {
    let items = opened.get(spec);
    if (!items) {
      items = openDataset(spec).then(
        (dataset) => new Map(dataset.items.map((item) => [item.id, item])),
        (error: Error) => {
          note(`no pictures from ${spec}: ${error.message}`, verbosity);
          return new Map<string, DatasetItem>();
        },
      );
      opened.set(spec, items);
    }
    return items;
  };
  return async ({ manifest }, id, role) => {
    const items = await open(role === 'query' ? manifest.options.data : manifest.environment.galleryData);
    const item = items.get(id);
    if (!item) return null;
    try {
      return await thumbnail(await item.read(), 160);
    } catch {
      return null; // a picture that cannot be read is shown as missing
    }
  };
}
