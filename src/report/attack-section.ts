/** The part of a report on attacks: Recall@1 under attack beside what is certified, and pictures of the smallest changes. */
import type { AttackRow, Smallest } from '../evaluate/attack-schema.ts';
import { methodColour } from '../charts/index.ts';
import { survivalCurve } from '../evaluate/curve.ts';
import type { LoadedAttack } from './types.ts';
import { recallChart, type Series } from './charts.ts';
import { correctFileRadius, correctRadius, scoreOf } from '../evaluate/method-statistics.ts';
import { decimal, percent } from './format.ts';
import { type Html, html } from './html.ts';
import type { RunStatistics } from './statistics.ts';
import { headings, numberCells, table } from './table.ts';
import { count } from '../words.ts';

/** Colours of the first, second, … attack run, apart from those of the methods. */
const COLOURS = ['var(--wrong)', '#8a5a2b', '#6b6b6b', '#b0309a'];
/** Pictures shown of each run. */
const EXAMPLES = 6;
const SYSTEMS = {
  base: 'undefended encoder',
  mean: 'smoothed embedding',
  vote: 'majority of votes',
  duel: 'duels of labels',
};

/** Figure, table and examples; nothing for no attack. */
export function attackSections(
  attacks: readonly LoadedAttack[],
  certified: readonly RunStatistics[],
): Html | null {
  if (attacks.length === 0) return null;
  // norms of the two kinds never share an axis
  const figures = (['input', 'file'] as const).map((pixels) => {
    const some = attacks.filter(({ manifest }) => manifest.options.pixels === pixels);
    return some.length > 0 && figure(pixels, some, certified);
  });
  return html`<section>
<h2>Under attack</h2>
<p>Each query that is answered rightly was changed by attacks until an item of another class was nearest. A line of an attack is an upper bound of what the system bears: a better attack
would push it down. A certified line is a lower bound that no attack can pass. Between the two of one system lies what is left to gain.</p>
${figures}
${attacks.map(radiusTable)}
</section>
<section>
<h2>The smallest changes found</h2>
${attacks.map(examples)}
</section>
`;
}

/** Attacks on the same pixels, and what is certified in these. */
function figure(
  pixels: 'input' | 'file',
  attacks: readonly LoadedAttack[],
  certified: readonly RunStatistics[],
): Html {
  const curves = attacks.map(
    ({ name, rows, manifest }, i): Series => ({
      name: `${name}: ${SYSTEMS[manifest.options.system]} under attack`,
      colour: COLOURS[i % COLOURS.length],
      steps: survivalCurve(rows.filter(({ score }) => score === 1).map(reach), rows.length),
    }),
  );
  const radiusOf = pixels === 'file' ? correctFileRadius : correctRadius;
  const proven = certified
    .filter(({ run }) => pixels === 'input' || run.manifest.options.pixels === 'file')
    .flatMap(({ run, methods }): Series[] =>
      methods
        .filter(
          ({ method, certified: some }) =>
            some > 0 && (method === 'cdf' || method === 'vote' || method === 'duel'),
        )
        .map(({ method }) => ({
          name: `${run.name}: certified by ${method}`,
          colour: methodColour(method),
          steps: survivalCurve(
            run.rows.filter((row) => scoreOf(row, method) === 1).map((row) => radiusOf(row, method)),
            run.rows.length,
          ),
        })),
    );
  const most = Math.max(
    ...attacks.flatMap(({ manifest }) => manifest.options.radii),
    ...proven.flatMap(({ steps }) => steps.map(({ radius }) => radius)).filter(Number.isFinite),
  );
  const what = pixels === 'file' ? 'the pixels of the file, at its full size' : "the model's input";
  const alt = `Recall@1 under attack against the norm of the change of ${what}, beside what is certified.`;
  return html`<figure>
${recallChart([...curves, ...proven], most, alt)}
<figcaption>Share of all queries answered rightly after a change of ${what} up to the norm on the axis${attacks.some(({ manifest }) => !manifest.options.attacks.includes('cw')) ? '; where only attacks at fixed radii ran, the curve falls at the norm of what they found' : ''}.</figcaption>
</figure>
`;
}

/** Norm up to which the answer stood. */
const reach = ({ smallest }: AttackRow): number => smallest?.norm ?? Number.POSITIVE_INFINITY;

function radiusTable({ name, rows, manifest }: LoadedAttack): Html {
  const { radii, attacks, system, sigma, steps, restarts, clip, pixels } = manifest.options;
  const right = rows.filter(({ score }) => score === 1);
  const head = headings(['Norm at most'], ['Recall@1', ...attacks.map((attack) => `broken by ${attack}`)]);
  const body = radii.map((radius, i) => {
    const held = rows.filter(({ holds }) => holds[i] === 1).length;
    const broken = attacks.map((attack) => {
      const some = right.filter(({ successes }) => successes[attack]?.[i] === 1).length;
      return right.length > 0 ? some / right.length : 0;
    });
    return html`<tr><th scope="row">${radius}</th>${numberCells([held / rows.length, ...broken].map(percent))}</tr>\n`;
  });
  return html`<h3><bdi>${name}</bdi></h3>
<p>${count(rows.length, 'query')}, ${SYSTEMS[system]}${sigma !== null && system !== 'base' && ` (σ = ${sigma})`}, Recall@1 without attack ${percent(right.length / rows.length)}; ${count(steps, 'step')}, ${count(restarts, 'start')}, ${pixels === 'file' ? 'pixels of the files, ' : 'pixels '}${clip || pixels === 'file' ? 'kept in [0,1]' : 'free'}.</p>
${table('Recall@1 under attack', head, html`<tbody>${body}</tbody>`)}`;
}

function examples({ name, rows, pictures }: LoadedAttack): Html {
  const shown = rows
    .flatMap(({ query, label, smallest }) =>
      smallest?.pictures ? [{ query, label, smallest, files: smallest.pictures }] : [],
    )
    .toSorted((a, b) => a.smallest.norm - b.smallest.norm)
    .slice(0, EXAMPLES);
  if (shown.length === 0) return html`<p><bdi>${name}</bdi>: no change was found, or no picture kept.</p>`;
  const cards = shown.map(
    ({ query, label, smallest, files }) => html`<li><h3><bdi>${query}</bdi></h3>
<div class="triple">${picture(pictures, files.original, `Query, answered ${label}`, label)}${picture(pictures, files.perturbation, `The change, times ${files.factor}`, html`change × ${files.factor}`)}${picture(pictures, files.perturbed, `Changed query, answered ${smallest.predicted}`, smallest.predicted)}</div>
<p>norm ${decimal(smallest.norm)}, by ${smallest.attack}</p></li>
`,
  );
  return html`<h3><bdi>${name}</bdi></h3>
<ul class="changes">${cards}</ul>`;
}

function picture(
  pictures: LoadedAttack['pictures'],
  name: NonNullable<Smallest['pictures']>['original'],
  alt: string,
  caption: Html | string,
): Html {
  const uri = pictures.get(name);
  const shown = uri
    ? html`<img src="${uri}" alt="${alt}">`
    : html`<span role="img" aria-label="${alt} (no picture)"></span>`;
  return html`<figure>${shown}<figcaption><bdi>${caption}</bdi></figcaption></figure>`;
}
