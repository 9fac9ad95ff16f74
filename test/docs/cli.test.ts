import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { createProgram } from '../../src/cli/program.ts';
import { CLI_DOCS, cliDocs } from '../../tools/write-cli-docs.ts';

const root = new URL('../../', import.meta.url);
const documents = [
  'README.md',
  ...readdirSync(new URL('docs/', root))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
].map((path) => ({ path, text: readFileSync(new URL(path, root), 'utf8') }));

describe('docs/cli.md', () => {
  it('is what tools/write-cli-docs.ts writes', () => {
    expect(readFileSync(CLI_DOCS, 'utf8')).toBe(cliDocs());
  });
});

describe('the documents', () => {
  const program = createProgram();

  it('mention only options that exist', () => {
    const known = new Set(program.commands.flatMap(({ options }) => options.map(({ long }) => long)));
    const others = new Set(['--help', '--task']); // of any command; of optimum-cli
    for (const { path, text } of documents.filter((one) => !one.path.endsWith('benchmarks.md'))) {
      const prose = text.replace(/<!--[\s\S]*?-->/g, '').replace(/^\|?[\s|:-]+$/gm, '');
      for (const [flag] of prose.matchAll(/--[a-z][a-z-]*/g))
        expect(known.has(flag) || others.has(flag), `${flag} in ${path}`).toBe(true);
    }
  });

  it('show only command lines that parse', () => {
    for (const { path, text } of documents) {
      for (const [line, name, rest] of text
        .replaceAll(/\\\n\s*/g, '')
        .matchAll(/^npx retrievalguard ([a-z]+) (.*)$/gm)) {
        const command = program.commands.find((one) => one.name() === name);
        expect(command, `${line} in ${path}`).toBeDefined();
        const { unknown } = command!.parseOptions(rest.split(/\s+/));
        expect(unknown, `${line} in ${path}`).toEqual([]);
        for (const option of command!.options.filter(({ mandatory }) => mandatory))
          expect(rest, `${line} in ${path}`).toContain(option.long);
      }
    }
  });

  it('link only to files and headings that exist', () => {
    const broken: string[] = [];
    const anchorsOf = (text: string): Set<string> =>
      new Set(
        [...text.matchAll(/^#+ (.+)$/gm)].map(([, title]) =>
          title
            .toLowerCase()
            .replace(/[^\p{L}\p{N}\s_-]/gu, '')
            .replaceAll(' ', '-'),
        ),
      );
    const byUrl = new Map(documents.map(({ path, text }) => [new URL(path, root).href, text]));
    for (const { path, text } of documents) {
      for (const [, target] of text.matchAll(/\]\(([^)\s]+)\)/g)) {
        if (/^https?:/.test(target)) continue;
        const url = new URL(target, new URL(path, root));
        const anchor = decodeURIComponent(url.hash.slice(1));
        url.hash = '';
        if (url.pathname.endsWith('docs/benchmarks.md') && !byUrl.has(url.href)) continue; // made by the benchmarks
        const found = byUrl.get(url.href) ?? readFileSync(url, 'utf8');
        if (anchor && !anchorsOf(found).has(anchor)) broken.push(`${target} in ${path}`);
      }
    }
    expect(broken).toEqual([]);
  });
});
