/** Absolute paths are nobody's business but the author's: a page shows their last part. */
import { resolve } from 'node:path';
import type { Loaded } from './types.ts';

/** Where an absolute path of Unix or Windows begins in a text. */
const BEFORE = String.raw`(?<=^|[\s"'\u0060(\[=,:;|])`;
const BEGIN = String.raw`(?:[A-Za-z]:[\\/]|\\\\|/)(?![\s/])`;
/** A text that is a path and nothing else, bare or after the scheme of a data specification or the name of an option. */
const WHOLE = new RegExp(String.raw`^(?:-*[\w-]+[:=])*${BEFORE}(${BEGIN}.*?)(?:\?[^\\]*)?(?:@[\w-]+)?$`);
/** A path in a text, which ends at a space. */
const WITHIN = new RegExp(String.raw`${BEFORE}${BEGIN}[^\s"'\u0060)\],;|]*`, 'g');

/** The same run, attack or training without absolute paths in its settings, notes and errors. Its rows have none. */
export function withoutPaths<T extends Loaded>(loaded: T): T {
  const change = hiding([resolve(loaded.folder), ...textsOf(loaded.manifest)]);
  return {
    ...loaded,
    manifest: mapped(loaded.manifest, change),
    notes: loaded.notes.map(change),
    ...('skipped' in loaded && {
      skipped: loaded.skipped.map(({ query, error }) => ({ query, error: change(error) })),
    }),
  };
}

/**
 * Shortens paths in a text.
 * @param texts - some of which are paths, and may hold spaces: other texts speak of files below them
 */
export function hiding(texts: readonly string[]): (text: string) => string {
  const known = texts
    .flatMap((text) => WHOLE.exec(text)?.[1] ?? [])
    .sort((a, b) => b.length - a.length)
    .map((path) => ({ pattern: new RegExp(`${BEFORE}${escaped(path)}(?![^\\s\\\\/"'?@,;:)])`, 'g'), path }));
  return (text) => {
    let shown = text;
    for (const { pattern, path } of known) shown = shown.replace(pattern, () => lastPart(path));
    return shown.replace(WITHIN, lastPart);
  };
}

const lastPart = (path: string): string =>
  path
    .split(/[\\/]+/)
    .filter(Boolean)
    .at(-1) ?? path;

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

function textsOf(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsOf) : [];
}

function mapped<T>(value: T, change: (text: string) => string): T {
  if (typeof value === 'string') return change(value) as T;
  if (Array.isArray(value)) return value.map((one: unknown) => mapped(one, change)) as T;
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, mapped(one, change)])) as T;
}
