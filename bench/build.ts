/** The package as its users run it: compiled. (Under tsx every closure is wrapped, which costs in inner loops.) */
import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

export const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '..');
/** Ignored by git. */
export const CACHE = join(ROOT, '.cache');
const BUILD = join(CACHE, 'bench-build');

/** Compiles src/ and loads the modules that the bench drives. */
export async function buildEngine() {
  rmSync(BUILD, { recursive: true, force: true });
  const tsc = join(ROOT, 'node_modules/typescript/bin/tsc');
  const { status, stdout } = spawnSync(
    process.execPath,
    [tsc, '-p', join(ROOT, 'tsconfig.build.json'), '--outDir', BUILD],
    { cwd: ROOT, encoding: 'utf8' },
  );
  if (status !== 0) console.error(`The sources do not compile cleanly:\n${stdout}`);
  const load = <T>(path: string): Promise<T> => import(compiled(path)) as Promise<T>;
  const [certify, planning, encoder, exactNoise, smoothing, cut, image, pool, scan, tune] = await Promise.all(
    [
      load<typeof import('../src/certify/index.ts')>('certify/index'),
      load<typeof import('../src/plan/index.ts')>('plan/index'),
      load<typeof import('../src/encoder/index.ts')>('encoder/index'),
      load<typeof import('../src/noise/exact/index.ts')>('noise/exact/index'),
      load<typeof import('../src/smoothing/index.ts')>('smoothing/index'),
      load<typeof import('../src/smoothing/cut.ts')>('smoothing/cut'),
      load<typeof import('../src/smoothing/query-image.ts')>('smoothing/query-image'),
      load<typeof import('../src/smoothing/sampling-pool.ts')>('smoothing/sampling-pool'),
      load<typeof import('../src/smoothing/scan.ts')>('smoothing/scan'),
      load<typeof import('../src/smoothing/tune.ts')>('smoothing/tune'),
    ],
  );
  return { certify, planning, encoder, exactNoise, smoothing, cut, image, pool, scan, tune };
}

/** Address of a compiled module. */
export function compiled(path: string): string {
  return pathToFileURL(join(BUILD, `${path}.js`)).href;
}

/** What {@link buildEngine} loads. */
export type Engine = Awaited<ReturnType<typeof buildEngine>>;
