/** `npm run demo`: see README.md beside this file. */
import { rm } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { duration } from '../src/cli/terminal.ts';
import { FULL, REPORT, runDemo } from './demo.ts';
import { openPage, someoneLooks } from './open-page.ts';

const { values } = parseArgs({
  options: { 'no-open': { type: 'boolean' }, fresh: { type: 'boolean' }, help: { type: 'boolean' } },
});
if (values.help) {
  console.log('npm run demo -- [--no-open] [--fresh]\n');
  console.log('  --no-open  do not open the report in a browser');
  console.log('  --fresh    begin anew instead of keeping what an earlier call has finished');
} else {
  const folder = join(dirname(fileURLToPath(import.meta.url)), '..', 'runs', 'demo');
  const began = Date.now();
  if (values.fresh) await rm(folder, { recursive: true, force: true });
  if (await runDemo(folder, FULL)) {
    const report = join(folder, REPORT);
    process.stderr.write(`Finished in ${duration((Date.now() - began) / 1e3)}. The report:\n`);
    console.log(relative(process.cwd(), report));
    if (!values['no-open'] && someoneLooks()) openPage(report);
  }
}
