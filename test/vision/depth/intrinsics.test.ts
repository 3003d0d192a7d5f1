import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { inProportion, intrinsicsOf, scaledTo } from '../../../src/vision/depth/intrinsics.js';
import { defaultStep } from '../../../src/vision/depth/objects-in-space.js';

describe('intrinsics', () => {
  it('scale with the picture: the same ray goes through the same place', () => {
    const camera = { width: 640, height: 352, fx: 400, fy: 410, cx: 321.5, cy: 178.25 };
    const small = scaledTo(camera, { width: 320, height: 88 });
    assert.deepEqual([small.width, small.height, small.fx, small.fy], [320, 88, 200, 102.5]);
    // The left and upper edges are at -0.5 in both.
    assert.equal((-0.5 - small.cx) / small.fx, (-0.5 - camera.cx) / camera.fx);
    assert.equal((-0.5 - small.cy) / small.fy, (-0.5 - camera.cy) / camera.fy);
    assert.equal((319.5 - small.cx) / small.fx, (639.5 - camera.cx) / camera.fx);
    assert.deepEqual(scaledTo(scaledTo(camera, { width: 1280, height: 704 }), camera), camera);
  });

  it('are those of P, else of K, else none', () => {
    const k = [400, 0, 320, 0, 401, 176, 0, 0, 1];
    const p = [300, 0, 310, 0, 0, 301, 170, 0, 0, 0, 1, 0];
    const size = { width: 640, height: 352 };
    assert.equal(intrinsicsOf({ ...size, k, p })!.fx, 300);
    assert.equal(intrinsicsOf({ ...size, k, p: new Float64Array(12) })!.cy, 176);
    assert.equal(intrinsicsOf({ ...size, k: new Float64Array(9), p: new Float64Array(12) }), undefined);
  });

  it('belong to pictures in proportion, to a pixel', () => {
    assert.ok(inProportion({ width: 1280, height: 720 }, { width: 640, height: 360 }));
    assert.ok(inProportion({ width: 848, height: 480 }, { width: 424, height: 240 }));
    assert.ok(!inProportion({ width: 640, height: 480 }, { width: 640, height: 352 }));
    assert.ok(!inProportion({ width: 640, height: 352 }, { width: 1280, height: 720 }));
  });

  it('decide the default step: as many pixels are looked at whatever the size', () => {
    const steps = [
      [320, 176],
      [640, 352],
      [640, 480],
      [1280, 720],
      [1920, 1080],
    ].map(([width, height]) => defaultStep({ width: width!, height: height! }));
    assert.deepEqual(steps, [1, 2, 2, 4, 6]);
  });
});
