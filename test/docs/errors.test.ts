import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { ERROR_CODES } from '../../src/errors.ts';

const rows = [
  ...readFileSync(new URL('../../docs/errors.md', import.meta.url), 'utf8').matchAll(
    /^\| `([A-Z_]+)` \| (.+) \| (.+) \|$/gm,
  ),
];

describe('docs/errors.md', () => {
  it('lists every code once, in the order of ERROR_CODES', () => {
    expect(rows.map(([, code]) => code)).toEqual(Object.keys(ERROR_CODES));
  });

  it('begins each cause with the sentence of the registry', () => {
    for (const [, code, cause] of rows) {
      const sentence = ERROR_CODES[code as keyof typeof ERROR_CODES].replace(/\.$/, '');
      expect(cause.replaceAll('`', '')).toContain(sentence);
    }
  });

  it('gives each code a remedy', () => {
    for (const [, , , remedy] of rows) expect(remedy.length).toBeGreaterThan(10);
  });
});
