import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'mocha';
import fc from 'fast-check';
import type { Instance, Segmentation } from '../../../src/vision/mask/segmentation.js';
import { allocateNv12, nv12ToRgb } from '../../../src/native/convert.js';
import { LabelPlates, type Plate } from '../../../src/media/render/label-plates.js';
import { MaskLayer } from '../../../src/media/render/mask-layer.js';
import { Trails } from '../../../src/media/render/trails.js';
import { Overlay } from '../../../src/media/render/overlay.js';
import { PALETTE, type Rgb, WHITE } from '../../../src/vision/picture/palette.js';
import { rgbPicture, type RgbPicture } from '../../../src/media/render/rgb-picture.js';
import { ExpectationError } from '../../../src/base/expect.js';

const RED: Rgb = [255, 0, 0];
const GREEN: Rgb = [0, 255, 0];

/** An instance whose mask is drawn as text: # inside. */
function instance(x: number, y: number, rows: string[], classId = 0, score = 0.5): Instance {
  const width = rows[0]?.length ?? 0;
  const data = Uint8Array.from(rows.join(''), (character) => (character === '#' ? 1 : 0));
  return {
    classId,
    score,
    box: { x1: x, y1: y, x2: x + width, y2: y + rows.length },
    mask: { x, y, width, height: rows.length, data },
  };
}

function segmentation(
  width: number,
  height: number,
  instances: Instance[],
  grid = [width, height],
): Segmentation {
  return { width, height, maskWidth: grid[0]!, maskHeight: grid[1]!, instances };
}

/** Letters by color: R and G opaque, r and g translucent on black, . untouched. */
function art({ width, height, data }: RgbPicture): string[] {
  const letter = (at: number): string => {
    const [red, green] = [data[at]!, data[at + 1]!];
    if (red === 0 && green === 0) return '.';
    const [name, value] = red > 0 ? ['r', red] : ['g', green];
    return value === 255 ? name.toUpperCase() : name;
  };
  return Array.from({ length: height }, (_, y) =>
    Array.from({ length: width }, (_, x) => letter((y * width + x) * 3)).join(''),
  );
}

const block = (width: number, height: number): string[] =>
  Array.from({ length: height }, () => '#'.repeat(width));

describe('MaskLayer', () => {
  it('fills masks and outlines them just within their edge', () => {
    const picture = rgbPicture(8, 7);
    new MaskLayer().draw(picture, segmentation(8, 7, [instance(1, 1, block(5, 5))]), [RED], 1);
    assert.deepEqual(art(picture), [
      '........',
      '.RRRRR..',
      '.RrrrR..',
      '.RrrrR..',
      '.RrrrR..',
      '.RRRRR..',
      '........',
    ]);
  });

  it('closes outlines at the edge of the picture', () => {
    const picture = rgbPicture(4, 4);
    new MaskLayer().draw(picture, segmentation(4, 4, [instance(0, 0, block(4, 4))]), [RED], 1);
    assert.deepEqual(art(picture), ['RRRR', 'RrrR', 'RrrR', 'RRRR']);
  });

  it('draws the better instance on top and does not blend colors', () => {
    const picture = rgbPicture(9, 5);
    const instances = [instance(0, 0, block(5, 5), 0, 0.9), instance(3, 0, block(6, 5), 1, 0.4)];
    new MaskLayer().draw(picture, segmentation(9, 5, instances), [RED, GREEN], 1);
    assert.deepEqual(art(picture), ['RRRRRGGGG', 'RrrrRGggG', 'RrrrRGggG', 'RrrrRGggG', 'RRRRRGGGG']);
    const middle = (2 * 9 + 4) * 3;
    assert.deepEqual([...picture.data.subarray(middle, middle + 3)], [255, 0, 0]);
  });

  it('leaves holes open', () => {
    const picture = rgbPicture(5, 5);
    const ring = ['#####', '#...#', '#...#', '#...#', '#####'];
    new MaskLayer().draw(picture, segmentation(5, 5, [instance(0, 0, ring)]), [RED], 1);
    assert.deepEqual(art(picture), ['RRRRR', 'R...R', 'R...R', 'R...R', 'RRRRR']);
  });

  it('scales a coarser grid to the nearest cell', () => {
    const picture = rgbPicture(8, 8);
    const mask = segmentation(8, 8, [instance(1, 0, ['#.', '##'])], [4, 2]);
    new MaskLayer().draw(picture, mask, [RED], 1);
    assert.deepEqual(art(picture), [
      '..RR....',
      '..RR....',
      '..RR....',
      '..RR....',
      '..RrRR..',
      '..RrrR..',
      '..RrrR..',
      '..RRRR..',
    ]);
  });

  it('assigns a pixel to the cell that contains its center', () => {
    // Three cells on five pixels: 0 0 1 2 2.
    const picture = rgbPicture(5, 5);
    new MaskLayer().draw(picture, segmentation(5, 5, [instance(1, 0, ['#', '#', '#'])], [3, 3]), [RED], 1);
    assert.deepEqual(art(picture), ['..R..', '..R..', '..R..', '..R..', '..R..']);
  });

  it('starts anew with each picture', () => {
    const layer = new MaskLayer();
    layer.draw(rgbPicture(6, 6), segmentation(6, 6, [instance(0, 0, block(6, 6))]), [RED], 1);
    const picture = rgbPicture(6, 6);
    layer.draw(picture, segmentation(6, 6, [instance(4, 4, block(1, 1))]), [GREEN], 1);
    assert.deepEqual(art(picture), ['......', '......', '......', '......', '....G.', '......']);
  });

  it('draws nothing for empty masks, crops outside the grid and crops with too little data', () => {
    const picture = rgbPicture(6, 6);
    const outside = instance(20, -20, block(3, 3));
    const short = instance(0, 0, block(3, 3));
    short.mask = { ...short.mask, data: new Uint8Array(0) };
    const instances = [instance(0, 0, []), outside, short];
    new MaskLayer().draw(picture, segmentation(6, 6, instances), [RED, RED, RED], 1);
    assert.ok(picture.data.every((byte) => byte === 0));
  });
});

describe('LabelPlates', () => {
  const plates = new LabelPlates(320, 200, 10);
  const TEXT = ['person 0.86'];
  beforeEach(() => plates.begin());

  const apart = (a: Plate, b: Plate): boolean =>
    a.right <= b.left || b.right <= a.left || a.bottom <= b.top || b.bottom <= a.top;

  it('is on top of its box, or below it if there is no room above', () => {
    const box = { x1: 50, y1: 60, x2: 150, y2: 120 };
    const above = plates.place(TEXT, box)!;
    assert.deepEqual([above.left, above.bottom], [50, 60]);
    plates.begin();
    const below = plates.place(TEXT, { ...box, y1: 2 })!;
    assert.deepEqual([below.left, below.top], [50, 120]);
    plates.begin();
    const within = plates.place(TEXT, { ...box, y1: 2, y2: 199 })!;
    assert.deepEqual([within.left, within.top], [50, 2]);
  });

  it('never covers another label, however dense the crowd', () => {
    const crowd = new LabelPlates(640, 360, 9);
    for (let round = 0; round < 2; round++) {
      crowd.begin();
      const placed: Plate[] = [];
      for (let i = 0; i < 120; i++) {
        const [x, y] = [(i * 37) % 560, (i * 53) % 300];
        const plate = crowd.place([`person #${i} 0.86`, `person #${i}`, `#${i}`], {
          x1: x,
          y1: y,
          x2: x + 60,
          y2: y + 90,
        });
        if (!plate) continue;
        for (const other of placed) assert.ok(apart(plate, other), JSON.stringify([plate, other]));
        assert.ok(plate.left >= 0 && plate.top >= 0 && plate.right <= 640 && plate.bottom <= 360);
        placed.push(plate);
      }
      // A good part has a place, and shorter labels were taken.
      assert.ok(placed.length > 60, `${placed.length}`);
      assert.ok(placed.some(({ text }) => text.startsWith('#')));
      assert.equal(placed[0]!.text, 'person #0 0.86');
    }
  });

  it('moves elsewhere in a large box before it is shortened', () => {
    const box = { x1: 20, y1: 40, x2: 300, y2: 190 };
    const found = Array.from({ length: 12 }, () => plates.place([...TEXT, 'person'], box)!);
    assert.ok(found.every((plate) => plate.text === 'person 0.86'));
    found.forEach((plate, i) => found.slice(0, i).forEach((other) => assert.ok(apart(plate, other))));
  });

  it('never leaves the picture', () => {
    const coordinate = fc.double({ min: -500, max: 900, noNaN: true });
    fc.assert(
      fc.property(coordinate, coordinate, coordinate, coordinate, fc.string(), (x1, y1, x2, y2, text) => {
        plates.begin();
        const plate = plates.place([`${text} 0.5`], { x1, y1, x2, y2 });
        if (!plate) return;
        assert.ok(plate.left >= 0 && plate.top >= 0 && plate.right <= 320 && plate.bottom <= 200);
        assert.ok(plate.left < plate.right && plate.top < plate.bottom);
      }),
    );
  });

  it('is left out if not even one row of text fits', () => {
    assert.equal(new LabelPlates(320, 8, 10).place(['a'], { x1: 0, y1: 0, x2: 5, y2: 5 }), undefined);
    assert.equal(new LabelPlates(8, 200, 10).place(['W'], { x1: 0, y1: 50, x2: 5, y2: 60 }), undefined);
  });
});

describe('Overlay', () => {
  it('shows the region of interest by a white border, below the instances in it', () => {
    const frame = allocateNv12(40, 30);
    frame.data.fill(128, 40 * 30);
    const region = { x: 10, y: 8, width: 20, height: 12 };
    const found = segmentation(40, 30, [instance(10, 10, block(6, 5), 1)]);
    const overlay = new Overlay({ labels: [], names: false });
    const plain = overlay.paint(frame, found).data.slice();
    const painted = overlay.paint(frame, { ...found, region }).data;
    const pixel = (picture: Uint8Array, x: number, y: number): number[] => {
      const at = (y * 40 + x) * 3;
      return [...picture.subarray(at, at + 3)];
    };
    const color = [...PALETTE[1]!];
    for (let y = 0; y < 30; y++) {
      for (let x = 0; x < 40; x++) {
        const inside = x >= 10 && x < 30 && y >= 8 && y < 20;
        const border = inside && (x === 10 || x === 29 || y === 8 || y === 19);
        const own = pixel(plain, x, y);
        const boxed = border && x === 10 && y >= 10 && y < 15;
        assert.deepEqual(pixel(painted, x, y), boxed ? color : border ? [255, 255, 255] : own, `${x}, ${y}`);
      }
    }
  });

  const labels = ['person', 'bicycle'];

  it('leaves pictures without instances unchanged', () => {
    const frame = allocateNv12(64, 48);
    frame.data.fill(90);
    const picture = new Overlay({ labels }).paint(frame, segmentation(64, 48, []));
    assert.deepEqual(picture.data, nv12ToRgb(frame));
  });

  it('writes into the picture it is given', () => {
    const frame = allocateNv12(64, 48);
    const into = new Uint8Array(64 * 48 * 3);
    const found = segmentation(64, 48, []);
    assert.equal(new Overlay({ labels }).paint(frame, found, 'full', into).data.buffer, into.buffer);
    const small = new Uint8Array(10);
    assert.throws(() => new Overlay({ labels }).paint(frame, found, 'full', small), ExpectationError);
  });

  it('leaves out the column and row that are not part of an odd picture', () => {
    const frame = allocateNv12(8, 6);
    for (let i = 0; i < 48; i++) frame.data[i] = i;
    frame.data.fill(128, 48);
    const picture = new Overlay({ labels }).paint(frame, segmentation(7, 5, []));
    assert.deepEqual([picture.width, picture.height, picture.data.length], [7, 5, 105]);
    for (let y = 0; y < 5; y++) {
      for (let x = 0; x < 7; x++) assert.equal(picture.data[(y * 7 + x) * 3], y * 8 + x);
    }
  });

  it('colors by class, or by rank on request', () => {
    const found = segmentation(200, 200, [
      instance(20, 60, block(40, 40), 1, 0.9),
      instance(120, 60, block(40, 40), 1, 0.8),
    ]);
    const corners = (colors: 'class' | 'instance'): number[][] => {
      const picture = rgbPicture(200, 200);
      new Overlay({ labels, colors }).draw(picture, found);
      return [20, 120].map((x) => [...picture.data.subarray((99 * 200 + x) * 3, (99 * 200 + x) * 3 + 3)]);
    };
    assert.deepEqual(corners('class'), [[...PALETTE[1]!], [...PALETTE[1]!]]);
    assert.deepEqual(corners('instance'), [[...PALETTE[0]!], [...PALETTE[1]!]]);
  });

  it('gives tracked objects the color of their id, unless colored by class', () => {
    const found = segmentation(200, 200, [
      { ...instance(20, 60, block(40, 40), 1, 0.9), trackId: 7 },
      instance(120, 60, block(40, 40), 1, 0.8),
    ]);
    const corners = (colors?: 'auto' | 'class' | 'instance'): number[][] => {
      const picture = rgbPicture(200, 200);
      new Overlay({ labels, colors }).draw(picture, found);
      return [20, 120].map((x) => [...picture.data.subarray((99 * 200 + x) * 3, (99 * 200 + x) * 3 + 3)]);
    };
    assert.deepEqual(corners(), [[...PALETTE[7]!], [...PALETTE[1]!]]);
    assert.deepEqual(corners('auto'), corners());
    assert.deepEqual(corners('class'), [[...PALETTE[1]!], [...PALETTE[1]!]]);
    assert.deepEqual(corners('instance'), [[...PALETTE[7]!], [...PALETTE[1]!]]);
  });

  it('shows trails of tracked objects as long as they are tracked', () => {
    const overlay = new Overlay({ labels, masks: 0, boxes: false, names: false, trails: 3 });
    /** Columns that are touched in the row of the centers. */
    const drawn = (left: number, more: Partial<Segmentation> = {}): number[] => {
      const picture = rgbPicture(200, 200);
      const found = segmentation(200, 200, [{ ...instance(left, 60, block(20, 20)), trackId: 7 }]);
      overlay.draw(picture, { ...found, ...more });
      return Array.from({ length: 200 }, (_, x) => x).filter((x) => picture.data[(70 * 200 + x) * 3]! > 0);
    };
    assert.deepEqual(drawn(20), []);
    const ends = (columns: number[]): [number, number] => [columns[0]!, columns.at(-1)!];
    assert.deepEqual(ends(drawn(40)), [30, 50]);
    assert.deepEqual(ends(drawn(60)), [30, 70]);
    // Three positions: the first is gone.
    assert.deepEqual(ends(drawn(80)), [50, 90]);
    drawn(100, { instances: [], ended: [{ trackId: 7, classId: 0 }] });
    assert.deepEqual(drawn(120), []);
  });

  it('drops the trails not updated for longest, if ended tracks are not reported', () => {
    const trails = new Trails(3);
    const seen = (trackId: number, left: number): Segmentation =>
      segmentation(200, 200, [{ ...instance(left, 60, block(20, 20)), trackId }]);
    const isDrawn = (trackId: number): boolean => {
      const picture = rgbPicture(200, 200);
      trails.draw(picture, seen(trackId, 60), [WHITE], 1);
      return picture.data.some((value) => value > 0);
    };
    // The first one is there all the time.
    for (let other = 2; other <= 1001; other++) {
      for (const left of [20, 100]) {
        trails.add(seen(1, left));
        trails.add(seen(other, left));
      }
    }
    assert.deepEqual([1, 2, 1001].map(isDrawn), [true, false, true]);
  });

  it('draws zones and lines with their counts', () => {
    const found = segmentation(200, 200, []);
    const classes = [{ classId: 0, present: 1, entered: 2, left: 1, meanDwell: 0, longestStay: 0 }];
    const zones = [
      { name: 'door', kind: 'zone', corners: [100, 60, 180, 60, 180, 120], classes },
      { name: 'gate', kind: 'line', corners: [20, 190, 120, 190], classes: [] },
    ] as const;
    const drawn = (names: boolean): ((x: number, y: number) => boolean) => {
      const picture = rgbPicture(200, 200);
      new Overlay({ labels, names }).draw(picture, { ...found, zones });
      return (x, y) => picture.data.subarray((y * 200 + x) * 3, (y * 200 + x) * 3 + 3).every((v) => v > 200);
    };
    const plain = drawn(false);
    // Edges of the zone, the one that closes it included; the line, which is not closed; the inside.
    assert.deepEqual(
      [plain(140, 60), plain(180, 90), plain(140, 90), plain(70, 190), plain(170, 70), plain(110, 40)],
      [true, true, true, true, false, false],
    );
    const named = drawn(true);
    assert.ok(
      Array.from({ length: 20 }, (_, i) => named(102, 40 + i)).includes(true),
      'a plate above the zone',
    );
  });

  it('leaves out masks, boxes or names on request', () => {
    // A small mask in a large box: inside the mask, on the box's edge, and above it where the name stands.
    const found = segmentation(200, 200, [
      { ...instance(90, 120, block(40, 40)), box: { x1: 60, y1: 80, x2: 160, y2: 180 } },
    ]);
    const touched = (options: object): boolean[] => {
      const picture = rgbPicture(200, 200);
      new Overlay({ labels, ...options }).draw(picture, found);
      const any = (x: number, y: number): boolean =>
        picture.data.subarray((y * 200 + x) * 3, (y * 200 + x) * 3 + 3).some((value) => value > 0);
      const plate = Array.from({ length: 12 }, (_, i) => any(65, 66 + i)).includes(true);
      return [any(110, 140), any(60, 150), plate];
    };
    assert.deepEqual(touched({}), [true, true, true]);
    assert.deepEqual(touched({ masks: 0 }), [false, true, true]);
    assert.deepEqual(touched({ boxes: false }), [true, false, true]);
    assert.deepEqual(touched({ names: false }), [true, true, false]);
    assert.deepEqual(touched({ masks: 0, boxes: false, names: false }), [false, false, false]);
  });

  it('draws masks with the given opacity', () => {
    const found = segmentation(200, 200, [instance(50, 50, block(100, 100))]);
    const color = PALETTE[0]!;
    for (const masks of [0.25, 0.5, 1]) {
      const picture = rgbPicture(200, 200);
      picture.data.fill(100);
      new Overlay({ labels, masks, boxes: false, names: false }).draw(picture, found);
      for (const [channel, value] of color.entries()) {
        const expected = 100 * (1 - masks) + value * masks;
        const actual = picture.data[(100 * 200 + 100) * 3 + channel]!;
        assert.ok(Math.abs(actual - expected) <= 1, `${masks}: ${actual}, not ${expected}`);
      }
    }
  });

  it('scales everything to a picture of another size', () => {
    const found = segmentation(400, 400, [instance(100, 200, block(200, 100))]);
    const picture = rgbPicture(200, 200);
    new Overlay({ labels }).draw(picture, found);
    const touched = (x: number, y: number): boolean => picture.data[(y * 200 + x) * 3 + 2]! > 0;
    assert.deepEqual(
      [touched(50, 100), touched(149, 149), touched(49, 120), touched(150, 120), touched(100, 150)],
      [true, true, false, false, false],
    );
  });

  it('survives any numbers', () => {
    const number = fc.oneof(fc.double(), fc.integer({ min: -50, max: 150 }));
    const anyInstance = fc.record({
      classId: fc.integer({ min: -3, max: 99 }),
      score: fc.double(),
      box: fc.record({ x1: number, y1: number, x2: number, y2: number }),
      mask: fc.record({
        x: fc.integer({ min: -100, max: 100 }),
        y: fc.integer({ min: -100, max: 100 }),
        width: fc.integer({ min: -1, max: 200 }),
        height: fc.integer({ min: -1, max: 200 }),
        data: fc.uint8Array({ maxLength: 500 }),
      }),
    });
    const size = fc.integer({ min: 1, max: 60 });
    fc.assert(
      fc.property(
        size,
        size,
        size,
        fc.array(anyInstance, { maxLength: 4 }),
        (width, height, grid, instances) => {
          const overlay = new Overlay({ labels });
          overlay.draw(rgbPicture(width, height), segmentation(width, height, instances, [grid, grid]));
        },
      ),
      { numRuns: 300 },
    );
  });
});
