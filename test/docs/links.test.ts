/** Every link within the documentation leads somewhere. */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('../../', import.meta.url));
const documents = [
  ...['README.md', 'CHANGELOG.md', 'demo/README.md'].map((name) => join(root, name)),
  ...readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => join(root, 'docs', name)),
];

/** The anchors of a document, as GitHub makes them of headings, and its own. */
function anchorsOf(text: string): Set<string> {
  const seen = new Map<string, number>();
  const anchors = new Set([...text.matchAll(/<a id="([^"]+)"/g)].map(([, id]) => id));
  for (const [, heading] of withoutCode(text).matchAll(/^#+ +(.+)$/gm)) {
    const plain = heading
      .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\p{M}\s_-]/gu, '')
      .trim()
      .replace(/\s/g, '-');
    const times = seen.get(plain) ?? 0;
    seen.set(plain, times + 1);
    anchors.add(times === 0 ? plain : `${plain}-${times}`);
  }
  return anchors;
}

const withoutCode = (text: string): string => text.replace(/^```[\s\S]*?^```/gm, '');

test.each(documents.map((path) => relative(root, path)))('%s', (name) => {
  const text = withoutCode(readFileSync(join(root, name), 'utf8'));
  const broken: string[] = [];
  for (const [, target] of text.matchAll(/\]\(([^)\s]+)\)/g)) {
    if (/^[a-z]+:/.test(target)) continue;
    const [path, anchor] = target.split('#');
    const file = path ? join(root, dirname(name), path) : join(root, name);
    if (!existsSync(file)) broken.push(target);
    else if (anchor && statSync(file).isFile() && !anchorsOf(readFileSync(file, 'utf8')).has(anchor))
      broken.push(target);
  }
  expect(broken).toEqual([]);
});

test('the table of contents leads to every document', () => {
  const contents = readFileSync(join(root, 'docs/README.md'), 'utf8');
  const others = readdirSync(join(root, 'docs')).filter(
    (name) => name.endsWith('.md') && name !== 'README.md',
  );
  expect(others.filter((name) => !contents.includes(`(${name}`))).toEqual([]);
});
