/** Reads a run folder and writes a report: `tsx examples/report.ts run report.html`. Never runs a model. */
import {
  isRetrievalGuardError,
  loadRun,
  renderReport,
  runStatistics,
  shareAbove,
  writeReport,
} from 'retrievalguard';

const [folder, out] = process.argv.slice(2);
try {
  const run = await loadRun(folder);
  for (const { method, curve, meanRadius, rejectionRatio } of runStatistics(run).methods)
    console.log(method, { meanRadius, rejectionRatio, at02: shareAbove(curve, 0.2) });
  await writeReport(out, await renderReport([run], { title: 'My run' }));
} catch (error) {
  // every error of this package has a code, what was expected, what came, and mostly what to do
  if (!isRetrievalGuardError(error, 'RUN_INVALID')) throw error;
  console.error(error.expected, error.got, error.fix);
  process.exitCode = 1;
}
