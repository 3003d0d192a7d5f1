import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { CdrEncoder, cdrText } from '../../../src/message/write/cdr-encoder.js';
import { CameraInfoWriter } from '../../../src/message/write/camera-info.js';
import { messageType } from '../../../src/message/message-type.js';
import { readCameraInfo } from '../../../src/message/read/camera-info.js';
import { readTransforms } from '../../../src/message/read/tf-message.js';

const HEADER = { stamp: { sec: 5, nanosec: 6 }, frameId: 'left' };
const header = { stamp: HEADER.stamp, frame_id: cdrText('left') };
const encoder = new CdrEncoder<object>(messageType('sensor_msgs/CameraInfo'));
const K = [400, 0, 320, 0, 401, 176, 0, 0, 1];

function info(k: readonly number[], p: readonly number[], d: readonly number[] = []): Uint8Array {
  return encoder.write({ header, width: 640, height: 352, distortion_model: cdrText('plumb_bob'), d, k, p });
}

describe('readCameraInfo', () => {
  it('reads the intrinsics of the rectified picture from P, else K', () => {
    const p = [300, 0, 310, 0, 0, 301, 170, 0, 0, 0, 1, 0];
    const { intrinsics, distorted, ...rest } = readCameraInfo(info(K, p, [0.1, 0, 0, 0, 0]));
    assert.deepEqual(rest, HEADER);
    assert.deepEqual(intrinsics, { width: 640, height: 352, fx: 300, fy: 301, cx: 310, cy: 170 });
    assert.equal(distorted, true);
    const raw = readCameraInfo(info(K, new Array<number>(12).fill(0), [0, 0]));
    assert.deepEqual(raw.intrinsics, { width: 640, height: 352, fx: 400, fy: 401, cx: 320, cy: 176 });
    assert.equal(raw.distorted, false);
  });

  it('reads what CameraInfoWriter writes', () => {
    const intrinsics = { width: 640, height: 352, fx: 512, fy: 510, cx: 319.5, cy: 175.5 };
    assert.deepEqual(readCameraInfo(new CameraInfoWriter().write(HEADER, intrinsics)), {
      ...HEADER,
      intrinsics,
      distorted: false,
    });
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
