/** What each method, model and σ looks like: the same in every figure, told apart with any colour vision and in grey by dashes. */
import type { CertificateMethod } from '../../certify/index.ts';
import { INK, type Look, METHOD_COLOURS, type PaperChart } from '../../charts/index.ts';

/** The colour of a method, on white as in the report. */
export const methodLook = (method: CertificateMethod): Look => ({ colour: METHOD_COLOURS[method].light });

/** Entries of a legend for methods. */
export const methodsLegend = (methods: readonly CertificateMethod[]): PaperChart['legend'] =>
  methods.map((method) => ({ label: method, ...methodLook(method) }));

/** Dots: limits and other lines that certify nothing. */
export const LIMIT_DASH: readonly number[] = [1.5, 2.5];

const DASHES: readonly (readonly number[])[] = [[], [6, 3], [2, 2], [8, 3, 2, 3]];

/** The dashes of the last model are solid, those before it broken: the best comes last in a study, as GDML after DML. */
export function modelDash(models: readonly string[], name: string): readonly number[] {
  return DASHES[(models.length - 1 - models.indexOf(name)) % DASHES.length];
}

/** Entries of a legend for smoothed models. @param models - all of the study, which the dashes go by */
export const modelsLegend = (models: readonly string[], names = models): PaperChart['legend'] =>
  names.map((name) => ({ label: `${name}+RG`, colour: INK, dash: modelDash(models, name) }));

// dark to light along viridis, without its palest end
const SCALE = ['#440154', '#3b528b', '#21918c', '#5ec962'];

/** The colour of the i-th σ of several, ascending. */
export function sigmaColour(i: number, of: number): string {
  return SCALE[of <= 1 ? 0 : Math.round((i * (SCALE.length - 1)) / (of - 1))];
}
