import type { Rule } from '../site.ts';

/** y = x: dx = dy. Dropout in inference form is the same. */
export const identityRule: Rule = (_, [dy]) => [dy];
