/** What a file is by its first bytes, where it is no picture that is read: so that an error can say so. */

interface Known {
  name: string;
  matches: (bytes: Uint8Array) => boolean;
  fix?: string;
}

const CONVERT = 'Convert it to JPEG or PNG.';
const text = (bytes: Uint8Array, from: number, to: number): string =>
  String.fromCharCode(...bytes.subarray(from, to));
const begins =
  (...beginnings: string[]) =>
  (bytes: Uint8Array): boolean =>
    beginnings.some((one) => text(bytes, 0, one.length) === one);
const brand = (bytes: Uint8Array): string => (text(bytes, 4, 8) === 'ftyp' ? text(bytes, 8, 12) : '');
const beginning = (bytes: Uint8Array): string => text(bytes, 0, 200).trimStart().toLowerCase();

const FORMATS: readonly Known[] = [
  {
    name: 'a HEIC picture',
    matches: (bytes) => /^(heic|heix|heim|heis|hevc|hevx|mif1|msf1)$/.test(brand(bytes)),
    fix: 'HEIC is not read here. Convert it to JPEG or PNG, for example with `heif-convert` or ImageMagick, or let the phone store "most compatible".',
  },
  { name: 'a video', matches: (bytes) => /^(isom|iso2|mp4|avc1|qt  |M4V )/.test(brand(bytes)) },
  { name: 'a PDF document', matches: begins('%PDF'), fix: CONVERT },
  { name: 'a Photoshop document', matches: begins('8BPS'), fix: CONVERT },
  { name: 'a BMP picture', matches: begins('BM'), fix: CONVERT },
  {
    name: 'a JPEG XL picture',
    matches: (b) => begins('\xff\x0a')(b) || text(b, 4, 8) === 'JXL ',
    fix: CONVERT,
  },
  { name: 'a JPEG 2000 picture', matches: (b) => text(b, 4, 8) === 'jP  ', fix: CONVERT },
  { name: 'a Windows icon', matches: begins('\x00\x00\x01\x00'), fix: CONVERT },
  {
    name: 'a Git LFS pointer',
    matches: begins('version https://git-lfs'),
    fix: 'Fetch the file itself with `git lfs pull`.',
  },
  {
    name: 'an SVG drawing',
    matches: (b) => /^(<\?xml[^>]*>\s*)?(<!--|<!doctype svg|<svg)/.test(beginning(b)),
    fix: CONVERT,
  },
  {
    name: 'a page of HTML',
    matches: (b) => /^<(!doctype html|html|head|body)/.test(beginning(b)),
    fix: 'The picture was not downloaded: an error page was stored in its place.',
  },
  { name: 'a gzip archive', matches: begins('\x1f\x8b') },
  { name: 'a zip archive', matches: begins('PK\x03\x04') },
  { name: 'JSON or text', matches: (b) => /^[{[][\s"{[]/.test(beginning(b)) },
];

/** What the bytes are, and what to do; null where they are of no kind that is known here. */
export function foreignFormat(bytes: Uint8Array): { name: string; fix?: string } | null {
  const found = FORMATS.find(({ matches }) => matches(bytes));
  return found ? { name: found.name, fix: found.fix } : null;
}
