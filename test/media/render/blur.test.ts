import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { Blur } from '../../../src/media/render/blur.js';
import { Overlay } from '../../../src/media/render/overlay.js';
import { CameraTracking } from '../../../src/pipeline/tracking.js';
import { hash32 } from '../../../src/media/scene/random.js';
import type { Instance, Segmentation } from '../../../src/vision/mask/segmentation.js';
import { nv12Frame, type Nv12Frame } from '../../../src/vision/picture/nv12-frame.js';

const [WIDTH, HEIGHT] = [160, 120];

/** Noise, in rows that are wider than the picture. */
function noise(): Nv12Frame {
  const step = WIDTH + 16;
  const data = Uint8Array.from({ length: (step * HEIGHT * 3) / 2 }, (_, i) => hash32(i, 5) & 0xff);
  return nv12Frame(data, { width: WIDTH, height: HEIGHT, step });
}

/** A disc. */
function disc(x: number, y: number, radius: number, classId = 0): Instance {
  const size = 2 * radius;
  const data = Uint8Array.from({ length: size * size }, (_, i) => {
    const [dx, dy] = [(i % size) + 0.5 - radius, Math.floor(i / size) + 0.5 - radius];
    return dx * dx + dy * dy < radius * radius ? 1 : 0;
  });
  const mask = { x: x - radius, y: y - radius, width: size, height: size, data };
  return {
    classId,
    score: 0.9,
    mask,
    box: { x1: x - radius, y1: y - radius, x2: x + radius, y2: y + radius },
  };
}

function found(...instances: Instance[]): Segmentation {
  return { width: WIDTH, height: HEIGHT, maskWidth: WIDTH, maskHeight: HEIGHT, instances };
}

const luma = ({ data, lumaOffset, lumaStride }: Nv12Frame, x: number, y: number): number =>
  data[lumaOffset + y * lumaStride + x]!;
const chroma = ({ data, chromaOffset, chromaStride }: Nv12Frame, x: number, y: number): number =>
  data[chromaOffset + (y >> 1) * chromaStride + x]!;

describe('Blur', () => {
  const blur = new Blur(new Set([0]));

  it('replaces pixels under the mask by means, and leaves all others alone', () => {
    const frame = noise();
    const before = frame.data.slice();
    const shown = blur.apply(frame, found(disc(80, 60, 30)));
    assert.deepEqual(frame.data, before, 'the frame itself is not touched');
    let [inside, outside] = [0, 0];
    for (let y = 0; y < HEIGHT; y++) {
      for (let x = 1; x < WIDTH; x++) {
        const distance = Math.hypot(x + 0.5 - 80, y + 0.5 - 60);
        if (distance < 30) {
          // Noise has steps of 85 on average; means of squares of 8 pixels run smoothly.
          assert.ok(Math.abs(luma(shown, x, y) - luma(shown, x - 1, y)) < 16 || distance > 29, `${x},${y}`);
          assert.ok(luma(shown, x, y) > 90 && luma(shown, x, y) < 165, `${x},${y}: ${luma(shown, x, y)}`);
          assert.ok(chroma(shown, x, y) > 60 && chroma(shown, x, y) < 195, `chroma at ${x},${y}`);
          inside++;
        } else if (distance > 30 + 2 * 4 + 2) {
          assert.equal(luma(shown, x, y), luma(frame, x, y), `${x},${y}`);
          assert.equal(chroma(shown, x, y), chroma(frame, x, y));
          outside++;
        }
      }
    }
    assert.ok(inside > 2000 && outside > 10_000);
  });

  it('extends beyond the mask, and to every edge of the picture', () => {
    for (const [x, y] of [
      [0, 0],
      [WIDTH, 0],
      [0, HEIGHT],
      [WIDTH, HEIGHT],
      [80, 0],
      [0, 60],
    ] as const) {
      const whole = disc(x, y, 24);
      // The decoder's masks end with the picture.
      const { mask } = whole;
      const [left, top] = [Math.max(0, mask.x), Math.max(0, mask.y)];
      const width = Math.min(WIDTH, mask.x + mask.width) - left;
      const height = Math.min(HEIGHT, mask.y + mask.height) - top;
      const data = Uint8Array.from({ length: width * height }, (_, i) => {
        const [column, row] = [(i % width) + left - mask.x, Math.floor(i / width) + top - mask.y];
        return mask.data[row * mask.width + column]!;
      });
      const cut = { ...whole, mask: { x: left, y: top, width, height, data } };
      const frame = noise();
      const shown = blur.apply(frame, found(cut));
      const [cx, cy] = [Math.min(WIDTH - 1, x), Math.min(HEIGHT - 1, y)];
      assert.ok(luma(shown, cx, cy) > 70 && luma(shown, cx, cy) < 185, `${x},${y}: ${luma(shown, cx, cy)}`);
      // Two pixels beyond the mask's edge.
      const [bx, by] = [Math.abs(cx - 26 * (x === 80 ? 0 : 1)), Math.abs(cy - (x === 80 ? 26 : 0))];
      assert.ok(luma(shown, bx, by) > 70 && luma(shown, bx, by) < 185, `beyond ${x},${y}`);
    }
  });

  it('extends farther beyond the masks of large objects', () => {
    const shown = blur.apply(noise(), found(disc(80, 60, 54)));
    const column = Array.from({ length: 9 }, (_, i) => luma(shown, 80 - 54 - 6, 56 + i));
    assert.ok(
      column.every((value) => value > 70 && value < 185),
      column.join(' '),
    );
  });

  it('blurs the box if there is no mask, and masks on a coarse grid', () => {
    const empty = { x: 0, y: 0, width: 0, height: 0, data: new Uint8Array(0) };
    const box = { x1: 40, y1: 30, x2: 120, y2: 90 };
    const shown = blur.apply(noise(), found({ classId: 0, score: 0.9, mask: empty, box }));
    for (const [x, y] of [
      [41, 31],
      [118, 88],
      [80, 60],
      [41, 88],
    ] as const) {
      assert.ok(luma(shown, x, y) > 90 && luma(shown, x, y) < 165);
    }
    const none = { ...disc(80, 60, 30), box };
    none.mask.data.fill(0);
    const bare = new Blur(new Set([0])).apply(noise(), found(none));
    assert.ok(luma(bare, 80, 60) > 90 && luma(bare, 41, 31) < 165, 'a mask without a cell is none');
    const cells = { x: 10, y: 8, width: 20, height: 14, data: new Uint8Array(280).fill(1) };
    const coarse = { ...found({ classId: 0, score: 0.9, mask: cells, box }), maskWidth: 40, maskHeight: 30 };
    const again = new Blur(new Set([0])).apply(noise(), coarse);
    assert.ok(luma(again, 42, 33) > 90 && luma(again, 42, 33) < 165);
  });

  it('covers what was found in this frame and what is reported, where shapes are smoothed', () => {
    const frame = noise();
    const shown = blur.apply(frame, found({ ...disc(40, 60, 20), found: disc(110, 60, 20) }));
    const isBlurred = (x: number): boolean =>
      Array.from({ length: 9 }, (_, i) => luma(shown, x, 56 + i)).every((value) => value > 70 && value < 185);
    assert.deepEqual([40, 59, 91, 110, 129].map(isBlurred), [true, true, true, true, true]);
    assert.equal(luma(shown, 75, 60), luma(frame, 75, 60), 'and nothing in between');
    const none = { x: 0, y: 0, width: 0, height: 0, data: new Uint8Array(0) };
    const box = { x1: 90, y1: 40, x2: 130, y2: 80 };
    const boxed = blur.apply(noise(), found({ ...disc(40, 60, 20), found: { box, mask: none } }));
    assert.ok(luma(boxed, 92, 42) > 70 && luma(boxed, 92, 42) < 185, 'a corner of the box');
    assert.equal(luma(boxed, 42, 30), luma(frame, 42, 30), 'beyond the other one, in the rows of the area');
  });

  it('gets both shapes of what is tracked with steady shapes', () => {
    const tracking = new CameraTracking();
    tracking.setOptions({ reported: { score: 0.25 }, steadyShapes: 2 });
    let differ = 0;
    for (let i = 0; i < 24; i++) {
      // Still for a while, then slowly away: smoothing takes that for noise at first.
      const now = { ...disc(i < 16 ? 40 : 40 + 2 * (i - 15), 60, 20), trackId: 0 };
      const [reported] = tracking.apply({ sec: 1, nanosec: 33_000_000 * i }, found(now)).instances;
      if (i === 0) continue; // It has no number yet.
      assert.equal(reported?.found?.mask, now.mask, `frame ${i}`);
      if (reported.mask.x !== now.mask.x || reported.box.x2 !== now.box.x2) differ++;
    }
    assert.ok(differ > 2, `smoothed in ${differ} frames`);
  });

  it('copies nothing if there is nothing to blur', () => {
    const frame = noise();
    assert.equal(blur.apply(frame, found(disc(80, 60, 20, 3))), frame);
    assert.equal(blur.apply(frame, found()), frame);
  });

  it('is part of the overlay', () => {
    const frame = noise();
    const segmentation = found(disc(80, 60, 30));
    const options = { labels: [], masks: 0, boxes: false, names: false };
    const plain = new Overlay(options).paint(frame, segmentation);
    const shown = new Overlay({ ...options, blur: [0] }).paint(frame, segmentation);
    const contrast = ({ data }: { data: Uint8Array }): number => {
      let sum = 0;
      for (let x = 65; x < 95; x++)
        sum += Math.abs(data[(60 * WIDTH + x) * 3]! - data[(60 * WIDTH + x + 1) * 3]!);
      return sum / 30;
    };
    assert.ok(contrast(plain) > 40, `${contrast(plain)}`);
    assert.ok(contrast(shown) < 12, `${contrast(shown)}`);
  });
});
