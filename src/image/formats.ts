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
const beginning = (bytes: Uint8Array): string =>
  text(bytes, 0, 400)
    .replace(/^\xef\xbb\xbf/, '') // a byte order mark
    .trimStart()
    .toLowerCase();

/** The brands of a file of the ISO base media format, the main one first; none for other files. */
function brands(bytes: Uint8Array): string[] {
  if (text(bytes, 4, 8) !== 'ftyp') return [];
  const length = Buffer.from(bytes.subarray(0, 4)).readUInt32BE();
  const found = [text(bytes, 8, 12)];
  for (let i = 16; i + 4 <= Math.min(length, bytes.length, 256); i += 4) found.push(text(bytes, i, i + 4));
  return found;
}

const isAvif = (all: readonly string[]): boolean => all.some((brand) => brand.startsWith('avi'));
/** Brands of still pictures and their sequences that say nothing of how they are coded. */
const STILL = new Set(['mif1', 'mif2', 'msf1', 'miaf']);

function isHeic(bytes: Uint8Array): boolean {
  const all = brands(bytes);
  return all.length > 0 && (/^he[iv]/.test(all[0]) || (STILL.has(all[0]) && !isAvif(all)));
}

function isVideo(bytes: Uint8Array): boolean {
  const all = brands(bytes);
  return all.length > 0 && !isAvif(all) && !STILL.has(all[0]) && all[0] !== 'crx ';
}

/** The raw files of cameras by their first bytes; CR2 and CR3 by later ones. */
const isRaw = (bytes: Uint8Array): boolean =>
  begins('FUJIFILMCCD-RAW', 'IIRO', 'IIRS', 'MMOR', 'IIU\0')(bytes) ||
  (begins('II*\0')(bytes) && text(bytes, 8, 10) === 'CR') ||
  brands(bytes)[0] === 'crx ' ||
  isDng(bytes);

/** Whether a TIFF is a DNG: its first directory, whose picture is but a preview, has the tag DNGVersion. */
function isDng(bytes: Uint8Array): boolean {
  if (!begins('II*\0', 'MM\0*')(bytes) || bytes.length < 10) return false;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const little = bytes[0] === 0x49;
  const directory = view.getUint32(4, little);
  if (directory + 2 > bytes.length) return false;
  const end = Math.min(bytes.length, directory + 2 + 12 * view.getUint16(directory, little));
  for (let entry = directory + 2; entry + 12 <= end; entry += 12)
    if (view.getUint16(entry, little) === 0xc612) return true;
  return false;
}

const FORMATS: readonly Known[] = [
  {
    name: 'a HEIC picture',
    matches: isHeic,
    fix: 'HEIC is not read here. Convert it to JPEG or PNG, for example with `heif-convert` or ImageMagick, or let the phone store "most compatible".',
  },
  {
    name: 'the raw file of a camera',
    matches: isRaw,
    fix: 'Develop it to JPEG, PNG or TIFF, for example with darktable or on the camera.',
  },
  {
    name: 'a video',
    matches: (b) =>
      isVideo(b) || begins('\x1aE\xdf\xa3')(b) || (begins('RIFF')(b) && text(b, 8, 12) === 'AVI '),
    fix: 'Save a frame of it as a picture, or leave it out.',
  },
  {
    name: 'nothing but zeros',
    matches: (bytes) => bytes.every((byte) => byte === 0),
    fix: 'A copy or a download failed: get the picture again, or leave it out.',
  },
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
export const foreignFormat = (bytes: Uint8Array): { name: string; fix?: string } | null =>
  FORMATS.find(({ matches }) => matches(bytes)) ?? null;

/** Whether the bytes begin as a file of a format that is read: if it cannot be, it is damaged. */
export const beginsAsPicture = (bytes: Uint8Array): boolean =>
  begins('\xff\xd8\xff', '\x89PNG', 'GIF8', 'II*\0', 'MM\0*', 'II+\0', 'MM\0+')(bytes) ||
  (begins('RIFF')(bytes) && text(bytes, 8, 12) === 'WEBP') ||
  isAvif(brands(bytes));
