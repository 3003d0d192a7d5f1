import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'mocha';

import type { Box, Instance, Mask, Segmentation } from '../../../src/vision/mask/segmentation.js';
import { AveragePrecision, type TruthInstance } from '../../../src/vision/evaluate/average-precision.js';
import { ExpectationError } from '../../../src/base/expect.js';
import { repository } from '../../data.js';

const WIDTH = 40;
const HEIGHT = 30;

/** A filled rectangle of whole pixels. */
function region(x: number, y: number, width: number, height: number): { box: Box; mask: Mask } {
  return {
    box: { x1: x, y1: y, x2: x + width, y2: y + height },
    mask: { x, y, width, height, data: new Uint8Array(width * height).fill(1) },
  };
}

function frame(...instances: Instance[]): Segmentation {
  return { width: WIDTH, height: HEIGHT, maskWidth: WIDTH, maskHeight: HEIGHT, instances };
}

function truth(...objects: TruthInstance[]): { width: number; height: number; objects: TruthInstance[] } {
  return { width: WIDTH, height: HEIGHT, objects };
}

describe('average precision', () => {
  it('is 1 when everything is found exactly', () => {
    const quality = new AveragePrecision(2);
    const [a, b] = [region(2, 3, 10, 8), region(20, 5, 9, 9)];
    quality.add(
      frame({ classId: 0, score: 0.9, ...a }, { classId: 1, score: 0.3, ...b }),
      truth({ classId: 0, ...a }, { classId: 1, ...b }),
    );
    const { frames, objects, box, mask } = quality.evaluate();
    assert.equal(frames, 1);
    assert.equal(objects, 2);
    for (const kind of [box, mask]) {
      assert.equal(kind.ap50, 1);
      assert.equal(kind.ap, 1);
      assert.equal(kind.precision, 1);
      assert.equal(kind.recall, 1);
    }
  });

  it('counts the thresholds that the overlap reaches', () => {
    const quality = new AveragePrecision(1);
    // 10x10 found as 10x7: an IoU of 0.7 reaches 0.50, 0.55, 0.60, 0.65 and 0.70.
    quality.add(
      frame({ classId: 0, score: 0.9, ...region(0, 0, 10, 7) }),
      truth({ classId: 0, ...region(0, 0, 10, 10) }),
    );
    const { box, mask } = quality.evaluate();
    assert.equal(box.ap50, 1);
    assert.equal(box.ap, 0.5);
    assert.equal(mask.ap, 0.5);
  });

  it('scores masks by their pixels, whatever their boxes', () => {
    const quality = new AveragePrecision(1);
    const whole = region(4, 4, 10, 10);
    const third = { ...whole.mask, data: whole.mask.data.map((_, i) => (i % 3 === 0 ? 1 : 0)) };
    quality.add(
      frame({ classId: 0, score: 0.9, box: whole.box, mask: third }),
      truth({ classId: 0, ...whole }),
    );
    const { box, mask } = quality.evaluate();
    assert.equal(box.ap50, 1);
    assert.equal(mask.ap50, 0);
  });

  it('counts a second detection of the same object as a false positive', () => {
    const quality = new AveragePrecision(1);
    const [a, b] = [region(0, 0, 10, 10), region(20, 0, 10, 10)];
    quality.add(
      frame(
        { classId: 0, score: 0.9, ...a },
        { classId: 0, score: 0.8, ...a },
        { classId: 0, score: 0.7, ...b },
      ),
      truth({ classId: 0, ...a }, { classId: 0, ...b }),
    );
    const { mask } = quality.evaluate();
    // Precision 1 up to recall 0.5 (51 of 101 points), 2/3 beyond.
    assert.ok(Math.abs(mask.ap50 - (51 + 50 * (2 / 3)) / 101) < 1e-12);
    assert.equal(mask.precision, 2 / 3);
    assert.equal(mask.recall, 1);
  });

  it('ignores detections in a region to be ignored, and does not require any there', () => {
    const quality = new AveragePrecision(1);
    const [a, hidden] = [region(0, 0, 10, 10), region(20, 0, 15, 15)];
    quality.add(
      frame(
        { classId: 0, score: 0.9, ...region(21, 1, 5, 5) },
        { classId: 0, score: 0.8, ...region(28, 8, 5, 5) },
        { classId: 0, score: 0.7, ...a },
      ),
      truth({ classId: 0, ...hidden, ignore: true }, { classId: 0, ...a }),
    );
    const { objects, mask, box } = quality.evaluate();
    assert.equal(objects, 1);
    assert.equal(mask.ap50, 1);
    assert.equal(box.precision, 1);
  });

  it('counts a detection of another class as a false positive and a miss', () => {
    const quality = new AveragePrecision(2);
    const a = region(0, 0, 10, 10);
    quality.add(frame({ classId: 1, score: 0.9, ...a }), truth({ classId: 0, ...a }));
    const { box } = quality.evaluate();
    assert.equal(box.ap50, 0);
    assert.equal(box.precision, 0);
    assert.deepEqual(box.ap50ByClass, [0, NaN]);
  });

  it('is NaN if there is nothing to find', () => {
    const quality = new AveragePrecision(1);
    quality.add(frame(), truth());
    const { frames, objects, mask } = quality.evaluate();
    assert.equal(frames, 1);
    assert.equal(objects, 0);
    assert.ok(Number.isNaN(mask.ap50) && Number.isNaN(mask.recall) && Number.isNaN(mask.precision));
  });

  it('keeps no reference to buffers of a frame, which may be reused', () => {
    const quality = new AveragePrecision(1);
    const a = region(0, 0, 10, 10);
    const instance = { classId: 0, score: 0.9, ...region(0, 0, 10, 10) };
    quality.add(frame(instance), truth({ classId: 0, ...a }));
    instance.mask.data.fill(0);
    instance.box.x2 = 1;
    instance.score = 0;
    assert.equal(quality.evaluate().mask.ap, 1);
    assert.equal(quality.evaluate().box.ap, 1);
  });

  it('reports input that does not fit, and counts nothing of it', () => {
    const quality = new AveragePrecision(1);
    const a = region(0, 0, 10, 10);
    const wrong = [
      () => quality.add({ ...frame(), width: 80 }, truth({ classId: 0, ...a })),
      () => quality.add({ ...frame(), maskWidth: 10, maskHeight: 8 }, truth({ classId: 0, ...a })),
      () => quality.add(frame(), truth({ classId: 1, ...a })),
      () => quality.add(frame({ classId: -1, score: 1, ...a }), truth({ classId: 0, ...a })),
      () => new AveragePrecision(0),
    ];
    for (const add of wrong) assert.throws(add, ExpectationError);
    assert.equal(quality.evaluate().frames, 0);
    assert.equal(quality.evaluate().objects, 0);
  });
});

/** tools/evaluate/ellipses.py made these: ellipses as [class, x, y, rx, ry, ignore or score]. */
type Ellipse = [number, number, number, number, number, number];

interface Ellipses {
  width: number;
  height: number;
  classes: number;
  frames: { objects: Ellipse[]; found: Ellipse[] }[];
  pycocotools: Record<'box' | 'mask', { ap: number; ap50: number; ap50ByClass: number[] }>;
}

describe('average precision compared with pycocotools', () => {
  it('gives the same numbers', () => {
    const file = join(repository, 'test/vision/evaluate/ellipses.json');
    const data = JSON.parse(readFileSync(file, 'utf8')) as Ellipses;
    const { width, height } = data;
    const quality = new AveragePrecision(data.classes);

    const regionOf = ([, x, y, rx, ry]: Ellipse): { box: Box; mask: Mask } => {
      const crop = {
        x: Math.max(0, Math.floor(x - rx)),
        y: Math.max(0, Math.floor(y - ry)),
        width: Math.min(width, Math.ceil(x + rx)) - Math.max(0, Math.floor(x - rx)),
        height: Math.min(height, Math.ceil(y + ry)) - Math.max(0, Math.floor(y - ry)),
      };
      const mask = new Uint8Array(crop.width * crop.height).map((_, i) => {
        const dx = (crop.x + (i % crop.width) + 0.5 - x) / rx;
        const dy = (crop.y + Math.floor(i / crop.width) + 0.5 - y) / ry;
        return dx ** 2 + dy ** 2 <= 1 ? 1 : 0;
      });
      return { box: { x1: x - rx, y1: y - ry, x2: x + rx, y2: y + ry }, mask: { ...crop, data: mask } };
    };
    for (const { objects, found } of data.frames) {
      quality.add(
        {
          width,
          height,
          maskWidth: width,
          maskHeight: height,
          instances: found.map((e) => ({ classId: e[0], score: e[5], ...regionOf(e) })),
        },
        {
          width,
          height,
          objects: objects.map((e) => ({ classId: e[0], ignore: e[5] === 1, ...regionOf(e) })),
        },
      );
    }

    const evaluation = quality.evaluate();
    for (const kind of ['box', 'mask'] as const) {
      const [ours, theirs] = [evaluation[kind], data.pycocotools[kind]];
      const close = (a: number, b: number): boolean => Math.abs(a - b) < 1e-9;
      assert.ok(close(ours.ap, theirs.ap), `${kind} AP ${ours.ap} and ${theirs.ap}`);
      assert.ok(close(ours.ap50, theirs.ap50), `${kind} AP50 ${ours.ap50} and ${theirs.ap50}`);
      theirs.ap50ByClass.forEach((ap, classId) => assert.ok(close(ours.ap50ByClass[classId]!, ap)));
    }
  });
});
