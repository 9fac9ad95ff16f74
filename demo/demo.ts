/**
 * The demo: trains an encoder with noise and one without on characters, builds their galleries, certifies characters that neither has
 * seen, attacks the one without noise, and writes a report.
 */
import { readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { createProgram } from '../src/cli/program.ts';
import { runCommand } from '../src/cli/run-command.ts';
import { openDataset } from '../src/datasets/index.ts';
import { readEncoderInfo } from '../src/encoder/index.ts';
import { writeFileWhole } from '../src/output.ts';
import { loadRun, loadTraining, renderReport, writeReport } from '../src/report/index.ts';
import { VERSION } from '../src/version.ts';
import { type AttackedQuery, attackQueries } from './attack.ts';
import { opening } from './opening.ts';
import { runSteps, type Step } from './steps.ts';

/** How much of everything. */
export interface Scale {
  /** Options of `train`, besides data, noise and output. */
  train: readonly string[];
  /** Characters on which the trainings are judged; they choose the epoch that is kept. */
  validation: string;
  /** Characters that are searched: others than those of the training and the judgement. */
  unseen: string;
  /** Noise of training, gallery and certificates, in pixels of [0,1]. */
  sigma: number;
  /** Pictures of each character in the gallery, and among the queries. */
  galleryPerClass: number;
  queriesPerClass: number;
  gallerySamples: number;
  selection: number;
  samples: number;
  attackSteps: number;
  /** Noisy copies whose mean answers, where the changed pictures are shown to the smoothed search. */
  answerSamples: number;
  /** Size of a change of which the report's headline speaks. */
  radius: number;
}

/** About nine minutes on two cores. */
export const FULL: Scale = {
  train: [
    '--backbone',
    'conv4',
    '--dim',
    '128',
    '--augment',
    'characters',
    '--batch',
    '144',
    '--images-per-class',
    '4',
    '--optimizer',
    'adamw',
    '--weight-decay',
    '0.1',
    '--lr',
    '1e-2',
    '--schedule',
    'one-cycle',
    '--epochs',
    '3',
  ],
  validation: 'glyphs?classes=1/2@test',
  unseen: 'glyphs?classes=2/2@test',
  sigma: 0.5,
  galleryPerClass: 12,
  queriesPerClass: 2,
  gallerySamples: 64,
  selection: 512,
  samples: 1_000,
  attackSteps: 40,
  answerSamples: 300,
  radius: 0.5,
};

/** File of the report in the demo's folder. */
export const REPORT = 'report.html';

/**
 * Runs the demo in `folder`; what an earlier call has finished there is kept.
 * @returns whether the report is there; else `process.exitCode` says why not
 */
export async function runDemo(folder: string, scale: Scale): Promise<boolean> {
  const say = (line: string): void => void process.stderr.write(`${line}\n`);
  const commands: string[] = [];

  /** A step that is a command of retrievalguard. */
  const command = (name: string, title: string, after: readonly string[], args: readonly string[]): Step => {
    const shown = `retrievalguard ${[...args, '--out', relative(process.cwd(), join(folder, name))].join(' ')}`;
    commands.push(shown);
    return {
      name,
      title,
      after,
      settings: [VERSION, args.map((arg) => (arg.startsWith(folder) ? relative(folder, arg) : arg))],
      work: async (out) => {
        say(`$ ${shown}`);
        await createProgram().parseAsync([...args, '--out', out], { from: 'user' });
      },
    };
  };
  const at = (name: string): string => join(folder, name);
  const sigma = String(scale.sigma);
  const train = (name: string, title: string, noise: string): Step =>
    command(
      name,
      title,
      [],
      [
        'train',
        '--data',
        'glyphs@train',
        '--val',
        scale.validation,
        ...scale.train,
        '--sigma',
        noise,
        '--val-sigma',
        sigma,
      ],
    );
  const index = (name: string, title: string, model: string): Step =>
    command(
      name,
      title,
      [model],
      [
        'index',
        '--data',
        scale.unseen,
        '--per-class',
        String(scale.galleryPerClass),
        '--model',
        at(model),
        '--sigma',
        sigma,
        '--samples',
        String(scale.gallerySamples),
      ],
    );
  const certify = (name: string, title: string, model: string, gallery: string): Step =>
    command(
      name,
      title,
      [model, gallery],
      [
        'certify',
        '--data',
        scale.unseen,
        '--per-class',
        String(scale.queriesPerClass),
        '--gallery',
        at(gallery),
        '--leave-one-out',
        '--model',
        at(model),
        '--sigma',
        sigma,
        '--selection',
        String(scale.selection),
        '--samples',
        String(scale.samples),
      ],
    );

  const systems = {
    ordinary: { model: at('ordinary'), gallery: at('ordinary-gallery') },
    smoothed: { model: at('smoothed'), gallery: at('smoothed-gallery') },
  };
  const steps: Step[] = [
    train('smoothed', 'Train an encoder with noise', sigma),
    train('ordinary', 'Train the same encoder without noise', '0'),
    index('smoothed-gallery', 'A gallery of characters that it has never seen', 'smoothed'),
    index('ordinary-gallery', 'The same gallery for the encoder without noise', 'ordinary'),
    certify('smoothed-run', 'Certify queries', 'smoothed', 'smoothed-gallery'),
    certify('ordinary-run', 'The same for the encoder without noise', 'ordinary', 'ordinary-gallery'),
    {
      name: 'attack.json',
      title: 'Attack the ordinary search',
      after: ['ordinary-gallery', 'smoothed-gallery'],
      settings: [VERSION, scale.unseen, scale.queriesPerClass, scale.attackSteps, scale.answerSamples],
      work: (out) =>
        runCommand(async (signal) => {
          const { unseen: data, queriesPerClass: perClass, answerSamples: samples, attackSteps } = scale;
          const attack = { data, perClass, sigma: scale.sigma, samples, steps: attackSteps, signal };
          const attacked = await attackQueries({ ...attack, ...systems });
          await writeFileWhole(out, JSON.stringify(attacked));
        }),
    },
    {
      name: REPORT,
      title: 'Write the report',
      after: ['smoothed-run', 'ordinary-run', 'attack.json'],
      settings: [VERSION, scale.radius],
      work: (out) => runCommand(() => report(out, folder, scale, commands)),
    },
  ];
  return runSteps(folder, steps, say);
}

async function report(out: string, folder: string, scale: Scale, commands: readonly string[]): Promise<void> {
  const at = (name: string): string => join(folder, name);
  const smoothed = { ...(await loadRun(at('smoothed-run'))), name: 'trained with noise' };
  const ordinary = { ...(await loadRun(at('ordinary-run'))), name: 'trained without noise' };
  const trainings = [
    { ...(await loadTraining(at('smoothed'))), name: 'training with noise' },
    { ...(await loadTraining(at('ordinary'))), name: 'training without noise' },
  ];
  const attacked = JSON.parse(await readFile(at('attack.json'), 'utf8')) as AttackedQuery[];
  const { items } = await openDataset(scale.unseen);
  const reads = new Map(items.map((item) => [item.id, (): Promise<Uint8Array> => item.read()]));
  const { input } = await readEncoderInfo(at('smoothed'));
  const first = await opening({
    attacked,
    rows: smoothed.rows,
    sigma: scale.sigma,
    values: input.channels * input.height * input.width,
    radius: scale.radius,
    picture: async (id) => Buffer.from((await reads.get(id)?.()) ?? []).toString('base64'),
    commands,
  });
  const html = await renderReport([smoothed, ordinary, ...trainings], {
    title: 'Image search that cannot be fooled, and by how much',
    opening: first.text,
    pictures: async (_, id) => (await reads.get(id)?.()) ?? null,
  });
  await writeReport(out, html);
}
