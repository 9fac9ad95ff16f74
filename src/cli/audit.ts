import { createHash } from 'node:crypto';
import { join, resolve } from 'node:path';
import { openDataset } from '../datasets/index.ts';
import { RetrievalGuardError } from '../errors.ts';
import { invocation, machine, software } from '../evaluate/environment.ts';
import { type AuditManifest, auditRun, type AuditSummary, type RunManifest } from '../evaluate/index.ts';
import { itemsPerClass } from '../evaluate/certify-dataset.ts';
import { rowRules } from '../evaluate/row-rules.ts';
import { manifestSchema } from '../evaluate/schema.ts';
import { galleryHash, type GalleryManifest, identityGallery, openGallery } from '../gallery/index.ts';
import { check, checkedLines, read, readJson } from '../runs/index.ts';
import { NOISE_NAME, type Smoother } from '../smoothing/index.ts';
import { withSmoother } from './open-smoother.ts';
import { AUDIT, identityOf, type ValuesOf } from '../settings/index.ts';
import { EXIT, failedQueries, runCommand } from './run-command.ts';
import { startProgress, print } from './terminal.ts';
import { count } from '../words.ts';

type Values = ValuesOf<typeof AUDIT>;

/** Failure probability of calling an attack a counterexample: a false alarm would be expected once in a million suspicions. */
const ALPHA = 1e-6;

/** retrievalguard audit */
export const run = (run: string, values: Values): Promise<void> =>
  runCommand(async (signal) => {
    const certified = check(manifestSchema, await readJson(run, 'run.json'), join(run, 'run.json'));
    const bytes = await read(run, 'rows.jsonl');
    const dataset = await openDataset(certified.options.data);
    const gallery = await openGallery(values.gallery ?? certified.environment.gallery);
    const stored = await gallery.load();
    const loaded = certified.options.identity ? identityGallery(stored) : stored;
    requireSameGallery(certified, gallery.folder, loaded.manifest);
    const rules = rowRules(certified, { perClass: itemsPerClass(loaded) });
    const all = checkedLines(bytes, join(run, 'rows.jsonl'), rules);
    const rows = all.slice(0, values.limit);
    const lines = bytes.toString('utf8').split('\n').filter(Boolean);
    requireAuditable(certified, values.seed);
    const opened = { ...values, pixels: certified.options.pixels };
    await withSmoother(opened, values.model ?? certified.environment.model, undefined, async (smoother) => {
      requireSameModel(certified, smoother);
      const manifest: AuditManifest = {
        format: 'retrievalguard-audit',
        version: 1,
        options: {
          run: resolve(run),
          runHash: createHash('sha256').update(lines.slice(0, values.limit).join('\n')).digest('hex'),
          alpha: ALPHA,
          noise: NOISE_NAME,
          ...identityOf(AUDIT, values),
        },
        environment: { ...software(), ...machine(), ...invocation() },
      };
      const progress = startProgress('audit', rows.length, values);
      let found = 0;
      const { summary, rows: audited } = await auditRun({
        rows,
        certified,
        dataset,
        gallery: loaded,
        smoother,
        manifest,
        out: values.out,
        maxPixels: values.maxPixels,
        signal,
        onProgress: (event) => {
          if (event.kind === 'skipped') return;
          const row = event.kind === 'row' ? event.row : undefined;
          if (row?.error !== undefined) progress.line(`warning: ${row.query} failed: ${row.error}`);
          for (const finding of row?.findings ?? []) {
            if (finding.outcome !== 'counterexample') continue;
            found++;
            progress.line(
              `COUNTEREXAMPLE: ${row!.query}: ${finding.method} certified '${finding.label}' up to ${finding.radius}; a change of norm ${finding.norm} makes it '${finding.predicted}'. See ${join(values.out, finding.evidence!)}`,
            );
          }
          progress.update(event.done, count(found, 'counterexample'));
        },
      }).finally(() => progress.stop());
      print(values.json ? JSON.stringify(summary) : summaryText(summary, values.out));
      failedQueries(summary.failed, values.out);
      if (audited.some(({ findings }) => findings.some(({ outcome }) => outcome === 'counterexample')))
        process.exitCode = EXIT.error;
    });
  });

function requireAuditable({ options }: RunManifest, seed: number): void {
  if (options.k !== 1) {
    throw new RetrievalGuardError('OPTION_INVALID', {
      expected: 'a run with k = 1',
      got: `k = ${options.k}`,
      fix: 'Certify with --k 1 to audit.',
    });
  }
  // nothing else is drawn from a secret
  if (options.secretSeed !== null || (seed !== options.seed && seed + 1 !== options.seed)) return;
  throw new RetrievalGuardError('OPTION_INVALID', {
    expected: `a --seed whose noise is not that of the run (${options.seed})`,
    got: `--seed ${seed}`,
    fix: `Use --seed ${options.seed + 1}.`,
  });
}

function requireSameGallery({ options }: RunManifest, folder: string, manifest: GalleryManifest): void {
  const hash = galleryHash(manifest);
  if (hash === options.galleryHash) return;
  throw new RetrievalGuardError('RUN_MISMATCH', {
    expected: `the gallery of the run (${options.galleryHash.slice(0, 12)}…) in ${folder}`,
    got: `another (${hash.slice(0, 12)}…)`,
    fix: 'Name the gallery with which the run was certified with --gallery, or certify again.',
  });
}

function requireSameModel({ options }: RunManifest, { info }: Smoother): void {
  if (info.encoderHash === options.modelHash && info.preprocessingHash === options.preprocessingHash) return;
  throw new RetrievalGuardError('RUN_MISMATCH', {
    expected: `the encoder of the run (${options.modelHash.slice(0, 12)}…)`,
    got: `another (${info.encoderHash.slice(0, 12)}…)`,
    fix: 'Name it with --model, and give the model options that the run was made with.',
  });
}

function summaryText(
  { queries, certificates, byMethod, counterexamples }: AuditSummary,
  out: string,
): string {
  const lines = Object.entries(byMethod).map(
    ([method, { certificates: n, undecided, counterexamples: bad }]) =>
      `  ${method.padEnd(9)} ${count(n, 'certificate')} attacked, ${count(bad, 'counterexample')}, ${undecided} undecided by fresh samples`,
  );
  return `${count(queries, 'query')}, ${count(certificates, 'certificate')} attacked inside their radius: ${count(counterexamples, 'counterexample')}\n${lines.join('\n')}\nFindings: ${out}`;
}
