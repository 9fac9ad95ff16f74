/**
 * Holds the imports of src/ to the table in tools/architecture.ts: `tsx tools/check-imports.ts`. Imports of types count like any other.
 * Tests, and what only they use (`testing/`, `fixtures/`), may import what they like and are imported by nothing else.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import { FOLDERS, type Folder, importsOfFolder, RUNS_ANYWHERE } from './architecture.ts';

/** Source files: path in src/ → code. */
export type Sources = ReadonlyMap<string, string>;

/** What the imports are held to. */
export interface Rules {
  folders: Readonly<Record<string, Folder>>;
  /** Folders and files of the ground that may reach neither Node nor a package. */
  runsAnywhere: readonly string[];
}

/** Path of a file → the files of src/ and the packages that it imports. */
type Graph = ReadonlyMap<string, { files: readonly string[]; packages: readonly string[] }>;

const STATEMENT =
  /^[ \t]*(?:import|export)\b[^'"`;=()]*?\bfrom\s*(['"])(.+?)\1|^[ \t]*import\s*(['"])(.+?)\3/gm;
const EXPRESSION = /\bimport\s*\(\s*(?:(['"])([^'"]+)\1)?/g;
/** A comment, or a string, in which nothing is a comment. */
const COMMENT_OR_STRING =
  /\/\*[\s\S]*?\*\/|\/\/.*|'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\.|[^`\\])*`/g;

/** The targets of all imports in a file, each once; an expression in the place of a name is told as `(computed)`. */
export function importsOf(code: string): string[] {
  const bare = code.replace(COMMENT_OR_STRING, (text) => (text.startsWith('/') ? ' ' : text));
  const statements = [...bare.matchAll(STATEMENT)].map(([, , from, , alone]) => from ?? alone);
  const expressions = [...bare.matchAll(EXPRESSION)].map(([, , target]) => target ?? '(computed)');
  return [...new Set([...statements, ...expressions])];
}

/** All violations, one line each; empty when the tree is in order. */
export function violations(sources: Sources, rules: Rules): string[] {
  const product = [...sources].filter(([path]) => !isOfTests(path));
  const graph: Graph = new Map(product.map(([path, code]) => [path, resolved(path, importsOf(code))]));
  return [
    ...tableFaults(graph, rules),
    ...wrongEdges(graph, rules),
    ...impure(graph, rules),
    ...circles(graph),
  ];
}

const isOfTests = (path: string): boolean => /\.test\.ts$|(^|\/)(testing|fixtures)\//.test(path);

const folderOf = (path: string): string => path.split('/')[0];

/** Files at the root of src/, less the public face, which has a row of its own. */
const isGround = (path: string, { folders }: Rules): boolean => !path.includes('/') && !(path in folders);

function resolved(path: string, targets: readonly string[]): { files: string[]; packages: string[] } {
  const isFile = (target: string): boolean => target.startsWith('.');
  return {
    files: targets.filter(isFile).map((target) => posix.join(posix.dirname(path), target)),
    packages: targets.filter((target) => !isFile(target)),
  };
}

/** The table names the folders that exist, from the bottom up, and no edge that nothing needs. */
function tableFaults(graph: Graph, rules: Rules): string[] {
  const problems: string[] = [];
  const rows = Object.keys(rules.folders);
  const used = new Set<string>();
  for (const [path, { files }] of graph)
    for (const target of files) used.add(`${folderOf(path)} ${folderOf(target)}`);
  const existing = new Set([...graph.keys()].filter((path) => !isGround(path, rules)).map(folderOf));
  for (const folder of existing) if (!rows.includes(folder)) problems.push(`${folder}: no row in the table`);
  for (const [rank, folder] of rows.entries()) {
    if (!existing.has(folder)) problems.push(`${folder}: a row in the table and no such folder`);
    for (const target of importsOfFolder(rules.folders[folder])) {
      if (!rows.slice(0, rank).includes(target)) problems.push(`${folder}: ${target} is no row above it`);
      else if (!used.has(`${folder} ${target}`)) problems.push(`${folder}: no file of it imports ${target}`);
    }
  }
  return problems;
}

function wrongEdges(graph: Graph, rules: Rules): string[] {
  const problems: string[] = [];
  for (const [path, { files }] of graph) {
    const folder = folderOf(path);
    const row = rules.folders[folder];
    const allowed = row ? [folder, ...importsOfFolder(row)] : [];
    for (const target of files) {
      const told = (why: string): number => problems.push(`${path}: imports ${target}, ${why}`);
      if (target.startsWith('../')) told('outside src/');
      else if (isOfTests(target)) told('which is for tests');
      else if (!isGround(target, rules) && !allowed.includes(folderOf(target)))
        told(`which the table does not let '${folder}' do`);
    }
  }
  return problems;
}

/** For each file that has to run anywhere, the shortest way to something that does not. */
function impure(graph: Graph, { runsAnywhere }: Rules): string[] {
  const problems: string[] = [];
  for (const start of graph.keys()) {
    if (!runsAnywhere.includes(folderOf(start))) continue;
    const ways = new Map([[start, start]]);
    for (const [path, way] of ways) {
      const { files, packages } = graph.get(path) ?? { files: [], packages: [] };
      if (packages.length > 0) {
        problems.push(`${way} → ${packages[0]}: has to run in a browser`);
        break;
      }
      // a Map hands out what is added while it is walked
      for (const target of files) if (!ways.has(target)) ways.set(target, `${way} → ${target}`);
    }
  }
  return problems;
}

/** Circles of files that import each other: at least one line for every group of such files. */
function circles(graph: Graph): string[] {
  const found: string[] = [];
  const finished = new Set<string>();
  const way: string[] = [];
  const visit = (path: string): void => {
    if (way.includes(path)) {
      found.push(`${[...way.slice(way.indexOf(path)), path].join(' → ')}: a circle`);
      return;
    }
    if (finished.has(path)) return;
    way.push(path);
    for (const target of graph.get(path)?.files ?? []) visit(target);
    way.pop();
    finished.add(path);
  };
  for (const path of graph.keys()) visit(path);
  return found;
}

/** The sources of this project. */
export function readSources(): Sources {
  const src = new URL('../src/', import.meta.url);
  const paths = readdirSync(src, { recursive: true, encoding: 'utf8' })
    .map((path) => path.replaceAll('\\', '/'))
    // what lies in a folder assembly/ is AssemblyScript and compiled by itself
    .filter((path) => path.endsWith('.ts') && !path.endsWith('.d.ts') && !path.includes('/assembly/'));
  return new Map(paths.sort().map((path) => [path, readFileSync(new URL(path, src), 'utf8')]));
}

/** Violations of this project. */
export const checkImports = (): string[] =>
  violations(readSources(), { folders: FOLDERS, runsAnywhere: RUNS_ANYWHERE });

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const problems = checkImports();
  for (const line of problems) console.error(line);
  if (problems.length > 0) process.exit(1);
  console.log('imports follow the table, without a circle');
}
