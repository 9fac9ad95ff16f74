import { expect, test } from 'vitest';
import { csvText, type Field } from './csv.ts';

/** Fields of one line, read back by the rules of RFC 4180. */
function parsed(text: string): string[] {
  return [...text.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^",]*))(?=,|\r\n$)/g)].map(([, quoted, plain]) =>
    quoted === undefined ? plain : quoted.replaceAll('""', '"'),
  );
}

test('a text that would be a formula is made a text', () => {
  const formulas = [
    '=1+1',
    '+1+1',
    '-2+3',
    '@SUM(1)',
    '=HYPERLINK("http:evil","x")',
    '=cmd|calc 0.png',
    '\t=1',
    '\tx',
    '\r=1',
    '\n-x',
    '  =1',
    '\u00a0=1',
    '\ufeff=1',
    '\u200b+1',
    '\uff1d1',
    '\uff0b1',
    '\uff0dx',
    '\uff20x',
    '-',
    '--out',
    '-1-1',
    '+1 234',
    '-1,2=3',
  ];
  expect(parsed(csvText([formulas]))).toEqual(formulas.map((text) => `'${text}`));
});

test('everything else stays as it is', () => {
  const plain = [
    'a',
    'a=b',
    '1-2',
    ' leading',
    'e-3',
    '–',
    '#x',
    '-5',
    '+3.5',
    '-1e-7',
    '-1,234.5',
    '-.5',
    '-3%',
    "'x",
  ];
  expect(parsed(csvText([plain]))).toEqual(plain);
  const numbers: Field[] = [-1.5, 1e-7, -Infinity, 0, Number.NaN, null, undefined];
  expect(csvText([numbers], '\n')).toBe('-1.5,1e-7,-Infinity,0,,,\n');
});

test('what separates fields in any country is quoted', () => {
  expect(csvText([['a;b', 'a\tb', 'a,b', 'a"b', 'a\nb']], '\n')).toBe('"a;b","a\tb","a,b","a""b","a\nb"\n');
});
