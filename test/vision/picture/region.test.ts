import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import fc from 'fast-check';
import { ExpectationError } from '../../../src/base/expect.js';
import { MAX_DIMENSION, type Nv12Frame } from '../../../src/vision/picture/nv12-frame.js';
import { cutOut, clipRegion } from '../../../src/native/cut-out.js';
import { parseRegion, type Region, regionText } from '../../../src/vision/picture/region.js';
import { addon } from '../../../src/native/addon.js';
import { messageOf } from '../../engine/camera-messages.js';
import { noiseFrame, packedBytes } from '../../native/frames.js';
import { cropOf } from '../../native/reference.js';

const REGION = fc.record({
  x: fc.integer({ min: 0, max: 90 }),
  y: fc.integer({ min: 0, max: 90 }),
  width: fc.integer({ min: 1, max: 90 }),
  height: fc.integer({ min: 1, max: 90 }),
});
const SIDE = fc.integer({ min: 1, max: 70 });

describe('parseRegion', () => {
  it('reads x, y, width and height, and regionText writes them', () => {
    const region = { x: 480, y: 270, width: 960, height: 540 };
    assert.deepEqual(parseRegion('roi', '480,270,960,540'), region);
    assert.deepEqual(parseRegion('roi', ' 480 , 270,960, 540 '), region);
    assert.equal(regionText(region), '480,270,960,540');
    assert.equal(parseRegion('roi', ' '), undefined);
    assert.equal(regionText(undefined), '');
  });

  it('says what is wrong with anything else', () => {
    for (const text of [
      '1,2,3',
      '1,2,3,4,5',
      '1 2 3 4',
      '-1,0,5,5',
      '0,0,1.5,2',
      'a,b,c,d',
      '0,0,,5',
      '1x2+3+4',
    ]) {
      assert.throws(
        () => parseRegion('--roi', text),
        /Expected x,y,width,height in pixels for --roi but/,
        text,
      );
    }
    assert.throws(() => parseRegion('roi', '0,0,0,5'), /the width in roi but received 0/);
    assert.throws(() => parseRegion('roi', '0,0,5,0'), /the height in roi but received 0/);
    assert.throws(
      () => parseRegion('roi', `0,0,${MAX_DIMENSION + 1},5`),
      /the width in roi but received 16385/,
    );
    assert.throws(() => parseRegion('roi', '99999999999999999999,0,5,5'), /x in roi/);
  });
});

describe('clipRegion', () => {
  it('is the region rounded outward to even pixels and cut to the picture', () => {
    assert.deepEqual(clipRegion({ x: 101, y: 51, width: 99, height: 100 }, { width: 640, height: 480 }), {
      part: { x: 100, y: 50, width: 100, height: 102 },
      warning: undefined,
    });
    fc.assert(
      fc.property(REGION, SIDE, SIDE, (region, width, height) => {
        if (region.x >= width || region.y >= height) return;
        const { part, warning } = clipRegion(region, { width, height });
        const axes = [
          [region.x, region.width, part.x, part.width, width],
          [region.y, region.height, part.y, part.height, height],
        ] as const;
        for (const [at, size, from, length, side] of axes) {
          assert.equal(from, 2 * Math.floor(at / 2));
          assert.equal(from + length, Math.min(2 * Math.ceil((at + size) / 2), side));
        }
        const exceeds = region.x + region.width > width || region.y + region.height > height;
        assert.equal(warning !== undefined, exceeds, warning);
      }),
    );
  });

  it('says which part of a region is used if it exceeds the picture, and refuses one outside', () => {
    const picture = { width: 641, height: 480 };
    assert.equal(
      clipRegion({ x: 601, y: 400, width: 100, height: 40 }, picture).warning,
      'Expected a region of interest within the 641x480 picture but received 601,400,100,40. ' +
        "Only 600,400,41,40 is used. Check roi and the size of the camera's images.",
    );
    for (const region of [
      { x: 641, y: 0, width: 5, height: 5 },
      { x: 0, y: 480, width: 5, height: 5 },
    ]) {
      assert.throws(
        () => clipRegion(region, picture),
        new ExpectationError(
          'a region of interest with pixels of the 641x480 picture',
          regionText(region),
          "Set roi to a part of it, or to '' for all of it.",
        ),
      );
    }
  });

  it('survives any numbers', () => {
    const region = { x: 0, y: 0, width: 2, height: 2 };
    for (const wrong of [
      undefined,
      null,
      'x',
      {},
      { ...region, x: -1 },
      { ...region, width: 0 },
      { ...region, y: NaN },
    ]) {
      assert.throws(() => addon().clipRegion(wrong as Region, 4, 4), TypeError);
    }
    for (const size of [0, -1, 2.5, 16385, '4', undefined]) {
      assert.throws(() => addon().clipRegion(region, size as number, 4), TypeError);
      assert.throws(() => addon().clipRegion(region, 4, size as number), TypeError);
    }
    const camera = addon().injectCamera();
    camera.setRegion(region);
    camera.setRegion(undefined);
    for (const wrong of ['x', {}, { ...region, x: 16385 }]) {
      assert.throws(() => camera.setRegion(wrong as Region), TypeError);
    }
    camera.close();
    camera.setRegion(region);
  });
});

describe('the warning of a region that exceeds the picture', () => {
  it('disappears when the next picture has no pixel of it', () => {
    const camera = addon().injectCamera();
    camera.setRegion({ x: 40, y: 0, width: 40, height: 16 });
    camera.offer(messageOf(noiseFrame(64, 16, 1)));
    assert.match(camera.counters().warning!.expected, /within the 64x16 picture/);
    camera.offer(messageOf(noiseFrame(32, 16, 1)));
    assert.ok(!camera.counters().warning);
    camera.offer(messageOf(noiseFrame(64, 16, 1)));
    assert.ok(camera.counters().warning);
    camera.close();
  });
});

describe('cutOut', () => {
  it('is a view of the pixels of the region, for packed and padded frames', () => {
    fc.assert(
      fc.property(REGION, SIDE, SIDE, fc.integer({ min: 0, max: 5 }), (region, w, h, padding) => {
        const frame: Nv12Frame = noiseFrame(w + (w % 2), h + (h % 2), 1, {
          ...{ luma: padding, chroma: 2 * padding, gap: padding },
        });
        const picture = { width: w, height: h };
        const whole = w % 2 || h % 2 ? { ...frame, picture } : frame;
        if (region.x >= w || region.y >= h) return;
        const { view } = cutOut(whole, region);
        const { part } = clipRegion(region, picture);
        assert.equal(view.data, frame.data);
        assert.deepEqual(view.picture ?? { width: view.width, height: view.height }, {
          ...{ width: part.width, height: part.height },
        });
        assert.deepEqual(packedBytes(view), cropOf(frame, part));
        const { x, y } = part;
        const all = part.width === w && part.height === h;
        assert.deepEqual(view.cut, all ? undefined : { x, y, picture, whole });
      }),
    );
  });
});
