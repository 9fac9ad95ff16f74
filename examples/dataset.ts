/** A gallery from a dataset, in memory, and its certified Recall@1: `tsx examples/dataset.ts encoder photos`. */
import {
  type CertifiedQuery,
  indexDataset,
  loadImage,
  openDataset,
  shareAbove,
  Smoother,
  survivalCurve,
} from 'retrievalguard';

const [model, photos] = process.argv.slice(2);
const sigma = 0.25;
const smoother = await Smoother.open(model, { threads: 2 });
try {
  const data = `folder:${photos}@train`;
  const { gallery } = await indexDataset({
    dataset: await openDataset(data),
    data,
    smoother,
    sigma,
    samples: 64,
    // out: './gallery' would write the folder that openGallery reads, and go on where a killed run stopped
  });
  await smoother.setGallery(gallery);

  const test = await openDataset(`folder:${photos}@test`, { limit: 100, seed: 1 });
  const radii: number[] = [];
  for (const item of test.items) {
    const pixels = await loadImage(await item.read(), smoother.info.preprocessing);
    const found: CertifiedQuery = await smoother.certifyOnce(
      { id: item.id, pixels },
      { sigma, methods: ['cdf'], stopping: { radius: 0.1, samples: 4_096 } },
    );
    const { cdf } = found.certificates;
    if (cdf?.kind === 'certified' && gallery.labelNames[cdf.label] === item.label) radii.push(cdf.radius);
  }
  const curve = survivalCurve(radii, test.items.length);
  console.log(`certified Recall@1 at 0.05: ${shareAbove(curve, 0.05)}`);
} finally {
  await smoother.close();
}
