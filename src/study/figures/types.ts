/** What a figure is. */
export interface Figure {
  /** Of its files. */
  name: string;
  title: string;
  /** What is shown, with which samples and bands. */
  caption: string;
  /** A whole SVG document. */
  svg: string;
}
