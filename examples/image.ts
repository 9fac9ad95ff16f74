/** From a picture file to the pixels that σ and the radii speak of: `tsx examples/image.ts photo.jpg out.png`. */
import { writeFile } from 'node:fs/promises';
import { encodePng, loadImage, parsePreprocessing, preprocessingHash } from 'retrievalguard/image';

const [photo, out] = process.argv.slice(2);
// the content of a preprocessor_config.json, for a model of 3 channels
const preprocessing = parsePreprocessing(
  {
    size: { shortest_edge: 256 },
    crop_size: 224,
    do_center_crop: true,
    image_mean: [0.485, 0.456, 0.406],
    image_std: [0.229, 0.224, 0.225],
  },
  { channels: 3 },
);
const pixels = await loadImage(photo, preprocessing); // [3 × 224 × 224] in [0,1], not yet normalised
console.log(pixels.length, preprocessingHash(preprocessing));
await writeFile(out, await encodePng(pixels, 3, preprocessing.height, preprocessing.width));
