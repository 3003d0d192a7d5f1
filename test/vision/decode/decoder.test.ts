import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import fc from 'fast-check';
import { Decoder } from '../../../src/vision/decode/decoder.js';
import { recognizeHeads } from '../../../src/vision/decode/heads.js';
import type { Placement } from '../../../src/vision/decode/mask-grid.js';
import type { DecodeOptions } from '../../../src/vision/decode/options.js';
import type { Box, Segmentation } from '../../../src/vision/mask/segmentation.js';
import type { Tensor } from '../../../src/vision/tensor/tensor.js';
import { Letterbox } from '../../../src/vision/picture/letterbox.js';
import { encodeHeads, type RealHead, type StorageOptions, store, type SyntheticObject } from './synthetic.js';

interface Scene {
  letterbox: Letterbox;
  classCount: number;
  regMax: number;
  objects: SyntheticObject[];
}

/** Objects far enough apart in class or place that NMS keeps them all, some beyond the border of the picture. */
const sceneArbitrary: fc.Arbitrary<Scene> = fc
  .record({
    columns: fc.integer({ min: 4, max: 10 }),
    rows: fc.integer({ min: 4, max: 10 }),
    pictureWidth: fc.integer({ min: 40, max: 500 }),
    pictureHeight: fc.integer({ min: 40, max: 500 }),
    classCount: fc.constantFrom(3, 6, 10, 80, 500),
    regMax: fc.constantFrom(1, 8, 16, 20),
    objects: fc.array(
      fc.record({
        classSeed: fc.nat(1000),
        logit: fc.double({ min: 0, max: 6, noNaN: true }),
        x: fc.double({ min: 0.05, max: 0.95, noNaN: true }),
        y: fc.double({ min: 0.05, max: 0.95, noNaN: true }),
        width: fc.double({ min: 0.05, max: 0.4, noNaN: true }),
        height: fc.double({ min: 0.05, max: 0.4, noNaN: true }),
        tilt: fc.double({ min: -1, max: 1, noNaN: true }),
      }),
      { minLength: 1, maxLength: 8 },
    ),
  })
  .map(({ columns, rows, pictureWidth, pictureHeight, classCount, regMax, objects }) => {
    const letterbox = new Letterbox(2 * pictureWidth, 2 * pictureHeight, 32 * columns, 32 * rows);
    const taken = new Set<string>();
    const placed: SyntheticObject[] = [];
    for (const [i, object] of objects.entries()) {
      const cx = letterbox.left + object.x * letterbox.width;
      const cy = letterbox.top + object.y * letterbox.height;
      const w = Math.max(10, object.width * 32 * columns);
      // Never so slim that the center of its cell lies outside: DFL knows no negative distances.
      const h = Math.max(10, w / 4, Math.min(4 * w, object.height * 32 * rows));
      // One object for each coarse cell, so that no two share a cell of any level or suppress each other.
      const cell = `${Math.floor(cx / 32)},${Math.floor(cy / 32)}`;
      if (taken.has(cell)) continue;
      taken.add(cell);
      const classId = (object.classSeed + i) % classCount;
      if (placed.some((other) => other.classId === classId)) continue;
      placed.push({
        classId,
        logit: object.logit + i * 0.01,
        box: [cx - w / 2, cy - h / 2, cx + w / 2, cy + h / 2],
        mask: (x, y) => 4 - 6 * Math.hypot((x - cx + object.tilt * (y - cy)) / w, (y - cy) / h),
      });
    }
    return { letterbox, classCount, regMax, objects: placed };
  })
  // 4 x 8 = 32 channels, and 10 = no multiple of 4 apart, counts are unambiguous here or settled by the hint.
  .filter(({ objects }) => objects.length > 0);

function decode(heads: Tensor[], scene: Scene, options: DecodeOptions = {}, place?: Placement): Segmentation {
  const { letterbox, classCount } = scene;
  const input = { width: letterbox.modelWidth, height: letterbox.modelHeight };
  const roles = heads.map(({ name }) => name.replace(/\d+$/, '') as RealHead['role']);
  return new Decoder(recognizeHeads(heads, input, { classCount, roles }), options).decode(
    heads,
    letterbox,
    undefined,
    place,
  );
}

function encode(scene: Scene): RealHead[] {
  const { letterbox, ...rest } = scene;
  return encodeHeads(scene.objects, { ...rest, width: letterbox.modelWidth, height: letterbox.modelHeight });
}

/** The mask by its definition: the prototype logits sampled bilinearly at every cell of the grid, -Infinity outside the box. */
function sampledLogits(
  head: RealHead,
  index: number,
  box: number[],
  letterbox: Letterbox,
  cells: [number, number],
): Float64Array {
  const [width, height] = cells;
  const logits = new Float64Array(width * height).fill(-Infinity);
  const at = (x: number, y: number): number => {
    const cx = Math.max(0, Math.min(head.width - 1, x));
    const cy = Math.max(0, Math.min(head.height - 1, y));
    return head.values[(cy * head.width + cx) * head.channels + index]!;
  };
  const [x1, y1, x2, y2] = box as [number, number, number, number];
  const scaleX = letterbox.sourceWidth / width;
  const scaleY = letterbox.sourceHeight / height;
  for (let y = 0; y < height; y++) {
    const sourceY = (y + 0.5) * scaleY;
    const edgeY = Math.min(Math.abs(sourceY - y1), Math.abs(sourceY - y2));
    for (let x = 0; x < width; x++) {
      const sourceX = (x + 0.5) * scaleX;
      // On the very edge of the box, rounding decides.
      if (edgeY < 1e-3 || Math.abs(sourceX - x1) < 1e-3 || Math.abs(sourceX - x2) < 1e-3) {
        logits[y * width + x] = NaN;
        continue;
      }
      if (sourceX < x1 || sourceX >= x2 || sourceY < y1 || sourceY >= y2) continue;
      const px = letterbox.toModelX(sourceX) / 4 - 0.5;
      const py = letterbox.toModelY(sourceY) / 4 - 0.5;
      const [ix, iy] = [Math.floor(px), Math.floor(py)];
      const [fx, fy] = [px - ix, py - iy];
      const upper = at(ix, iy) * (1 - fx) + at(ix + 1, iy) * fx;
      const lower = at(ix, iy + 1) * (1 - fx) + at(ix + 1, iy + 1) * fx;
      logits[y * width + x] = upper * (1 - fy) + lower * fy;
    }
  }
  return logits;
}

/** Objects as they must come back: best first, boxes clipped to the picture. */
function expected({
  objects,
  letterbox,
}: Scene): { object: SyntheticObject; index: number; box: number[] }[] {
  return objects
    .map((object, index) => {
      const [x1, y1, x2, y2] = object.box;
      const box = [
        Math.max(0, letterbox.toSourceX(x1)),
        Math.max(0, letterbox.toSourceY(y1)),
        Math.min(letterbox.sourceWidth, letterbox.toSourceX(x2)),
        Math.min(letterbox.sourceHeight, letterbox.toSourceY(y2)),
      ];
      return { object, index, box };
    })
    .sort((a, b) => b.object.logit - a.object.logit);
}

function assertSame(a: Segmentation, b: Segmentation): void {
  assert.deepEqual(a, b);
}

function snapshot(found: Segmentation): Segmentation {
  return structuredClone(found);
}

describe('decoder', () => {
  it('recovers the encoded boxes and masks', () => {
    fc.assert(
      fc.property(sceneArbitrary, fc.constantFrom<'source' | 'proto'>('source', 'proto'), (scene, masks) => {
        const heads = encode(scene);
        const found = decode(
          heads.map((head) => store(head)),
          scene,
          { masks },
        );
        const wanted = expected(scene);
        assert.equal(found.instances.length, wanted.length);
        for (const [i, { object, index, box }] of wanted.entries()) {
          const { classId, score, box: b, mask } = found.instances[i]!;
          assert.equal(classId, object.classId);
          assert.ok(Math.abs(score - 1 / (1 + Math.exp(-object.logit))) < 1e-6);
          const scale = Math.min(scene.letterbox.scaleX, scene.letterbox.scaleY);
          [b.x1, b.y1, b.x2, b.y2].forEach((value, k) =>
            assert.ok(Math.abs(value - box[k]!) < 0.01 / scale, `${value} ${box[k]}`),
          );
          const corners = [b.x1, b.y1, b.x2, b.y2];
          const { maskWidth, maskHeight } = found;
          const logits = sampledLogits(heads[9]!, index, corners, scene.letterbox, [maskWidth, maskHeight]);
          for (const [cell, logit] of logits.entries()) {
            const [x, y] = [(cell % maskWidth) - mask.x, Math.floor(cell / maskWidth) - mask.y];
            const inCrop = x >= 0 && y >= 0 && x < mask.width && y < mask.height;
            const inside = inCrop && mask.data[y * mask.width + x] === 1;
            // A cell whose logit is 0 but for rounding may fall on either side.
            if (Number.isNaN(logit) || inside === logit > 0 || Math.abs(logit) < 1e-5) continue;
            assert.fail(`cell ${x}, ${y}: ${logit}`);
          }
        }
      }),
      { numRuns: 60 },
    );
  });

  it('gives the same result for any order of heads and any padding of memory', () => {
    const storage = fc.record({
      padChannels: fc.integer({ min: 0, max: 9 }),
      padRows: fc.integer({ min: 0, max: 40 }),
      layout: fc.constantFrom<'NHWC' | 'NCHW'>('NHWC', 'NCHW'),
    });
    fc.assert(
      fc.property(
        sceneArbitrary,
        storage,
        fc.shuffledSubarray([0, 1, 2, 3, 4, 5, 6, 7, 8, 9], { minLength: 10 }),
        (scene, options, order) => {
          const heads = encode(scene);
          const plain = snapshot(
            decode(
              heads.map((head) => store(head)),
              scene,
            ),
          );
          const other = decode(
            order.map((i) => store(heads[i]!, options)),
            scene,
          );
          assertSame(plain, other);
        },
      ),
      { numRuns: 40 },
    );
  });

  it('gives the same result for accurately quantized heads', () => {
    const kinds: [string, Record<string, StorageOptions>][] = [
      ['int32 boxes and coefficients', { box: { type: 'int32' }, coefficient: { type: 'int32' } }],
      [
        'everything int32',
        {
          box: { type: 'int32' },
          coefficient: { type: 'int32' },
          class: { type: 'int32' },
          proto: { type: 'int32' },
        },
      ],
      ['int16 prototypes with one scale', { proto: { type: 'int16', scales: 'tensor' } }],
      [
        'int16 with zero points',
        {
          box: { type: 'int16', zeroPoint: true },
          proto: { type: 'int16', zeroPoint: true },
          class: { type: 'int16', scales: 'tensor', zeroPoint: true },
        },
      ],
      [
        'int32 with shifts',
        { box: { type: 'int32', shift: true }, class: { type: 'int32', shift: true, scales: 'tensor' } },
      ],
      ['uint16 coefficients', { coefficient: { type: 'uint16' } }],
    ];
    for (const [what, storage] of kinds) {
      fc.assert(
        fc.property(sceneArbitrary, (scene) => {
          const heads = encode(scene);
          const float = snapshot(
            decode(
              heads.map((head) => store(head)),
              scene,
            ),
          );
          const found = decode(
            heads.map((head) => store(head, storage[head.role])),
            scene,
          );
          assert.equal(found.instances.length, float.instances.length, what);
          const scale = Math.min(scene.letterbox.scaleX, scene.letterbox.scaleY);
          for (const [i, instance] of found.instances.entries()) {
            const reference = float.instances[i]!;
            assert.equal(instance.classId, reference.classId, what);
            assert.ok(Math.abs(instance.score - reference.score) < 1e-3, what);
            for (const side of ['x1', 'y1', 'x2', 'y2'] as const) {
              assert.ok(Math.abs(instance.box[side] - reference.box[side]) < 0.3 / scale, `${what}: ${side}`);
            }
          }
        }),
        { numRuns: 15 },
      );
    }
  });

  it('still finds objects in int8 heads', () => {
    fc.assert(
      fc.property(sceneArbitrary, (scene) => {
        const heads = encode(scene).map((head) =>
          store(head, { type: 'int8', scales: head.role === 'class' ? 'tensor' : 'channel' }),
        );
        const found = decode(heads, scene, { score: 0.4 });
        assert.deepEqual(
          found.instances.map(({ classId }) => classId).sort(),
          scene.objects.map(({ classId }) => classId).sort(),
        );
      }),
      { numRuns: 20 },
    );
  });

  it('survives NaN and infinities anywhere', () => {
    const poison = fc.constantFrom(NaN, Infinity, -Infinity);
    fc.assert(
      fc.property(sceneArbitrary, poison, fc.nat(9), (scene, value, which) => {
        const heads = encode(scene).map((head) => store(head));
        heads[which]!.data.fill(value);
        const found = decode(heads, scene);
        // Boxes, classes and coefficients of that kind are no instances; prototypes of that kind leave boxes without mask.
        if (which === 9)
          assert.ok(found.instances.every(({ mask }) => mask.data.every((cell) => cell === 0)));
        for (const { score, box } of found.instances) {
          assert.ok(Object.values({ score, ...box }).every(Number.isFinite));
        }
      }),
      { numRuns: 60 },
    );
    const scene = singleObject({});
    for (const which of [0, 3, 6]) {
      for (const value of [NaN, Infinity, -Infinity]) {
        const heads = encode(scene).map((head) => store(head));
        for (const i of [which, which + 1, which + 2]) heads[i]!.data.fill(value);
        assert.equal(decode(heads, scene).instances.length, 0, `${heads[which]!.name} ${value}`);
      }
    }
  });

  it('keeps and clips boxes that leave the picture', () => {
    const letterbox = new Letterbox(640, 640, 640, 640);
    const box: [number, number, number, number] = [-40, 600, 60, 700];
    const scene = singleObject({ letterbox, box });
    const [instance] = decode(
      encode(scene).map((head) => store(head)),
      scene,
    ).instances;
    assert.deepEqual(roundBox(instance!.box), { x1: 0, y1: 600, x2: 60, y2: 640 });
    assert.deepEqual(
      [instance!.mask.x, instance!.mask.y, instance!.mask.width, instance!.mask.height],
      [0, 600, 60, 40],
    );
  });

  it('gives results for the picture if the frame has an additional column or row', () => {
    const letterbox = new Letterbox(428, 640, 640, 640);
    const scene = singleObject({ letterbox, box: [500, 400, 600, 660] });
    const heads = encode(scene).map((head) => store(head));
    const input = { width: 640, height: 640 };
    const decoder = new Decoder(recognizeHeads(heads, input, { classCount: 3 }));
    const found = decoder.decode(heads, letterbox, { width: 427, height: 639 });
    assert.deepEqual([found.width, found.height, found.maskWidth, found.maskHeight], [427, 639, 427, 639]);
    const { box, mask } = found.instances[0]!;
    assert.deepEqual(roundBox(box), { x1: 394, y1: 400, x2: 427, y2: 639 });
    assert.deepEqual([mask.x, mask.y, mask.width, mask.height], [394, 400, 33, 239]);
  });

  it('gives results for a part of a picture in pixels of the whole, moved, bit by bit', () => {
    fc.assert(
      fc.property(
        sceneArbitrary,
        fc.integer({ min: 0, max: 3000 }),
        fc.integer({ min: 0, max: 3000 }),
        fc.integer({ min: 0, max: 3000 }),
        (scene, x, y, more) => {
          const heads = encode(scene).map((head) => store(head));
          const { sourceWidth: width, sourceHeight: height } = scene.letterbox;
          const own = structuredClone(decode(heads, scene));
          const picture = { width: x + width + more, height: y + height + 2 * more };
          const moved = decode(heads, scene, {}, { x, y, picture });
          assert.deepEqual(moved, {
            ...{ ...picture, maskWidth: picture.width, maskHeight: picture.height },
            region: { x, y, width, height },
            instances: own.instances.map(({ box, mask, ...rest }) => ({
              ...rest,
              box: { x1: box.x1 + x, y1: box.y1 + y, x2: box.x2 + x, y2: box.y2 + y },
              mask: mask.width > 0 ? { ...mask, x: mask.x + x, y: mask.y + y } : mask,
            })),
          });
        },
      ),
      { numRuns: 40 },
    );
  });

  it('samples masks of a part at prototype resolution on the grid of the whole picture', () => {
    // 4 pixels to a prototype; the part begins with a cell of the picture's grid, so that its own grid is the same.
    const letterbox = new Letterbox(320, 256, 320, 320);
    const scene = singleObject({ letterbox, box: [60, 90, 200, 250] });
    const heads = encode(scene).map((head) => store(head));
    const options: DecodeOptions = { masks: 'proto' };
    const own = structuredClone(decode(heads, scene, options));
    const picture = { width: 1280, height: 720 };
    const aligned = structuredClone(decode(heads, scene, options, { x: 80, y: 40, picture }));
    assert.deepEqual([aligned.maskWidth, aligned.maskHeight], [320, 180]);
    const { mask } = own.instances[0]!;
    assert.deepEqual(aligned.instances[0]!.mask, { ...mask, x: mask.x + 20, y: mask.y + 10 });
    // Elsewhere a cell is inside when the pixel in its middle is, give or take the contour.
    const fine = structuredClone(decode(heads, scene, {}, { x: 82, y: 42, picture })).instances[0]!.mask;
    const coarse = decode(heads, scene, options, { x: 82, y: 42, picture }).instances[0]!.mask;
    let different = 0;
    for (let y = 0; y < coarse.height; y++) {
      for (let x = 0; x < coarse.width; x++) {
        const [px, py] = [4 * (coarse.x + x) + 2 - fine.x, 4 * (coarse.y + y) + 2 - fine.y];
        const inside =
          px >= 0 && py >= 0 && px < fine.width && py < fine.height && fine.data[py * fine.width + px]!;
        if (Number(inside) !== coarse.data[y * coarse.width + x]) different++;
      }
    }
    assert.ok(coarse.width > 20 && coarse.height > 20 && different <= coarse.width, `${different} cells`);
    // A small region of a large picture has no grid finer than the picture.
    const zoomed = new Letterbox(40, 32, 320, 320);
    const large = decode(heads, { ...scene, letterbox: zoomed }, options, { x: 80, y: 40, picture });
    assert.deepEqual([large.maskWidth, large.maskHeight], [1280, 720]);
  });

  it('leaves out instances that are entirely in the padding', () => {
    const letterbox = new Letterbox(640, 320, 640, 640);
    const scene = singleObject({ letterbox, box: [100, 20, 200, 120] });
    assert.equal(
      decode(
        encode(scene).map((head) => store(head)),
        scene,
      ).instances.length,
      0,
    );
  });

  it('drops worse boxes of the same class, and only of the same class', () => {
    const letterbox = new Letterbox(640, 640, 640, 640);
    const objects: SyntheticObject[] = [
      { classId: 0, logit: 3, box: [100, 100, 200, 200], mask: () => 1 },
      { classId: 0, logit: 2, box: [110, 104, 210, 204], mask: () => 1 },
      { classId: 1, logit: 1, box: [100, 120, 200, 220], mask: () => 1 },
    ];
    const scene = { letterbox, classCount: 3, regMax: 16, objects };
    const heads = encode(scene).map((head) => store(head));
    const classes = (options: DecodeOptions): number[] =>
      decode(heads, scene, options).instances.map(({ classId }) => classId);
    assert.deepEqual(classes({ iou: 0.7 }), [0, 1]);
    assert.deepEqual(classes({ iou: 0.8 }), [0, 0, 1]);
    assert.deepEqual(classes({ iou: 1 }), [0, 0, 1]);
    assert.deepEqual(classes({ nms: 'always' }), [0, 1]);
    assert.deepEqual(classes({ nms: 'never', iou: 0.1 }), [0, 0, 1]);
    assert.deepEqual(classes({ nms: 'never', maxDetections: 2 }), [0, 0]);
    assert.deepEqual(classes({ iou: 0.7, maxDetections: 1 }), [0]);
    assert.deepEqual(classes({ classes: [1] }), [1]);
    assert.deepEqual(classes({ classes: [] }), []);
    assert.deepEqual(classes({ score: 0.9 }), [0]);
    assert.deepEqual(classes({ score: 0.9, classScores: { 1: 0.7 } }), [0, 1]);
    assert.deepEqual(classes({ score: 1 }), []);
  });

  it('gives empty masks on request, and masks of the coarser grid', () => {
    const scene = singleObject({ letterbox: new Letterbox(1280, 720, 640, 640) });
    const heads = encode(scene).map((head) => store(head));
    const none = decode(heads, scene, { masks: 'none' });
    assert.equal(none.instances[0]!.mask.data.length, 0);
    const proto = decode(heads, scene, { masks: 'proto' });
    assert.deepEqual([proto.maskWidth, proto.maskHeight], [160, 90]);
  });

  it('names the option that is out of range', () => {
    const scene = singleObject({});
    const heads = encode(scene).map((head) => store(head));
    const bad: [DecodeOptions, RegExp][] = [
      [{ score: 1.5 }, /from 0 to 1 for score but received 1.5/],
      [{ score: NaN }, /for score but received NaN/],
      [{ iou: -0.1 }, /for iou/],
      [{ maxDetections: 0 }, /for maxDetections but received 0/],
      [{ maxDetections: 2.5 }, /for maxDetections/],
      [{ classes: [99] }, /class id from 0 to 2 in classes but received 99/],
      [{ classScores: { 7: 0.5 } }, /in classScores but received 7/],
      [{ classScores: { 1: 2 } }, /the score of class 1/],
      [{ nms: 'off' as 'never' }, /one of auto, always, never for nms/],
      [{ masks: 'huge' as 'proto' }, /one of source, proto, none for masks/],
    ];
    for (const [options, message] of bad) assert.throws(() => decode(heads, scene, options), message);
  });

  it('refuses tensors that are shorter than described', () => {
    const scene = singleObject({});
    const heads = encode(scene).map((head) => store(head));
    const short = heads.map((head, i) => (i === 9 ? { ...head, data: head.data.subarray(0, 100) } : head));
    assert.throws(() => decode(short, scene), /elements in output proto4/);
  });
});

function singleObject({
  letterbox = new Letterbox(640, 640, 640, 640),
  box = [200, 200, 300, 320] as SyntheticObject['box'],
}): Scene {
  return { letterbox, classCount: 3, regMax: 16, objects: [{ classId: 1, logit: 2, box, mask: () => 1 }] };
}

function roundBox(box: Box): Record<string, number> {
  return Object.fromEntries(Object.entries(box).map(([key, value]) => [key, Math.round(value * 100) / 100]));
}
