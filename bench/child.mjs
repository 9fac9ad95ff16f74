// A fresh process for process.ts: node child.mjs memory|first SMOOTHING_MODULE MODEL …
import { readFileSync } from 'node:fs';

const [mode, module, model, ...rest] = process.argv.slice(2);
const { Smoother } = await import(module);
const smoother = await Smoother.open(model);
const { dimension, input } = smoother.info;
const { channels, height, width } = input;

/** The pictures of sampling.ts. */
const picture = (number) =>
  Float32Array.from({ length: channels * height * width }, (_, i) => {
    const x = i % width;
    const y = Math.floor(i / width) % height;
    const c = Math.floor(i / (width * height));
    return 0.5 + 0.4 * Math.sin((x * (number + 2)) / width + c) * Math.cos((y * (5 - c)) / height);
  });
const classesOf20 = (count) => Int32Array.from({ length: count }, (_, i) => Math.floor(i / 20));

if (mode === 'first') {
  const bytes = readFileSync(rest[1]);
  const vectors = new Float32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);
  const count = vectors.length / dimension;
  await smoother.setGallery({ vectors, dimension, count, labelIndex: classesOf20(count) });
  const settings = { sigma: 0.25, selection: 128, stopping: { exactly: Number(rest[0]) } };
  const { certificates } = await smoother.certifyOnce({ id: 'query', pixels: picture(0) }, settings);
  const { cdf } = certificates;
  console.log(cdf.kind === 'certified' ? cdf.radius : 0);
} else {
  const [samples, queries] = rest.map(Number);
  const count = 1634;
  let state = 7;
  const vectors = Float32Array.from({ length: count * dimension }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state / 2 ** 31 - 1) / Math.sqrt(dimension);
  });
  await smoother.setGallery({ vectors, dimension, count, labelIndex: classesOf20(count) });
  const settings = { sigma: 0.25, stopping: { exactly: samples } };
  const start = performance.now();
  for (let number = 0; number < queries; number++)
    await smoother.certifyOnce({ id: `query ${number}`, pixels: picture(number) }, settings);
  const seconds = (performance.now() - start) / 1e3;
  console.log(
    JSON.stringify({
      rss: Math.round(process.memoryUsage.rss() / 1e6),
      peak: Math.round(process.resourceUsage().maxRSS / 1e3),
      rate: (queries * (samples + 512)) / seconds,
    }),
  );
}
await smoother.close();
