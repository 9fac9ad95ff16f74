/** What the numbers mean, in plain words. */
import { type Method, METHODS } from '../evaluate/schema.ts';
import { methodColour } from '../charts/index.ts';
import { type Html, html } from './html.ts';
import type { LoadedRun } from './types.ts';
import { recallName } from './statistics.ts';

/** What each method is, in a sentence. */
const METHOD_TEXT: Record<Method, string> = {
  paper:
    "The RetrievalGuard paper's certificate: the margin between distances, and how fast the smoothed embedding can move.",
  bisector: 'Sharper: only movement across the plane halfway between two gallery items counts.',
  cdf: 'Sharper still: uses the whole distribution of the noisy embeddings, not only their mean.',
  vote: 'Another smoothed system: each noisy copy of the image votes with its nearest item, and the majority label answers.',
  duel: 'The same votes, compared label by label: the label that is nearer than each other one in most copies answers. Never proves less than vote.',
};

const FILE_TEXT = html`
<p><strong>In the pixels of the file.</strong> Where a radius is said to be in the file's pixels, it speaks of the decoded picture at its full size, before the resize: no change
of that picture of a smaller ℓ2 norm makes the answer wrong. A radius in the model's input and one in the file's pixels are different units and cannot be compared.</p>`;

/** The reading guide: what a certified radius promises and what it does not. */
export function readingGuide(runs: readonly LoadedRun[]): Html {
  const each = <T>(pick: (run: LoadedRun) => T): string => [...new Set(runs.map(pick))].join(' and ');
  const sigma = each(({ manifest }) => manifest.options.sigma);
  const alpha = each(({ manifest }) => manifest.options.alpha);
  const methods = METHODS.filter((method) =>
    runs.some(({ manifest }) => manifest.options.methods.includes(method)),
  );
  const recall = recallName(runs);
  const secret = runs.every(({ manifest }) => manifest.options.secretSeed !== null);
  return html`<div class="guide"><div><p>A query image is answered by the gallery items nearest to its <em>smoothed</em> embedding: the average over many copies
of the image with random Gaussian noise (σ = ${sigma}, on pixels scaled to [0,1]). Its <strong>certified radius</strong> R is a promise:
no change of the query image whose ℓ2 norm (the root of the sum of all squared pixel changes, of the model's input on that same scale)
is less than R makes the correct answer wrong. Certified ${recall} at r is the share of all queries that are answered correctly and whose
radius is greater than r.</p>
<p><strong>What it is not.</strong> It holds for the smoothed system only, not for the base model. It speaks of changed queries, not of
a changed gallery, and of any change only through its ℓ2 size. And as it comes from random samples, each query's certificate has a
failure probability of at most α = ${alpha}, for that query alone: among very many queries a few may fail. Two pictures of bytes differ
by at least 1/255 = 0.0039: a smaller radius excludes no other one.</p>${runs.some(({ manifest }) => manifest.options.pixels === 'file') && FILE_TEXT}
<p><strong>What it rests on.</strong> The noise is made of whole grey levels with the probabilities of a rounded Gaussian, so the promise is about the model as
it was computed, and what rounding may cost is paid (η in the settings below). One assumption is left: that the bits of the noise's generator are as good as random ones, and that whoever
chose the images did not know them${secret ? '' : '; the seed of these runs is a number, which is meant for images that nobody chose by it'}.</p></div>
<dl class="methods">${methods.map((method) => html`<div style="border-color:${methodColour(method)}"><dt>${method}</dt><dd>${METHOD_TEXT[method]}</dd></div>`)}</dl></div>`;
}
