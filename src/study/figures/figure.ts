/** What a figure is. */
import { paperChart, type PaperChart } from '../../charts/index.ts';

/** A figure of a study. */
export interface Figure {
  /** Of its files. */
  name: string;
  title: string;
  /** What is shown, with which samples and bands. */
  caption: string;
  /** A whole SVG document. */
  svg: string;
}

/** Most figures have two panels in a row. */
const SIZE = { columns: 2, width: 290, height: 190 };

/** Draws a figure; its title is what a screen reader says. */
export const figure = ({
  name,
  title,
  caption,
  ...chart
}: Omit<Figure, 'svg'> & Omit<PaperChart, 'alt' | keyof typeof SIZE> & Partial<typeof SIZE>): Figure => ({
  name,
  title,
  caption,
  svg: paperChart({ ...SIZE, ...chart, alt: title }),
});
