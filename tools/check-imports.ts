/**
 * Guards the direction of imports: a folder of src/ may import only from folders that stand before it in LAYERS,
 * or from itself; src/ never imports test/, tools/ or bench/; and the pure layers import nothing of Node's and no
 * native package, so that they run in a browser.
 */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The tree of src/ as the data flows, first to last. */
export const LAYERS = [
  'errors.ts',
  'version.ts',
  'limits.ts',
  'words.ts',
  'threads.ts',
  'output.ts',
  'charts',
  'runs',
  'stats',
  'certify',
  'plan',
  'noise',
  'kernel',
  'onnx',
  'image',
  'encoder',
  'gallery',
  'smoothing',
  'datasets',
  'autodiff',
  'training',
  'attack',
  'evaluate',
  'report',
  'study',
  'index.ts',
  'cli',
];
/** Layers that must run in a browser: relative imports and the named packages only. */
const PURE: Record<string, readonly string[]> = {
  'errors.ts': [],
  'words.ts': [],
  stats: [],
  certify: [],
  plan: [],
  noise: [],
  kernel: [],
};

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const src = join(root, 'src');

function* sourceFiles(folder: string): Generator<string> {
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    if (statSync(path).isDirectory()) {
      if (name !== 'assembly') yield* sourceFiles(path);
    } else if (path.endsWith('.ts') && !path.endsWith('.d.ts')) yield path;
  }
}

/** A file at the root and its test are one layer. */
const layerOf = (path: string): string =>
  relative(src, path)
    .split(sep)[0]
    .replace(/\.test\.ts$/, '.ts');

/** All violations, one line each; empty when the tree is in order. */
export function checkImports(): string[] {
  const problems: string[] = [];
  const importPattern = /(?:from|import)\s*\(?\s*['"]([^'"]+)['"]/g;
  for (const file of sourceFiles(src)) {
    const layer = layerOf(file);
    const rank = LAYERS.indexOf(layer);
    const where = relative(root, file);
    if (rank < 0) problems.push(`${where}: the folder '${layer}' is not in LAYERS of tools/check-imports.ts`);
    const isTest = file.endsWith('.test.ts');
    const code = readFileSync(file, 'utf8')
      .replace(/\/\*[\s\S]*?\*\//g, '')
      .replace(/^\s*\/\/.*$/gm, '');
    for (const [, target] of code.matchAll(importPattern)) {
      if (target.startsWith('.')) {
        const path = resolve(dirname(file), target);
        if (!path.startsWith(src + sep)) {
          if (!isTest) problems.push(`${where}: imports ${target}, outside src/`);
          continue;
        }
        const targetRank = LAYERS.indexOf(layerOf(path));
        if (targetRank > rank && !isTest)
          problems.push(`${where}: imports ${target}, a layer that comes after '${layer}'`);
      } else if (!isTest && PURE[layer] && !PURE[layer].includes(target)) {
        problems.push(`${where}: imports ${target}, but '${layer}' must run in a browser`);
      }
    }
  }
  return problems;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const problems = checkImports();
  for (const line of problems) console.error(line);
  if (problems.length > 0) process.exit(1);
  console.log('imports point one way');
}
