/** An audit: attacks every certified query of a run inside its own certified radius. */
import { join } from 'node:path';
import * as z from 'zod';
import {
  attackSmoothed,
  EncoderGradient,
  judge,
  type SmoothedSystemKind,
  untargeted,
} from '../attack/index.ts';
import { RetrievalGuardError } from '../errors.ts';
import { npyHeader } from '../gallery/index.ts';
import { encodePng } from '../image/index.ts';
import { makeFolders, writeFileWhole } from '../output.ts';
import type { AUDIT, IdentityOf } from '../settings/index.ts';
import { type AnyManifest, type JournalRules, performRun } from '../runs/index.ts';
import { ownItem } from './own-item.ts';
import { type DatasetRun, type LoadedPicture, picturesOf } from './read-pictures.ts';
import { type Method, METHODS, type Row, type RunManifest } from './schema.ts';
import { count } from '../words.ts';

/** run.json of an audit. */
export interface AuditManifest extends AnyManifest {
  format: 'retrievalguard-audit';
  version: 1;
  options: IdentityOf<typeof AUDIT> & {
    /** The certified run, and a hash of its options and rows. */
    run: string;
    runHash: string;
    /** Failure probability of calling an attack a counterexample. */
    alpha: number;
    /** Law of the judges' noise. */
    noise: string;
  };
  environment: Record<string, unknown>;
}

const findingSchema = z.object({
  method: z.enum(METHODS),
  /** The certified answer and radius. */
  label: z.string(),
  radius: z.number().positive(),
  /** ‖perturbation‖₂ of the strongest attack; below the radius. */
  norm: z.number().nonnegative(),
  /** Its margin on the attack's own samples: what was left of the answer. */
  margin: z.number(),
  /** `counterexample`: with probability at least 1 − alpha the answer there is another one. */
  outcome: z.enum(['held', 'undecided', 'counterexample']),
  /** The answer of a counterexample. */
  predicted: z.string().optional(),
  /** Folder below the audit's with all that reproduces a counterexample. */
  evidence: z.string().optional(),
});

/** One attacked certificate. */
export interface AuditFinding extends z.infer<typeof findingSchema> {}

const auditRowSchema = z.object({
  query: z.string(),
  findings: z.array(findingSchema),
  seconds: z.number().nonnegative(),
  /** What went wrong with this query alone: none of its certificates was attacked to the end. */
  error: z.string().optional(),
});

/** One line of an audit's rows.jsonl. */
export interface AuditRow extends z.infer<typeof auditRowSchema> {}

/** summary.json of an audit. */
export interface AuditSummary {
  queries: number;
  /** Queries at which something went wrong (`error` of their rows), and pictures that can no longer be read. */
  failed: number;
  /** Attacked certificates, and by method. */
  certificates: number;
  byMethod: Partial<Record<Method, { certificates: number; undecided: number; counterexamples: number }>>;
  counterexamples: number;
  seconds: number;
}

/** Options of {@link auditRun}. */
export interface AuditOptions extends Omit<DatasetRun<AuditManifest, AuditRow>, 'strict'> {
  /** The rows and the manifest of the certified run. */
  rows: readonly Row[];
  certified: RunManifest;
}

/** An attack stays this share inside the radius: a certificate speaks of smaller norms only. */
const INSIDE = 1 - 1e-6;
/** Estimates up to so much above zero are judged by fresh samples too: in embedding distance, in shares of votes. */
const SUSPICIOUS = { mean: 0.02, vote: 0.15, duel: 0.1 };

/**
 * Attacks each certificate of each row inside its radius: the mean system for `paper`, `bisector` and `cdf`, the systems of votes and
 * of duels for `vote` and `duel`; every radius by gradient steps towards the critical bisectors, begun from what the last one found. What an attack's
 * own samples find suspicious is judged by fresh ones (see `judge`).
 *
 * @throws RUN_MISMATCH, GRADIENT_UNSUPPORTED, DATASET_EMPTY when the run certified nothing, OUTPUT_UNWRITABLE, CANCELLED
 */
export async function auditRun(audit: AuditOptions): Promise<{ summary: AuditSummary; rows: AuditRow[] }> {
  const { rows: certifiedRows, dataset, smoother, gallery, out, signal } = audit;
  const certified = certifiedRows.filter(({ methods }) =>
    Object.values(methods).some((found) => found.kind === 'certified' && found.radius > 0),
  );
  const wanted = new Map(certified.map((row) => [row.query, row]));
  if (wanted.size === 0) {
    throw new RetrievalGuardError('DATASET_EMPTY', {
      expected: 'a run with at least one certified query',
      got: `${count(certifiedRows.length, 'query')}, none certified`,
      fix: 'Certify with more samples.',
    });
  }
  const failed = (query: string, error: Error): AuditRow => ({
    query,
    findings: [],
    seconds: 0,
    error: error.message,
  });
  const queries = { ...dataset, items: dataset.items.filter(({ id }) => wanted.has(id)) };
  if (queries.items.length < wanted.size)
    throw new RetrievalGuardError('RUN_MISMATCH', {
      expected: `the ${count(wanted.size, 'certified query', 'certified queries')} of the run in ${dataset.spec}`,
      got: `${queries.items.length} of them`,
      fix: 'Put the dataset back as it was, or certify again.',
    });
  return performRun<AuditManifest, LoadedPicture, AuditRow, AuditSummary>({
    out,
    manifest: audit.manifest,
    ...picturesOf({ dataset: queries, maxPixels: audit.maxPixels }, smoother.info.preprocessing),
    rules: () => auditRules(wanted),
    unreadable: failed,
    begin: async ({ options }) => {
      await smoother.setGallery(gallery);
      const encoder = await EncoderGradient.open(smoother.info, {
        batch: options.samples,
        threads: smoother.threads,
      });
      const positionOf = audit.certified.options.leaveOneOut ? ownItem(gallery) : null;
      return {
        together: 1,
        work: async ([picture]) => {
          const { item, hash } = picture;
          const exclude = positionOf?.(item.id, hash) ?? -1;
          return [await auditQuery(audit, encoder, picture, wanted.get(item.id)!, exclude)];
        },
        failed: ({ item }, error) => failed(item.id, error),
        close: () => encoder.release(),
      };
    },
    summarize: summarizeAudit,
    signal,
    onProgress: audit.onProgress,
  });
}

/** An audit's rows are about certified queries, and their radii are those that were certified. */
const auditRules = (wanted: ReadonlyMap<string, Row>): JournalRules<AuditRow> => ({
  schema: auditRowSchema,
  key: ({ query }) => query,
  problem: ({ query, findings, error }) => {
    const row = wanted.get(query)!; // the run refuses a row of no unit
    if (error !== undefined) return null;
    const certified = Object.entries(row.methods).filter(([, { radius }]) => radius > 0);
    const attacked = findings
      .map(({ method }) => method)
      .sort()
      .join(', ');
    const wanting = certified
      .map(([method]) => method)
      .sort()
      .join(', ');
    if (attacked !== wanting)
      return `findings of ${attacked || 'no method'} where the run certifies ${wanting}`;
    for (const { method, label, radius, norm } of findings) {
      const found = row.methods[method]!;
      if (found.radius !== radius || found.label !== label)
        return `a radius of ${radius} for '${label}' by ${method}, which the run does not certify`;
      if (norm > radius) return `a change of norm ${norm} beyond the radius ${radius} of ${method}`;
    }
    return null;
  },
});

async function auditQuery(
  audit: AuditOptions,
  encoder: EncoderGradient,
  { item, pixels }: LoadedPicture,
  row: Row,
  exclude: number,
): Promise<AuditRow> {
  const { gallery, smoother, certified, signal } = audit;
  const { steps, restarts, samples, judgeSamples, alpha, clip, seed } = audit.manifest.options;
  const { sigma } = certified.options;
  const start = performance.now();
  const findings: AuditFinding[] = [];
  const from: Partial<Record<SmoothedSystemKind, Float32Array>> = {};
  const certificates = Object.entries(row.methods)
    .flatMap(([method, found]) =>
      found.kind === 'certified' && found.radius > 0 ? [{ method: method as Method, ...found }] : [],
    )
    .sort((a, b) => a.radius - b.radius);
  for (const { method, label, radius } of certificates) {
    const system = method === 'vote' || method === 'duel' ? method : 'mean';
    const answer = gallery.labelNames.indexOf(label);
    const victim = { id: item.id, pixels, goal: untargeted(gallery, answer, exclude) };
    const options = { radius: radius * INSIDE, steps, restarts, samples, clip, seed, start: from[system] };
    const candidate = await attackSmoothed({ encoder, gallery, sigma, system }, victim, options);
    from[system] = candidate.pixels;
    const finding: AuditFinding = {
      method,
      label,
      radius,
      norm: candidate.norm,
      margin: candidate.margin,
      outcome: 'held',
    };
    findings.push(finding);
    if (candidate.margin > SUSPICIOUS[system]) continue;
    const verdict = await judge(
      smoother,
      {
        id: `${item.id} audited`,
        pixels: candidate.pixels,
        exclude: exclude < 0 ? undefined : exclude,
        label: answer,
      },
      { system, sigma, alpha, samples: judgeSamples, seed: seed + 1, signal },
    );
    finding.outcome = verdict.kind === 'changed' ? 'counterexample' : verdict.kind;
    if (verdict.kind !== 'changed') continue;
    finding.predicted = verdict.label === null ? '' : gallery.labelNames[verdict.label];
    finding.evidence = await saveEvidence(audit, row, finding, pixels, candidate.pixels);
  }
  return { query: item.id, findings, seconds: Number(((performance.now() - start) / 1e3).toFixed(3)) };
}

/** Both images exactly (.npy) and to look at (.png), and a text that says what was found with which settings. */
async function saveEvidence(
  { out, smoother, manifest, certified }: AuditOptions,
  row: Row,
  finding: AuditFinding,
  original: Float32Array,
  perturbed: Float32Array,
): Promise<string> {
  const name = `counterexamples/${row.query.replace(/[^A-Za-z0-9.-]+/g, '_')}-${finding.method}`;
  const folder = join(out, name);
  await makeFolders(folder);
  const { channels, height, width } = smoother.info.input;
  for (const [role, image] of Object.entries({ original, perturbed })) {
    const bytes = Buffer.from(image.buffer, image.byteOffset, image.byteLength);
    await writeFileWhole(
      join(folder, `${role}.npy`),
      Buffer.concat([npyHeader(channels * height, width), bytes]),
    );
    await writeFileWhole(
      join(folder, `${role}.png`),
      await encodePng(image, channels as 1 | 3, height, width),
    );
  }
  const report = { query: row.query, finding, certificate: row, audit: manifest, run: certified };
  await writeFileWhole(join(folder, 'finding.json'), `${JSON.stringify(report, null, 2)}\n`);
  return name;
}

function summarizeAudit(rows: readonly AuditRow[]): AuditSummary {
  const byMethod: AuditSummary['byMethod'] = {};
  for (const { method, outcome } of rows.flatMap(({ findings }) => findings)) {
    const counts = (byMethod[method] ??= { certificates: 0, undecided: 0, counterexamples: 0 });
    counts.certificates++;
    if (outcome === 'undecided') counts.undecided++;
    if (outcome === 'counterexample') counts.counterexamples++;
  }
  const all = Object.values(byMethod);
  return {
    queries: rows.length,
    failed: rows.filter(({ error }) => error !== undefined).length,
    certificates: all.reduce((sum, { certificates }) => sum + certificates, 0),
    byMethod,
    counterexamples: all.reduce((sum, { counterexamples }) => sum + counterexamples, 0),
    seconds: rows.reduce((sum, { seconds }) => sum + seconds, 0),
  };
}
