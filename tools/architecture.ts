/**
 * The architecture of src/ in one table. tools/check-imports.ts holds the code to it, and docs/architecture.md shows it.
 *
 * A row names only rows above it. The files that stand in src/ itself (errors, words, limits, threads, output, version) are
 * the ground: every folder may import them.
 */

/** A folder of src/, or the public face index.ts. */
export interface Folder {
  /** What it holds, in a few words. */
  holds: string;
  /** Which folders its files may import, and do. */
  imports: string;
}

/** Every folder, those that import nothing first. */
export const FOLDERS: Readonly<Record<string, Folder>> = {
  stats: { holds: 'distributions and bounds', imports: '' },
  certify: { holds: 'from counts to radii', imports: 'stats' },
  plan: { holds: 'what to count', imports: 'certify' },
  kernel: { holds: 'memory of WebAssembly', imports: '' },
  noise: { holds: 'Gaussian noise', imports: 'kernel' },
  onnx: { holds: 'models read and built', imports: '' },
  autodiff: { holds: 'gradients of models', imports: 'onnx' },
  runtime: { holds: 'ways of ONNX Runtime', imports: 'onnx autodiff' },
  image: { holds: 'pictures to pixels', imports: '' },
  encoder: { holds: 'pixels to embeddings', imports: 'onnx image' },
  datasets: { holds: 'labelled pictures', imports: '' },
  gallery: { holds: 'labelled vectors', imports: '' },
  runs: { holds: 'resumable folders', imports: '' },
  charts: { holds: 'figures as SVG', imports: '' },
  smoothing: { holds: 'samples on all cores', imports: 'certify plan noise kernel onnx runtime encoder' },
  training: {
    holds: 'losses, optimisers, trainer',
    imports: 'noise kernel image onnx runtime encoder datasets runs autodiff',
  },
  settings: { holds: 'every setting, said once', imports: 'certify training' },
  attack: { holds: 'attacks and judges', imports: 'certify noise onnx runtime encoder smoothing autodiff' },
  evaluate: {
    holds: 'rows and summaries',
    imports: 'certify plan image encoder datasets gallery runs smoothing settings attack',
  },
  report: { holds: 'tables and pages', imports: 'noise image runs charts training settings evaluate' },
  study: {
    holds: 'the experiments',
    imports: 'certify encoder datasets gallery runs charts smoothing training settings evaluate report',
  },
  'index.ts': {
    holds: 'the public face',
    imports: 'certify image encoder datasets gallery smoothing training evaluate report',
  },
  cli: {
    holds: 'the command line',
    imports: 'certify image encoder datasets gallery runs smoothing training settings evaluate report study',
  },
};

/**
 * What the truth of a radius rests on: the proof, and what draws and counts the samples that it speaks of. Choices cost or gain radius,
 * whatever they are. The other folders bring in the function, the gallery and the pictures, or show what was found.
 */
export const TRUST: Readonly<Record<string, 'proof' | 'counts' | 'choices'>> = {
  stats: 'proof',
  certify: 'proof',
  noise: 'counts',
  kernel: 'counts',
  smoothing: 'counts',
  plan: 'choices',
};

/** What runs in a browser: its files reach no module of Node and no package, by however many imports. */
export const RUNS_ANYWHERE = ['errors.ts', 'words.ts', 'stats', 'certify', 'plan', 'noise', 'kernel'];

/** The folders of a row. */
export const importsOfFolder = ({ imports }: Folder): string[] => imports.split(' ').filter(Boolean);
