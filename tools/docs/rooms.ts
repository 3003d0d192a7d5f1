import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ExpectationError } from '../../src/base/expect.js';
import { packageRoot } from '../../src/base/package-root.js';

/** A room of src/, with what its files import. */
export interface Room {
  readonly name: string;
  /** Folders within it, by name. */
  readonly parts: readonly string[];
  /** Rooms it imports. */
  readonly imports: ReadonlySet<string>;
}

/** What is between quotes behind `from` or `import`, where it names a file of ours. */
const IMPORT = /(?:from|import\(|import) ?'(\.[^']+)\.js'/g;

/** The rooms of src/ in the order of the floors, the ground first, as .dependency-cruiser.mjs has it. */
export async function readRooms(): Promise<Room[]> {
  const config = pathToFileURL(join(packageRoot, '.dependency-cruiser.mjs')).href;
  const { FLOORS } = (await import(config)) as { FLOORS: readonly string[] };
  const source = join(packageRoot, 'src');
  const present = readdirSync(source, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  const homeless = present.find(({ name }) => !FLOORS.includes(name));
  if (homeless) {
    throw new ExpectationError(
      `a floor for src/${homeless.name} in .dependency-cruiser.mjs`,
      'none',
      'Add the room to FLOORS.',
    );
  }
  return FLOORS.filter((name) => present.some((entry) => entry.name === name)).map((name) =>
    readRoom(source, name),
  );
}

function readRoom(source: string, name: string): Room {
  const folder = join(source, name);
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  const parts = entries.filter((entry) => entry.isDirectory() && entry.parentPath === folder);
  const files = entries.filter((entry) => entry.isFile() && entry.name.endsWith('.ts'));
  const imports = new Set<string>();
  for (const file of files) {
    const path = join(file.parentPath, file.name);
    for (const [, target] of readFileSync(path, 'utf8').matchAll(IMPORT)) {
      const room = relative(source, normalize(join(dirname(path), target!))).split(/[\\/]/)[0]!;
      if (room !== name && room !== '..') imports.add(room);
    }
  }
  return { name, parts: parts.map((entry) => entry.name).sort(), imports };
}

/** What each room is for, in the words of docs/architecture.md. */
const PURPOSE: Readonly<Record<string, string>> = {
  base: 'errors, files, clock, small helpers',
  vision: 'pictures as views, tensors, decoder, masks',
  native: 'the C++ addon, seen from TypeScript',
  model: 'files of networks',
  engine: 'NV12 in, head tensors out',
  message: 'ROS messages and bags as bytes',
  media: 'pictures, videos, scenes, overlays',
  parameters: 'one table for each node',
  pipeline: 'newest frame wins, frames in flight',
  node: 'the two nodes, on rclnodejs',
  web: 'the live page',
  cli: 'the command line',
};

const ROW = 62;
const [LEFT, WIDTH, HEIGHT] = [200, 560, 42];

/**
 * A drawing of rooms and imports: a floor for each room, the ground below, an arrow from each room to those it imports. Arrows that
 * follow from others are left out: where A imports B and B imports C, A's own import of C has none.
 *
 * @throws ExpectationError for an import that goes up
 */
export function roomsSvg(rooms: readonly Room[]): string {
  const floor = new Map(rooms.map(({ name }, index) => [name, index]));
  const height = rooms.length * ROW + 30;
  const top = (index: number): number => height - 20 - (index + 1) * ROW + (ROW - HEIGHT) / 2;
  const arrows: string[] = [];
  const lanes = [0, 0];
  let arcs = 0;
  for (const { name, imports } of rooms) {
    const from = floor.get(name)!;
    for (const target of imports) {
      const to = floor.get(target)!;
      if (to > from)
        throw new ExpectationError('imports that go down', `one of src/${target} in src/${name}`);
    }
    for (const target of imports) {
      const to = floor.get(target)!;
      const implied = [...imports].some((other) => other !== target && reaches(rooms, other, target));
      if (implied) continue;
      const title = `<title>src/${name} imports src/${target}</title>`;
      if (to === from - 1) {
        const x = LEFT + WIDTH / 2;
        arrows.push(`<path d="M${x} ${top(from) + HEIGHT}V${top(to) - 4}">${title}</path>`);
        continue;
      }
      const right = arcs++ % 2 === 0;
      const out = 30 + ((22 * lanes[right ? 1 : 0]!++) % 150);
      const [x, bend] = right ? [LEFT + WIDTH, out] : [LEFT, -out];
      const [y1, y2] = [top(from) + HEIGHT - 10, top(to) + 12];
      const tip = right ? x + 4 : x - 4;
      arrows.push(`<path d="M${x} ${y1}C${x + bend} ${y1} ${x + bend} ${y2} ${tip} ${y2}">${title}</path>`);
    }
  }
  const boxes = rooms.map(({ name, parts }, index) => {
    const y = top(index);
    const inside = parts.length > 0 ? parts.join(' · ') : '';
    return `<g><rect x="${LEFT}" y="${y}" width="${WIDTH}" height="${HEIGHT}" rx="6"/>
<text x="${LEFT + 14}" y="${y + 18}" class="name">${name}</text>
<text x="${LEFT + 14}" y="${y + 34}" class="what">${PURPOSE[name] ?? ''}</text>
<text x="${LEFT + WIDTH - 14}" y="${y + 18}" class="side">${inside}</text></g>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 960 ${height}" width="960" height="${height}" role="img" aria-label="The rooms of src/, one above the other; every arrow goes down">
<style>
rect { fill: #eef4fb; stroke: #5b7fa6 }
text { font: 13px system-ui, sans-serif; fill: #1c2733 }
.name { font-weight: 600 } .what { fill: #46586b; font-size: 12px } .side { text-anchor: end; fill: #46586b; font-size: 12px }
path { fill: none; stroke: #5b7fa6; stroke-width: 1.5; marker-end: url(#tip) }
</style>
<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" orient="auto"><path d="M0 0L8 4L0 8Z" style="fill:#5b7fa6;stroke:none;marker-end:none"/></marker></defs>
<path d="M0 0H960V${height}H0Z" style="fill:#ffffff;stroke:none;marker-end:none"/>
${arrows.join('\n')}
${boxes.join('\n')}
</svg>
`;
}

/** Whether a room imports another, or a room that does. */
function reaches(rooms: readonly Room[], from: string, to: string): boolean {
  const room = rooms.find(({ name }) => name === from)!;
  return room.imports.has(to) || [...room.imports].some((next) => reaches(rooms, next, to));
}
