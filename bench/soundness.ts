/**
 * The long soundness suite. Run: npx tsx bench/soundness.ts [--seeds N] [--repetitions N]
 *
 * Repeats the certificates of problems whose truth is known, attacks certificates of encoders whose smoothed answer is known in
 * closed form with the worst perturbation there is, and catches the mutants of the certificate. Prints the tables of docs/soundness.md.
 * The audits of real encoders are runs of `retrievalguard audit`; docs/soundness.md names them.
 */
import { parseArgs } from 'node:util';
import { CERTIFICATE_METHODS, type CertificateMethod } from '../src/certify/index.ts';
import { type Coverage, measureCoverage } from '../test/helpers/coverage.ts';
import { MUTANTS } from '../test/helpers/mutants.ts';
import { binomialAtLeast } from '../test/helpers/numeric.ts';
import { PROBLEMS, tooMany } from '../test/helpers/problems.ts';
import { attackWorstCases } from './soundness/worst-cases.ts';

const { values: options } = parseArgs({
  options: {
    /** Independent repetitions of the whole suite of coverage. */
    seeds: { type: 'string', default: '3' },
    /** Of each problem. */
    repetitions: { type: 'string', default: '2000' },
  },
});
const seeds = Number(options.seeds);
const repetitions = Number(options.repetitions);
const line = (cells: readonly (string | number)[]): void => console.log(`| ${cells.join(' | ')} |`);
const head = (cells: readonly string[]): void => {
  line(cells);
  line(cells.map(() => '---'));
};

console.log('### Coverage\n');
head([
  'problem',
  'alpha',
  'certificates',
  ...CERTIFICATE_METHODS.map((method) => `${method}: failures`),
  'least p-value',
]);
let certificates = 0;
let least = 1;
for (const [index, [name, settings]] of PROBLEMS.entries()) {
  const total = Object.fromEntries(CERTIFICATE_METHODS.map((m) => [m, 0])) as Record<
    CertificateMethod,
    number
  >;
  for (let seed = 0; seed < seeds; seed++) {
    const found: Record<CertificateMethod, Coverage> = measureCoverage({
      ...settings,
      repetitions,
      seed: 10_000 + 100 * index + seed,
    });
    for (const method of CERTIFICATE_METHODS) total[method] += found[method].failures;
  }
  const runs = seeds * repetitions;
  const { alpha } = settings.plan;
  // the chance of at least so many failures if each had the probability alpha
  const p = Math.min(...CERTIFICATE_METHODS.map((method) => binomialAtLeast(total[method], runs, alpha)));
  least = Math.min(least, p);
  certificates += runs * CERTIFICATE_METHODS.length;
  const rates = CERTIFICATE_METHODS.map((m) => `${total[m]} (${(total[m] / runs).toFixed(4)})`);
  line([name, alpha, runs * CERTIFICATE_METHODS.length, ...rates, p.toPrecision(2)]);
}
const tests = PROBLEMS.length * CERTIFICATE_METHODS.length;
console.log(
  `\n${certificates} certificates; the least of ${tests} p-values is ${least.toPrecision(2)}, Bonferroni-corrected ${Math.min(1, least * tests).toPrecision(2)}.\n`,
);

console.log('### Worst cases attacked\n');
const attacked = attackWorstCases();
head(['encoder', 'method', 'attacked', 'beyond the truth', 'allowed by alpha', 'mean radius / true radius']);
let triples = 0;
for (const row of attacked) {
  triples += row.attacked;
  line([row.encoder, row.method, row.attacked, row.broken, row.allowed.toFixed(1), row.tightness.toFixed(3)]);
}
console.log(`\n${triples} attacked (query, method, radius) triples.\n`);

console.log('### Mutants\n');
head(['mutant', 'what is wrong', 'method', 'failures with the fault', 'without', 'caught']);
for (const [i, { name, fault, methods, settings, mutation }] of MUTANTS.entries()) {
  const faulty = measureCoverage({ ...settings, seed: 500 + i, mutation });
  const honest = measureCoverage({ ...settings, seed: 500 + i });
  for (const method of methods) {
    const share = (found: Record<CertificateMethod, Coverage>): string =>
      `${((100 * found[method].failures) / settings.repetitions).toFixed(1)}%`;
    const caught = tooMany(faulty[method].failures, settings.plan.alpha, settings.repetitions);
    line([
      name,
      fault,
      method,
      `${share(faulty)} (alpha ${100 * settings.plan.alpha}%)`,
      share(honest),
      caught ? 'yes' : 'NO',
    ]);
  }
}
