/** A verdict within a request: the radius as it grows, until 0.1 is certified or the time is over: `tsx examples/verdict.ts encoder gallery photo.jpg`. */
import { loadImage, openGallery, radiusOf, Smoother } from 'retrievalguard';

const [model, folder, photo] = process.argv.slice(2);
const gallery = await (await openGallery(folder)).load();
const smoother = await Smoother.open(model);
try {
  await smoother.setGallery(gallery);
  const pixels = await loadImage(photo, smoother.info.preprocessing);
  const states = smoother.certify(
    { id: photo, pixels },
    { sigma: gallery.manifest.sigma, methods: ['duel'], stopping: { radius: 0.1, seconds: 2 } },
    { signal: AbortSignal.timeout(10_000) }, // ends the loop with the state reached, as a client that goes away may
  );
  for await (const { samples, certificates, stopped } of states) {
    const duel = certificates.duel!;
    const answer = gallery.labelNames[duel.label!];
    console.log(`${samples} samples: '${answer}' keeps within ${radiusOf(duel)}`, stopped ?? '');
  }
} finally {
  await smoother.close();
}
