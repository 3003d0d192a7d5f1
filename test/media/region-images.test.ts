import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import sharp from 'sharp';
import { AS_TOLD, CameraImageReader } from '../../src/message/read/camera-image.js';
import { Letterbox } from '../../src/vision/picture/letterbox.js';
import { clipRegion } from '../../src/native/cut-out.js';
import { type Region } from '../../src/vision/picture/region.js';
import { addon } from '../../src/native/addon.js';
import { packedBytes } from '../native/frames.js';
import { cropOf, letterboxed } from '../native/reference.js';
import { frameOf, MODEL, sampleImage, throughNativeCamera } from './camera-images.js';

const ENCODINGS = addon()
  .imageEncodings()
  .map(({ name }) => name);
const YUV = ['nv12', 'nv21', 'i420', 'yv12', 'yuyv', 'uyvy'];
/** Even and odd, within the picture and beyond it. */
const REGIONS: readonly Region[] = [
  { x: 20, y: 10, width: 40, height: 36 },
  { x: 21, y: 11, width: 39, height: 35 },
  { x: 3, y: 5, width: 1, height: 1 },
  { x: 33, y: 21, width: 100, height: 100 },
  { x: 0, y: 0, width: 200, height: 8 },
];

describe('regions of images', () => {
  for (const encoding of ENCODINGS) {
    it(`of ${encoding} equal the region of the whole picture, in both transports, packed and padded, with and without kept pictures`, async () => {
      const sizes = [[100, 60], ...(YUV.includes(encoding) ? [] : [[91, 57]])] as [number, number][];
      for (const [width, height] of sizes) {
        const packed = sampleImage(encoding, { width, height });
        const padded = sampleImage(encoding, { width, height }, { stride: packed.image.step + 6 });
        for (const { image, nv12 } of [packed, padded]) {
          const whole = frameOf(nv12, width + (width % 2), height + (height % 2));
          for (const region of REGIONS) {
            const { part, warning } = clipRegion(region, { width, height });
            const crop = cropOf(whole, part);
            const cropped = frameOf(crop, part.width + (part.width % 2), part.height + (part.height % 2));
            const box = new Letterbox(cropped.width, cropped.height, MODEL.width, MODEL.height);
            const input = letterboxed(cropped, box, MODEL.width, MODEL.height);
            for (const keep of [false, true]) {
              const what = `${width}x${height}, ${JSON.stringify(region)}, ${keep}`;
              const reader = new CameraImageReader(1, AS_TOLD);
              reader.region = region;
              reader.keepsWhole = keep;
              const frame = reader.read(image);
              assert.deepEqual(packedBytes(frame), crop, what);
              assert.deepEqual(frame.picture ?? { width: frame.width, height: frame.height }, {
                ...{ width: part.width, height: part.height },
              });
              assert.deepEqual(
                [frame.cut!.x, frame.cut!.y, frame.cut!.picture, reader.warning],
                [part.x, part.y, { width, height }, warning],
              );
              if (keep || encoding === 'nv12') assert.deepEqual(packedBytes(frame.cut!.whole!), nv12, what);
              else assert.equal(frame.cut!.whole, undefined);

              const native = await throughNativeCamera(image, AS_TOLD, keep, region);
              assert.deepEqual(native.input, input, what);
              assert.deepEqual(native.frameInfo.part, part);
              assert.deepEqual([native.frameInfo.width, native.frameInfo.height], [width, height]);
              assert.equal(native.warning, warning);
              if (keep) assert.deepEqual(new Uint8Array(native.frameInfo.pixels!), nv12, what);
            }
          }
        }
      }
    });
  }

  it('need no copy of NV12, and convert only the region in other encodings', async () => {
    const region = { x: 20, y: 10, width: 40, height: 36 };
    const { image } = sampleImage('nv12', { width: 100, height: 60 });
    const reader = new CameraImageReader(1, AS_TOLD);
    reader.region = region;
    assert.equal(reader.read(image).data, image.data);
    const model = (MODEL.width * MODEL.height * 3) / 2;
    const seen = (region.width * region.height * 3) / 2;
    const counters = async (encoding: string): Promise<number[]> => {
      const { converted, pixelCopies, bytesRead, bytesWritten } = (
        await throughNativeCamera(
          sampleImage(encoding, { width: 100, height: 60 }).image,
          AS_TOLD,
          false,
          region,
        )
      ).counters;
      return [converted, pixelCopies, bytesRead, bytesWritten];
    };
    assert.deepEqual(await counters('nv12'), [0, 0, seen, model]);
    assert.deepEqual(await counters('bgr8'), [1, 0, 3 * region.width * region.height + seen, seen + model]);
  });

  it('outside the picture are refused with a reason by both transports, and the next frame is read', async () => {
    const { image, nv12 } = sampleImage('nv12', { width: 100, height: 60 });
    const region = { x: 100, y: 0, width: 10, height: 10 };
    const refused =
      /a region of interest with pixels of the 100x60 picture but received 100,0,10,10\. Set roi to a part of it/;
    for (const keep of [false, true]) {
      await assert.rejects(throughNativeCamera(image, AS_TOLD, keep, region), refused);
      for (const encoding of ['nv12', 'bgr8']) {
        const reader = new CameraImageReader(1, AS_TOLD);
        reader.region = region;
        reader.keepsWhole = keep;
        assert.throws(() => reader.read(sampleImage(encoding, { width: 100, height: 60 }).image), refused);
        reader.region = undefined;
        assert.deepEqual(packedBytes(reader.read(image)), nv12);
        assert.equal(reader.warning, undefined);
      }
    }
  });

  it('that exceed the picture cause a warning until they are changed; a warning about rows comes first', () => {
    const camera = addon().injectCamera();
    const { image } = sampleImage('nv12', { width: 100, height: 60 });
    const warning = (data = image.data): string | undefined => {
      camera.offer({ ...image, data, sec: 0, nanosec: 0, index: 0 });
      return camera.counters().warning?.expected;
    };
    camera.setRegion({ x: 0, y: 0, width: 101, height: 60 });
    assert.match(warning()!, /a region of interest within the 100x60 picture/);
    assert.match(warning(Uint8Array.of(...image.data, 0))!, /9000 bytes for a 100x60 nv12 image/);
    assert.match(warning()!, /a region of interest within/);
    camera.setRegion({ x: 0, y: 0, width: 100, height: 60 });
    assert.equal(camera.counters().warning, null);
    assert.equal(warning(), undefined);
    camera.close();
  });

  it('of compressed images equal the region of the whole picture', async () => {
    const file = await sharp(sampleImage('rgb8', { width: 61, height: 53 }).image.data, {
      raw: { width: 61, height: 53, channels: 3 },
    })
      .png()
      .toBuffer();
    const reader = new CameraImageReader(2);
    const whole = await reader.decompress(file);
    const region = { x: 30, y: 20, width: 100, height: 8 };
    reader.region = region;
    const frame = await reader.decompress(file);
    const { part } = clipRegion(region, { width: 61, height: 53 });
    assert.deepEqual(packedBytes(frame), cropOf(whole, part));
    assert.deepEqual([frame.width, frame.height, frame.picture], [32, 8, { width: 31, height: 8 }]);
    assert.match(reader.warning!, /Only 30,20,31,8 is used/);
    reader.region = { x: 61, y: 0, width: 1, height: 1 };
    await assert.rejects(reader.decompress(file), /a region of interest with pixels of the 61x53 picture/);
  });
});
