import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { CdrEncoder, cdrText } from '../../../src/message/write/cdr-encoder.js';
import { CameraInfoWriter } from '../../../src/message/write/camera-info.js';
import { messageType } from '../../../src/message/message-type.js';
import { cameraOf, readCameraInfo } from '../../../src/message/read/camera-info.js';
import { readTransforms } from '../../../src/message/read/tf-message.js';

const HEADER = { stamp: { sec: 5, nanosec: 6 }, frameId: 'left' };
const header = { stamp: HEADER.stamp, frame_id: cdrText('left') };
const encoder = new CdrEncoder<object>(messageType('sensor_msgs/CameraInfo'));
const K = [400, 0, 320, 0, 401, 176, 0, 0, 1];

const ZEROS = new Array<number>(12).fill(0);

function info(
  k: readonly number[],
  p: readonly number[],
  d: readonly number[] = [],
  model = 'plumb_bob',
  more: object = {},
): Uint8Array {
  return encoder.write({
    header,
    width: 640,
    height: 352,
    distortion_model: cdrText(model),
    d,
    k,
    p,
    ...more,
  });
}

describe('readCameraInfo', () => {
  it('reads the intrinsics of the rectified picture from P, else K', () => {
    const p = [300, 0, 310, 0, 0, 301, 170, 0, 0, 0, 1, 0];
    const { intrinsics, stamp, frameId } = readCameraInfo(info(K, p));
    assert.deepEqual({ stamp, frameId }, HEADER);
    assert.deepEqual(intrinsics, { width: 640, height: 352, fx: 300, fy: 301, cx: 310, cy: 170 });
    const raw = readCameraInfo(info(K, ZEROS, [0, 0]));
    assert.deepEqual(raw.intrinsics, { width: 640, height: 352, fx: 400, fy: 401, cx: 320, cy: 176 });
  });

  it('takes K and D for raw pictures, P for those whose topic names them rectified, and what it is told', () => {
    const p = [300, 0, 310, 0, 0, 301, 170, 0, 0, 0, 1, 0];
    const found = readCameraInfo(info(K, p, [0.1, 0.2, 0.3, 0.4, 0.5]));
    const lens = { k1: 0.1, k2: 0.2, p1: 0.3, p2: 0.4, k3: 0.5, k4: 0, k5: 0, k6: 0 };
    const raw = { width: 640, height: 352, fx: 400, fy: 401, cx: 320, cy: 176, distortion: lens };
    for (const topic of ['/camera/color/image_raw', '/image', '/correct/image', '/direct/image_raw'])
      assert.deepEqual(cameraOf(found, topic, 'auto'), raw, topic);
    for (const topic of [
      '/camera/depth/image_rect_raw',
      '/image_rect',
      '/StereoNetNode/stereonet_depth',
      '/a/rectify_left_image',
    ])
      assert.equal(cameraOf(found, topic, 'auto').fx, 300, topic);
    assert.deepEqual(cameraOf(found, '/image_rect', 'apply'), raw);
    assert.equal(cameraOf(found, '/image', 'ignore').fx, 300);
    // Without a distortion, P and K speak of the same picture.
    assert.equal(cameraOf(readCameraInfo(info(K, p, [0, 0, 0, 0, 0])), '/image', 'auto').fx, 300);
  });

  it('takes rational polynomials, and models without a name by their coefficients', () => {
    const d = [1, 2, 3, 4, 5, 6, 7, 8].map((value) => value / 100);
    const lens = { k1: 0.01, k2: 0.02, p1: 0.03, p2: 0.04, k3: 0.05, k4: 0.06, k5: 0.07, k6: 0.08 };
    // Drivers write eight of them under the name plumb_bob, too (PhoXi's); image_geometry goes by their number.
    for (const model of ['rational_polynomial', 'plumb_bob', '']) {
      const found = readCameraInfo(info(K, ZEROS, [...d, 0, 0, 0, 0], model));
      assert.deepEqual(cameraOf(found, '/image', 'auto').distortion, lens);
    }
  });

  it('refuses raw pictures of a distortion that it does not know, with the way out; rectified ones are of use', () => {
    for (const [model, d] of [
      ['equidistant', [0.1, 0, 0, 0]],
      ['plumb_bob', [0, 0, 0, 0, 0, 0, 0, 0, 0.1]],
      ['rational_polynomial', [0, 0, 0, 0, 0, 0, 0, 0, 0.1]],
      ['plumb_bob', [NaN]],
    ] as const) {
      const found = readCameraInfo(info(K, ZEROS, d, model));
      assert.throws(
        () => cameraOf(found, '/color/image_raw', 'auto'),
        /^ExpectationError: Expected a distortion of the model plumb_bob or rational_polynomial, at most 8 numbers, in the CameraInfo of \/color\/image_raw but received (equidistant|plumb_bob|rational_polynomial) with D = .*set depth_distortion to ignore/,
      );
      assert.equal(cameraOf(found, '/color/image_rect', 'auto').fx, 400);
      assert.equal(cameraOf(found, '/color/image_raw', 'ignore').fx, 400);
    }
  });

  it('takes the part of the picture that roi and binning say, raw and rectified', () => {
    const p = [300, 0, 310, 0, 0, 301, 170, 0, 0, 0, 1, 0];
    const roi = { x_offset: 100, y_offset: 50, width: 400, height: 200, do_rectify: true };
    const part = readCameraInfo(info(K, p, [0.1], 'plumb_bob', { roi }));
    assert.deepEqual(part.intrinsics, { width: 400, height: 200, fx: 300, fy: 301, cx: 210, cy: 120 });
    const { distortion, ...raw } = part.raw!;
    assert.deepEqual(raw, { width: 400, height: 200, fx: 400, fy: 401, cx: 220, cy: 126 });
    assert.equal(distortion?.k1, 0.1);
    // The first of two columns that make a pixel has its center at -0.25 of that pixel.
    const binned = readCameraInfo(info(K, p, [], '', { roi, binning_x: 2, binning_y: 4 })).intrinsics;
    assert.deepEqual(binned, { width: 200, height: 50, fx: 150, fy: 75.25, cx: 104.75, cy: 29.625 });
    // A point that the full picture shows in column 310.5 and row 171.5 lies between columns 310 and 311: on 105.25 - 0.25.
    const column = (310.5 - 310) / 300;
    assert.equal(column * binned.fx + binned.cx, 105);
    const whole = { x_offset: 0, y_offset: 0, width: 0, height: 0, do_rectify: false };
    const full = readCameraInfo(info(K, p, [], '', { roi: whole, binning_x: 1, binning_y: 0 })).intrinsics;
    assert.deepEqual(full, { width: 640, height: 352, fx: 300, fy: 301, cx: 310, cy: 170 });
  });

  it('refuses a roi beyond the picture, by its name', () => {
    const wrong = { x_offset: 300, y_offset: 0, width: 400, height: 200 };
    assert.throws(
      () => readCameraInfo(info(K, ZEROS, [], '', { roi: wrong })),
      /roi and binning of a CameraInfo to leave a part of its 640x352 pixels but received roi 400x200 at 300, 0/,
    );
    const outside = { x_offset: 0, y_offset: 352, width: 0, height: 0 };
    assert.throws(
      () => readCameraInfo(info(K, ZEROS, [], '', { roi: outside })),
      /received roi 640x0 at 0, 352/,
    );
    assert.throws(() => readCameraInfo(info(K, ZEROS, [], '', { binning_x: 1000 })), /binning 1000x1/);
  });

  it('refuses raw pictures of a stereo camera that R turns, by its name; rectified ones are of use', () => {
    const [c, s] = [Math.cos(0.01), Math.sin(0.01)];
    const r = [c, 0, s, 0, 1, 0, -s, 0, c];
    const p = [300, 0, 310, 0, 0, 301, 170, 0, 0, 0, 1, 0];
    for (const d of [[], [0.1, 0.2, 0, 0, 0]]) {
      const found = readCameraInfo(info(K, p, d, 'plumb_bob', { r }));
      assert.throws(
        () => cameraOf(found, '/left/image_raw', 'auto'),
        /^ExpectationError: Expected R of the CameraInfo of \/left\/image_raw to be the identity.*received R = \[0.99995, 0, 0.0099998.*depth_distortion to ignore/,
      );
      assert.throws(() => cameraOf(found, '/left/image_rect', 'apply'), /R of the CameraInfo/);
      assert.equal(cameraOf(found, '/left/image_rect', 'auto').fx, 300);
      assert.equal(cameraOf(found, '/left/image_raw', 'ignore').fx, 300);
    }
    const identity = [1, 0, 0, 0, 1, 1e-5, 0, 0, 1];
    assert.equal(cameraOf(readCameraInfo(info(K, p, [], '', { r: identity })), '/image', 'auto').fx, 300);
    const broken = readCameraInfo(info(K, p, [], '', { r: [NaN, 0, 0, 0, 1, 0, 0, 0, 1] }));
    assert.throws(() => cameraOf(broken, '/image', 'auto'), /R of the CameraInfo/);
  });

  it('reads what CameraInfoWriter writes', () => {
    const intrinsics = { width: 640, height: 352, fx: 512, fy: 510, cx: 319.5, cy: 175.5 };
    const { distortion, ...found } = readCameraInfo(new CameraInfoWriter().write(HEADER, intrinsics));
    assert.deepEqual(found, { ...HEADER, intrinsics, raw: intrinsics });
    assert.equal(typeof distortion, 'string');
  });

  it('refuses cameras that are not calibrated, and other messages', () => {
    const zeros = new Array<number>(12).fill(0);
    assert.throws(
      () => readCameraInfo(info(zeros.slice(3), zeros)),
      /calibrated camera.*received fx 0 and fy 0/,
    );
    assert.throws(() => readCameraInfo(info([NaN, ...K.slice(1)], zeros)), /calibrated camera/);
    assert.throws(() => readCameraInfo(info(K, zeros, new Array<number>(100).fill(1))), /coefficients/);
    assert.throws(() => readCameraInfo(info(K, zeros).slice(0, 200)), /truncated/);
  });
});

describe('readTransforms', () => {
  const type = messageType('tf2_msgs/TFMessage');
  const transform = (child: string, x: number): object => ({
    ...{ header, child_frame_id: cdrText(child) },
    transform: { translation: { x, y: 2, z: 3 }, rotation: { x: 0.1, y: 0.2, z: 0.3, w: 0.9 } },
  });

  it('reads each transform with its frames and stamp', () => {
    const cdr = new CdrEncoder<object>(type).write({
      transforms: [transform('a', 1), transform('longer_name', -1)],
    });
    const pose = { x: 1, y: 2, z: 3, qx: 0.1, qy: 0.2, qz: 0.3, qw: 0.9 };
    assert.deepEqual(readTransforms(cdr), [
      { ...HEADER, childFrameId: 'a', pose },
      { ...HEADER, childFrameId: 'longer_name', pose: { ...pose, x: -1 } },
    ]);
  });

  it('refuses truncated messages and implausible ones', () => {
    const cdr = new CdrEncoder<object>(type).write({ transforms: [transform('a', 1)] });
    assert.throws(() => readTransforms(cdr.slice(0, 60)), /truncated/);
    assert.throws(
      () => readTransforms(Uint8Array.of(0, 1, 0, 0, 255, 255, 255, 127)),
      /at most 10000 transforms/,
    );
  });
});
