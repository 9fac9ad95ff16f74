/**
 * Radii in the pixels of a photograph, and attacks on the file inside them. Run: npx tsx bench/file-pixels.ts [--photo FILE] [--short-side N]
 * [--model FOLDER] [--sigma S] [--samples N] [--attacks N] [--steps N] [--judge N] [--others N]
 *
 * The photograph is resized to the short side first (without --photo a scene of 1/f noise and edges is drawn). It is certified by `duel` against
 * a gallery of its own smoothed embedding and those of drawn scenes. Each attack begins at another point of the sphere of 0.99 R_file, by PGD
 * through the resize, and is judged by fresh samples; the same attacks at 4 R_file show what they can do. The norm is also approached from
 * below, by power iteration. Prints Markdown.
 */
import { availableParallelism, cpus } from 'node:os';
import { parseArgs } from 'node:util';
import sharp from 'sharp';
import { attackSmoothed, EncoderGradient, judge, untargeted, type Victim } from '../src/attack/index.ts';
import { fileRadius } from '../src/certify/index.ts';
import { fileUnderAttack, greyLevels } from '../src/evaluate/index.ts';
import { type ByteImage, contrastOf, decodeFile, FileMap } from '../src/image/index.ts';
import { Random } from '../test/helpers/random.ts';
import { buildEngine } from './build.ts';
import { networks } from './networks.ts';

const { values: options } = parseArgs({
  options: {
    photo: { type: 'string' },
    'short-side': { type: 'string', default: '1024' },
    model: { type: 'string' },
    sigma: { type: 'string', default: '0.25' },
    samples: { type: 'string', default: '10000' },
    attacks: { type: 'string', default: '100' },
    steps: { type: 'string', default: '10' },
    judge: { type: 'string', default: '500' },
    others: { type: 'string', default: '50' },
  },
});
const sigma = Number(options.sigma);
const side = Number(options['short-side']);
const model = options.model ?? networks().find(({ name }) => name.startsWith('MobileNet 0.25'))?.path;
if (model === undefined) throw new Error('No MobileNet at hand: name an encoder with --model.');

/** Grey values of several octaves, some soft edges, and a little colour. */
async function scene(seed: number): Promise<ByteImage> {
  const random = new Random(seed);
  const [height, width] = [side, Math.round((4 * side) / 3)];
  const sum = new Float64Array(3 * height * width).fill(127);
  for (let octave = 1; octave <= 7; octave++) {
    const [h, w] = [3 * 2 ** octave, 4 * 2 ** octave].map((n) => Math.min(n, height));
    const coarse = Uint8Array.from({ length: 3 * h * w }, () => 128 + 40 * random.normal());
    const fine = await sharp(coarse, { raw: { height: h, width: w, channels: 3 } })
      .resize(width, height, { fit: 'fill', kernel: 'cubic' })
      .raw()
      .toBuffer();
    for (let i = 0; i < sum.length; i++) sum[i] += ((fine[i] - 128) * 2.4) / octave;
  }
  return { data: new Uint8Array(Uint8ClampedArray.from(sum)), height, width, channels: 3 };
}

async function photograph(path: string): Promise<ByteImage> {
  const { width, height } = await sharp(path).autoOrient().metadata();
  const scale = side / Math.min(width, height);
  const size = { width: Math.round(scale * width), height: Math.round(scale * height) };
  return decodeFile(await sharp(path).autoOrient().resize(size).flatten().png().toBuffer());
}

/** ‖v‖₂. */
function lengthOf(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i] ** 2;
  return Math.sqrt(sum);
}

/** ‖A‖₂ from below. */
function normFromBelow(map: FileMap): number {
  const grey = new Float64Array(map.height * map.width * map.channels).fill(127.5);
  const centre = map.apply(grey);
  let v: Float64Array = grey.map((_, i) => Math.cos(12.9898 * i) + 0.1);
  let norm = 0;
  for (let step = 0; step < 40; step++) {
    const length = lengthOf(v);
    // long enough for the rounding of x, and short of clipping
    const size = 20;
    const image = map.apply(v.map((x) => 127.5 + (255 * size * x) / length));
    const difference = image.map((x, i) => x - centre[i]);
    norm = lengthOf(difference) / size;
    v = map.pullBack(difference);
  }
  return norm;
}

const { smoothing } = await buildEngine();
const smoother = await smoothing.Smoother.open(model, { pixels: 'file' });
const { preprocessing, dimension } = smoother.info;
const file = options.photo ? await photograph(options.photo) : await scene(0);
const map = new FileMap(file, preprocessing);
const pixels = map.apply(file.data);

const embeddings = [await smoother.embed({ id: 'own', pixels }, { sigma, samples: 256, seed: 7 })];
for (let i = 1; i <= Number(options.others); i++) {
  const other = await scene(i);
  const seen = new FileMap(other, preprocessing).apply(other.data);
  embeddings.push(await smoother.embed({ id: `other ${i}`, pixels: seen }, { sigma, samples: 64, seed: 7 }));
}
const gallery = {
  vectors: Float32Array.from(embeddings.flatMap((vector) => [...vector])),
  dimension,
  count: embeddings.length,
  labelIndex: Int32Array.from(embeddings, (_, i) => i),
};
await smoother.setGallery(gallery);
const found = await smoother.certifyOnce({ id: 'photo', pixels }, {
  sigma,
  methods: ['duel'],
  stopping: { kind: 'fixed', samples: Number(options.samples) },
} as never);
const certificate = found.certificates.duel;
if (certificate?.kind !== 'certified')
  throw new Error(`Nothing is certified: ${JSON.stringify(certificate)}`);
const R = certificate.radius;
const Rfile = fileRadius(R, map);
const below = normFromBelow(map);

const row = (...cells: (string | number)[]): void => console.log(`| ${cells.join(' | ')} |`);
console.log(`${cpus()[0].model.trim()}, ${availableParallelism()} cores; ${model}, σ = ${sigma}\n`);
row('', "in the model's input", 'in the file');
row('---', '---:', '---:');
row('size', `${preprocessing.width} × ${preprocessing.height}`, `${file.width} × ${file.height}`);
row('radius by `duel`', R.toFixed(4), Rfile.toFixed(4));
row(
  'grey levels a pixel',
  greyLevels(R, pixels.length).toPrecision(3),
  greyLevels(Rfile, file.data.length).toPrecision(3),
);
row(
  'share of the contrast',
  `${((100 * R) / contrastOf(pixels, 1)).toPrecision(3)}%`,
  `${((100 * Rfile) / contrastOf(file.data, 255)).toPrecision(3)}%`,
);
console.log(
  `\nR_file/R = ${(Rfile / R).toFixed(3)}; ‖A‖ ≤ ${map.norm.toFixed(5)}, from below ${below.toFixed(5)} (${((100 * map.norm) / below - 100).toFixed(2)}% apart), e = ${map.error.toExponential(2)}\n`,
);

const encoder = await EncoderGradient.open(smoother.info, { batch: 16, threads: availableParallelism() });
const label = certificate.label ?? 0;
const victim: Omit<Victim, 'id'> = { ...fileUnderAttack(file, map), goal: untargeted(gallery, label) };
row('attacks on the file at', 'number', 'answers changed', 'smallest estimate of the margin');
row('---', '---:', '---:', '---:');
for (const [name, radius, count] of [
  ['0.99 R_file', 0.99 * Rfile, Number(options.attacks)],
  ['4 R_file', 4 * Rfile, Math.ceil(Number(options.attacks) / 20)],
] as const) {
  let changed = 0;
  let least = Infinity;
  for (let i = 0; i < count; i++) {
    // the first from the picture itself, the others from points of the sphere
    const random = new Random(1000 + i);
    const start = i === 0 ? undefined : victim.pixels.map((x) => x + random.normal());
    const candidate = await attackSmoothed(
      { encoder, gallery, sigma, system: 'duel' },
      { ...victim, id: `attack ${i}` },
      { radius, steps: Number(options.steps), samples: 16, clip: true, seed: i, start },
    );
    least = Math.min(least, candidate.margin);
    const verdict = await judge(
      smoother,
      { id: `attack ${i}`, pixels: victim.through!.apply(candidate.pixels), label },
      { system: 'duel', sigma, samples: Number(options.judge), seed: 1 + i },
    );
    if (verdict.kind === 'changed') changed++;
  }
  row(name, count, changed, least.toFixed(3));
}
await encoder.release();
await smoother.close();
