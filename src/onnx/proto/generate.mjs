/**
 * Regenerates ../generated/onnx_pb.ts from onnx.proto:
 *
 *     node src/onnx/proto/generate.mjs
 *
 * Needs `protoc` on the PATH and the development dependency @bufbuild/protoc-gen-es. TypeScript enums are not
 * erasable syntax, so the generated ones are rewritten as constant objects with a type of the same name.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const out = join(here, '..', 'generated');
const plugin = join(here, '..', '..', '..', 'node_modules', '.bin', 'protoc-gen-es');
execFileSync(
  'protoc',
  [`--plugin=protoc-gen-es=${plugin}`, `-I${here}`, `--es_out=${out}`, '--es_opt=target=ts', 'onnx.proto'],
  { stdio: 'inherit' },
);

const path = join(out, 'onnx_pb.ts');
const generated = readFileSync(path, 'utf8');
const erasable = generated.replace(/^export enum (\w+) \{\n([\s\S]*?)^\}/gm, (_, name, body) => {
  const members = body.replace(/^(\s*\w+) = /gm, '$1: ');
  return (
    `export const ${name} = {\n${members}} as const;\n` +
    `/** One of the values of {@link ${name}}. */\nexport type ${name} = (typeof ${name})[keyof typeof ${name}];`
  );
});
if (/^export enum/m.test(erasable)) throw new Error('an enum was left in the generated file');
writeFileSync(path, erasable);
