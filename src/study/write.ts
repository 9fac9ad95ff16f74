/** Everything that a study leaves besides its rows: tables, figures, the page. */
import { join } from 'node:path';
import { stringify as stringifyYaml } from 'yaml';
import { makeFolders, writeFileWhole } from '../output.ts';
import { drawFigures, toPng } from './figures/index.ts';
import { leadText, studyPage } from './page.ts';
import type { StudyResult } from './study.ts';
import { makeTables, type Table, toCsv, toMarkdown } from './tables.ts';
import { StudyView } from './view.ts';

/** What was written, and the numbers. */
export interface WrittenStudy {
  /** report.html */
  report: string;
  figures: string[];
  tables: Table[];
  /** For each model and σ: cdf at about a thousand samples against paper at n → ∞, in words. */
  comparison: { model: string; sigma: number; text: string }[];
}

/**
 * Writes out/tables/*.csv and *.md, out/figures/*.svg and *.png, out/study.yaml (with all defaults) and out/report.html. Files of
 * those names are replaced, each whole or not at all.
 */
export async function writeStudy(result: StudyResult, out: string): Promise<WrittenStudy> {
  const view = new StudyView(result);
  const tables = makeTables(view);
  const figures = drawFigures(view);
  const at = {
    tables: join(out, 'tables'),
    figures: join(out, 'figures'),
    report: join(out, 'report.html'),
  };
  await makeFolders(at.tables);
  await makeFolders(at.figures);
  await writeFileWhole(join(out, 'study.yaml'), stringifyYaml(result.study));
  for (const table of tables) {
    await writeFileWhole(join(at.tables, `${table.name}.csv`), toCsv(table));
    await writeFileWhole(join(at.tables, `${table.name}.md`), toMarkdown(table));
  }
  const files: string[] = [];
  for (const { name, svg } of figures) {
    await writeFileWhole(join(at.figures, `${name}.svg`), svg);
    await writeFileWhole(join(at.figures, `${name}.png`), await toPng(svg));
    files.push(join(at.figures, `${name}.svg`));
  }
  await writeFileWhole(at.report, studyPage(view, figures, tables));
  const comparison = view.wants('methods')
    ? result.study.sigmas.flatMap((sigma) =>
        view.models.map((model) => ({ model, sigma, text: leadText(view, model, sigma) })),
      )
    : [];
  return { report: at.report, figures: files, tables, comparison };
}
