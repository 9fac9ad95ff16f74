/** Certifies one picture against a gallery: `tsx examples/quickstart.ts encoder gallery photo.jpg`. */
import { loadImage, openGallery, Smoother } from 'retrievalguard';

const [model, folder, photo] = process.argv.slice(2);
const gallery = await (await openGallery(folder)).load();
const smoother = await Smoother.open(model);
try {
  await smoother.setGallery(gallery);
  const pixels = await loadImage(photo, smoother.info.preprocessing);
  const { predicted, certificates } = await smoother.certifyOnce(
    { id: photo, pixels }, // the id and the seed name the noise: the same pair gives the same samples
    { sigma: gallery.manifest.sigma, alpha: 0.001, stopping: { exactly: 2_000 } },
  );
  console.log(`${photo}: ${gallery.labelNames[predicted]}`);
  for (const [method, certificate] of Object.entries(certificates)) {
    console.log(
      certificate.kind === 'certified'
        ? `${method}: no change below ${certificate.radius}, with probability at least 1 − 0.001`
        : `${method}: abstains, ${certificate.reason}`,
    );
  }
} finally {
  await smoother.close();
}
