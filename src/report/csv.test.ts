import { parse } from 'csv-parse/sync';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { csvText } from './csv.ts';

test('no text begins a formula; numbers and all other texts come back as they were', () => {
  const begins = /^[=+\-@\t\r＝＋－＠]/;
  fc.assert(
    fc.property(
      fc.constantFrom('=1+1', '+cmd', '-2+3', '@SUM(A1)', '\t=1', '\r=1', '＝1', ' =1'),
      fc.string(),
      (head, rest) => {
        const [[cell]] = parse(csvText([[head + rest]])) as string[][];
        expect(cell).toBe(`'${head}${rest}`);
        expect(cell).not.toMatch(begins);
      },
    ),
  );
  const kept = ['-0.5', '+1e-3', '60.5%', '12,345', 'a=b', '–', 'name'];
  expect(parse(csvText([kept]))).toEqual([kept]);
  expect(parse(csvText([[-0.5, 1e-7, null]]))).toEqual([['-0.5', '1e-7', '']]);
});
