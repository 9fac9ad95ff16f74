/** Every command: its name, its settings, and where what it does is loaded from when it is called. */
import {
  ATTACK,
  AUDIT,
  CERTIFY,
  INDEX,
  QUERY,
  REPORT,
  type Settings,
  STUDY,
  TRAIN,
} from '../settings/index.ts';

/** A command. */
export interface CommandSpec {
  name: string;
  summary: string;
  description: string;
  /** For example '<image...>'. */
  args?: string;
  settings: Settings;
  /** Loads what it does. Commander hands over the positional arguments, then the option values. */
  load: () => Promise<{ run: (...values: never[]) => Promise<void> }>;
}

/** In the order of --help. */
export const COMMANDS: readonly CommandSpec[] = [
  {
    name: 'train',
    summary: 'train an encoder',
    description:
      'Trains an encoder by metric learning, with Gaussian noise of --sigma on every picture, and writes it as a model folder that every other command takes. After each epoch it is judged on the pictures of --val, whose classes should not occur in --data, and the best model is kept. Stopped or killed, it goes on from the last finished epoch when run again.',
    settings: TRAIN,
    load: () => import('./train.ts'),
  },
  {
    name: 'index',
    summary: 'build a gallery from images',
    description:
      'Embeds every image of a dataset and stores the vectors as a gallery. Smoothed by default: each vector is the mean embedding of noisy copies, which is what a smoothed query has to be compared with. Stopped, it goes on when run again.',
    settings: INDEX,
    load: () => import('./index-command.ts'),
  },
  {
    name: 'query',
    summary: 'nearest gallery items of images, certified on demand',
    description:
      'Finds the gallery items nearest to each image. With --certify the answer (the label of the nearest item) comes with the radius within which no change of the image can change it.',
    args: '<images...>',
    settings: QUERY,
    load: () => import('./query.ts'),
  },
  {
    name: 'certify',
    summary: 'certified Recall@k of a dataset',
    description:
      'Certifies every image of a dataset as a query, by all methods from the same samples, and writes a run folder: rows.jsonl (a line a query), summary.json, run.json. Stopped or killed, it goes on when run again. With probability at least 1 − alpha for each query and method, no change of the image of ℓ2 norm below the radius changes the answer of the smoothed system.',
    settings: CERTIFY,
    load: () => import('./certify.ts'),
  },
  {
    name: 'attack',
    summary: 'Recall@1 under attack',
    description:
      'Attacks every query of a dataset that is answered rightly: looks for a change of the image, of ℓ2 norm at most each --radius, after which an item of another class is nearest. Writes a run folder: rows.jsonl, summary.json, run.json and pictures of the smallest changes found; `report` shows it, beside the certified curve when certify runs are given too. The undefended encoder (--system base) is attacked by gradients of its graph; the smoothed systems by gradients through noisy copies, and each success is judged by fresh samples. Stopped or killed, it goes on when run again.',
    settings: ATTACK,
    load: () => import('./attack.ts'),
  },
  {
    name: 'audit',
    summary: 'attacks every certificate of a run inside its own radius',
    description:
      'Attacks every certified query of a finished certify run inside its own certified radius, for every method, by gradients through noisy copies of the image towards the items that come nearest to taking its place. A counterexample - the answer is another one with probability 1 − 1e-6 by fresh samples - is printed and saved with all that reproduces it, and the exit code is 1: with certificates at alpha 0.001 about one in a thousand may fail, but a counterexample points to a fault far more often. Stopped or killed, it goes on when run again.',
    args: '<run>',
    settings: AUDIT,
    load: () => import('./audit.ts'),
  },
  {
    name: 'report',
    summary: 'one HTML file of runs, attacks and trainings',
    description:
      'Makes one self-contained HTML file of run folders of certify and attack and model folders of train, finished or not. Of runs: certified Recall@1 against the radius for each method, the table, the hardest and the most robust queries with their pictures and nearest items, a table of all queries to search and keep as CSV, the settings. Of attacks: Recall@1 under attack beside the certified curves, pictures of the smallest changes. Of trainings: loss, learning rate and Recall@1 against the epoch, the kept epoch in numbers, the settings. Several are compared in the same figures. Never runs a model.',
    args: '<folders...>',
    settings: REPORT,
    load: () => import('./report.ts'),
  },
  {
    name: 'study',
    summary: "the paper's experiments and more, on any dataset",
    description:
      'Runs a whole study from one file: trains its models, samples every query once for each model and sigma, and makes of these samples certified Recall@1 against the radius, n, alpha and the dimension, all methods side by side, the samples that each needs, the cost with early stopping and certified Recall@k. Writes rows, tables (CSV and Markdown), figures (SVG and PNG) and one HTML report. Stopped or killed, it goes on when run again. See docs/study.md.',
    args: '[file]',
    settings: STUDY,
    load: () => import('./study.ts'),
  },
];
