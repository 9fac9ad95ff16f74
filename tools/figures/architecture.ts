/** The house: every folder of src/ on the floor above those that it imports, from the table in tools/architecture.ts. */
import { FOLDERS, importsOfFolder, TRUST } from '../architecture.ts';

const BOX = { width: 158, height: 42, gap: 16, floor: 76 };
const MARGIN = { x: 12, top: 12, bottom: 40 };
const COLOUR = { ink: '#1b1f24', muted: '#5c6570', line: '#9aa4ae', other: '#f1f3f5' };
const TRUSTED = {
  proof: { fill: '#bfe3c8', says: 'the proof' },
  counts: { fill: '#e3f3e7', says: 'draws and counts' },
  choices: { fill: '#fdeec6', says: 'chooses, costs radius only' },
};

const names = Object.keys(FOLDERS);
const importsOf = (name: string): string[] => importsOfFolder(FOLDERS[name]);

/** Floors between a folder and the ground. */
const floorOf = (name: string): number => Math.max(0, ...importsOf(name).map((below) => 1 + floorOf(below)));

const reaches = (name: string, target: string): boolean =>
  importsOf(name).some((below) => below === target || reaches(below, target));

/** What a folder imports, less what it imports through another: so many lines that one can follow each. */
const linesOf = (name: string): string[] =>
  importsOf(name).filter((target) => !importsOf(name).some((other) => reaches(other, target)));

/** Middles of all boxes, from left to right: each stands above the middle of those that its lines lead to. */
function columns(): Map<string, number> {
  const step = BOX.width + BOX.gap;
  const middles = new Map<string, number>();
  for (let floor = 0; names.some((name) => floorOf(name) === floor); floor++) {
    const wanted = names
      .filter((name) => floorOf(name) === floor)
      .map((name, i) => {
        const below = linesOf(name).map((target) => middles.get(target)!);
        return { name, x: below.length > 0 ? below.reduce((sum, x) => sum + x, 0) / below.length : i * step };
      })
      .sort((a, b) => a.x - b.x);
    let least = -Infinity;
    for (const { name, x } of wanted) {
      middles.set(name, Math.max(x, least));
      least = middles.get(name)! + step;
    }
  }
  return middles;
}

/** The picture as SVG. */
export function drawArchitecture(): string {
  const middles = columns();
  const floors = Math.max(...names.map(floorOf));
  const left = Math.min(...middles.values()) - BOX.width / 2 - MARGIN.x;
  const width = Math.max(...middles.values()) + BOX.width / 2 + MARGIN.x - left;
  const height = MARGIN.top + floors * BOX.floor + BOX.height + MARGIN.bottom;
  const xOf = (name: string): number => Math.round(middles.get(name)! - left);
  const yOf = (name: string): number => MARGIN.top + (floors - floorOf(name)) * BOX.floor;

  const lines = names.flatMap((name) =>
    linesOf(name).map((target) => {
      const [x, y, toX, toY] = [xOf(name), yOf(name) + BOX.height, xOf(target), yOf(target)];
      const bend = (toY - y) / 2;
      return `<path d="M${x} ${y} C${x} ${y + bend} ${toX} ${toY - bend} ${toX} ${toY}" fill="none" stroke="${COLOUR.line}" stroke-width="1.3"/>`;
    }),
  );
  const boxes = names.map((name) => {
    const [x, y] = [xOf(name), yOf(name)];
    const fill = name in TRUST ? TRUSTED[TRUST[name]].fill : COLOUR.other;
    return `<rect x="${x - BOX.width / 2}" y="${y}" width="${BOX.width}" height="${BOX.height}" rx="5" fill="${fill}" stroke="${COLOUR.line}"/>
<text x="${x}" y="${y + 18}" font-weight="bold" fill="${COLOUR.ink}">${name}</text>
<text x="${x}" y="${y + 34}" font-size="11" fill="${COLOUR.muted}">${FOLDERS[name].holds}</text>`;
  });
  const legend = Object.values(TRUSTED).map(({ fill, says }, i) => {
    const x = MARGIN.x + i * 190;
    return `<rect x="${x}" y="${height - 24}" width="14" height="14" fill="${fill}" stroke="${COLOUR.line}"/>
<text x="${x + 20}" y="${height - 13}" text-anchor="start" font-size="12" fill="${COLOUR.ink}">${says}</text>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" font-family="Helvetica, Arial, sans-serif" font-size="13" text-anchor="middle"><rect width="${width}" height="${height}" fill="#fff"/>\n${[...lines, ...boxes, ...legend].join('\n')}\n</svg>\n`;
}
