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

/** Draws a figure; its title is what a screen reader says. */
export const figure = ({
  name,
  title,
  caption,
  ...chart
}: Omit<Figure, 'svg'> & Omit<PaperChart, 'alt'>): Figure => ({
  name,
  title,
  caption,
  svg: paperChart({ ...chart, alt: title }),
});
