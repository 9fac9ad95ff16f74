import sharp from 'sharp';

/** Pixels an inch at which a chart's CSS pixel is a 96th of an inch: three times as fine as a screen, for print. */
const DENSITY = 288;

/** A figure's SVG as PNG, for documents that take no vectors. */
export function toPng(svg: string): Promise<Buffer> {
  return sharp(Buffer.from(svg), { density: DENSITY }).png({ compressionLevel: 9 }).toBuffer();
}
