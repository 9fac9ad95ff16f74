/** The pure entry points, bundled for browsers, hold no module of Node and work where nothing of Node is. */
import { fileURLToPath } from 'node:url';
import { createContext, runInContext } from 'node:vm';
import { build } from 'esbuild';
import { describe, expect, test } from 'vitest';
import * as certify from '../../src/certify/index.ts';
import * as noise from '../../src/noise/index.ts';
import * as plan from '../../src/plan/index.ts';
import * as stats from '../../src/stats/index.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** A bundle of one entry point. @throws the bundler's errors, such as of a module that no browser has */
async function bundle(code: string): Promise<{ text: string; inputs: string[] }> {
  const { outputFiles, metafile } = await build({
    stdin: { contents: code, resolveDir: root, sourcefile: 'entry.ts', loader: 'ts' },
    absWorkingDir: root,
    platform: 'browser',
    format: 'iife',
    globalName: 'entry',
    bundle: true,
    metafile: true,
    write: false,
    logLevel: 'silent',
  });
  return { text: outputFiles[0].text, inputs: Object.keys(metafile.inputs) };
}

/** What an expression over the bundle gives in a world of the language alone; numbers and texts only. */
function evaluate(text: string, expression: string): unknown {
  // every browser has TextEncoder; it is not of the language
  const context = createContext({ TextEncoder });
  return JSON.parse(runInContext(`${text}\nJSON.stringify(${expression})`, context) as string);
}

/** A call of each entry point, in the bundle and here. */
const CALLS: Record<string, { expression: string; here: () => unknown }> = {
  stats: {
    expression: '[entry.normalQuantile(0.975), entry.clopperPearsonLower(990, 1000, 0.001)]',
    here: () => [stats.normalQuantile(0.975), stats.clopperPearsonLower(990, 1000, 0.001)],
  },
  certify: {
    expression:
      'entry.voteCertificate({ hits: 990, runnerUp: 4, samples: 1000, alpha: 0.001, sigma: 0.25, eta: 0 })',
    here: () =>
      certify.voteCertificate({
        hits: 990,
        runnerUp: 4,
        samples: 1000,
        alpha: 0.001,
        sigma: 0.25,
        eta: 0,
      }),
  },
  plan: { expression: `(${planned.toString()})(entry)`, here: () => planned({ ...certify, ...plan }) },
  noise: {
    expression:
      "[...entry.gaussianSample(entry.noiseKey({ seed: 5, query: 'naïve', phase: 'estimation' }), 7, 9)]",
    here: () => [
      ...noise.gaussianSample(noise.noiseKey({ seed: 5, query: 'naïve', phase: 'estimation' }), 7, 9),
    ],
  },
};

/** The plan of a query between two items; its text runs in the bundle. */
function planned({ planQuery, AlphaBudget }: typeof certify & typeof plan): unknown {
  const gallery = {
    vectors: Float32Array.of(1, 0, 0, 1),
    dimension: 2,
    count: 2,
    labelIndex: Int32Array.of(0, 1),
  };
  const embeddings = Float32Array.from({ length: 128 }, (_, i) =>
    i % 2 === 0 ? Math.cos(i / 300) : Math.sin((i - 1) / 300),
  );
  const selection = { embeddings, count: 64, votes: new Map([[0, 64]]) };
  const { vote, statistics } = planQuery(gallery, selection, {
    budget: AlphaBudget.fixed(1000, 0.001),
    sigma: 0.25,
  });
  return { vote, weights: statistics.map(({ weights }) => [...weights]) };
}

describe.each(Object.entries(CALLS))('retrievalguard/%s', (name, { expression, here }) => {
  test('is of this project alone, and computes the same without Node', async () => {
    const code = `export * from './src/${name}/index.ts';`;
    // plans are made of what certify defines
    const { text, inputs } = await bundle(
      name === 'plan' ? `${code}export * from './src/certify/index.ts';` : code,
    );
    expect(inputs.filter((path) => path !== 'entry.ts' && !path.startsWith('src/'))).toEqual([]);
    expect(evaluate(text, expression)).toEqual(JSON.parse(JSON.stringify(here())));
  });
});

test('a module of Node is refused, behind however many imports', async () => {
  await expect(bundle("export * from './src/output.ts';")).rejects.toThrow('node:fs');
});
