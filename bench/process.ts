/** What a whole process costs: memory, and the time to a first result. */
import { spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CACHE, compiled, type Engine, ROOT } from './build.ts';
import { median } from './contestant.ts';
import type { Network } from './networks.ts';
import { picture, randomGallery } from './sampling.ts';

const CHILD = fileURLToPath(new URL('./child.mjs', import.meta.url));
const SMALL = join(ROOT, 'bench/models/omniglot-conv4');

/** Resident memory of a fresh process that certifies, at several numbers of samples and after more and more queries. */
export async function memory(quick: boolean): Promise<void> {
  const factor = quick ? 1 : 4;
  const steps = [
    ...[1000, 5000, 10_000, 20_000].map((samples) => ({ samples: samples * factor, queries: 1 })),
    ...[1, 2, 5, 10, 20].map((queries) => ({ samples: 2000, queries })),
  ];
  console.log(
    '\n| memory, small network | RSS, MB | peak, MB | samples/s, all of certify() |\n| --- | --- | --- | --- |',
  );
  for (const { samples, queries } of steps) {
    const { rss, peak, rate } = JSON.parse(
      await child(['memory', compiled('smoothing/index'), SMALL, String(samples), String(queries)]),
    ) as { rss: number; peak: number; rate: number };
    console.log(
      `| ${queries} ${queries === 1 ? 'query' : 'queries'}, n = ${samples} | ${rss} | ${peak} | ${Math.round(rate)} |`,
    );
  }
}

/** Seconds from the start of a process to the first certified radius: 1,000 samples, a gallery of 200 vectors. */
export async function coldStart({ smoothing }: Engine, chosen: readonly Network[]): Promise<void> {
  console.log('\n| from process start to the first certified radius | seconds |\n| --- | --- |');
  for (const { name, path, large } of chosen) {
    const samples = large ? 200 : 1000;
    const file = await galleryFile(smoothing, path);
    const seconds: number[] = [];
    let radius = 0;
    for (let round = 0; round < (large ? 1 : 3); round++) {
      const start = performance.now();
      radius = Number(await child(['first', compiled('smoothing/index'), path, String(samples), file]));
      seconds.push((performance.now() - start) / 1e3);
    }
    console.log(`| ${name}, n = ${samples} (radius ${radius.toFixed(3)}) | ${median(seconds).toFixed(2)} |`);
  }
}

/** Random vectors, and the query's own smoothed embedding as the first one, so that there is something to certify. */
async function galleryFile(smoothing: Engine['smoothing'], path: string): Promise<string> {
  const smoother = await smoothing.Smoother.open(path);
  const image = { id: 'query', pixels: picture(smoother.info, 0) };
  const embedding = await smoother.embed(image, { sigma: 0.25, samples: 64 });
  await smoother.close();
  const { vectors } = randomGallery(200, embedding.length);
  vectors.set(embedding);
  mkdirSync(CACHE, { recursive: true });
  const file = join(CACHE, 'bench-gallery.bin');
  writeFileSync(file, vectors);
  return file;
}

/** Runs child.mjs; resolves with its first line, when that comes. */
function child(args: string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const started = spawn(process.execPath, [CHILD, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
    started.stdout.once('data', (data: Buffer) => resolve(data.toString().trim()));
    started.once('exit', (code) => reject(new Error(`child.mjs ended with ${code}`)));
  });
}
