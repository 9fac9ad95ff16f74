/** Colours that mean the same in every chart, after Okabe and Ito: told apart with any colour vision. */

/** A method's colour on white, and on the dark page. */
export const METHOD_COLOURS = {
  paper: { light: '#767676', dark: '#a8a8a8' },
  bisector: { light: '#009e73', dark: '#2cc79b' },
  cdf: { light: '#d55e00', dark: '#ff8c42' },
  vote: { light: '#0072b2', dark: '#56b4e9' },
  duel: { light: '#b0508c', dark: '#e29ac6' },
} as const;

/** The CSS variable with a method's colour, for what follows the page's theme. */
export const methodColour = (method: keyof typeof METHOD_COLOURS): string => `var(--method-${method})`;

/** Text, and lines that belong to no method, on white. */
export const INK = '#1b1f24';
