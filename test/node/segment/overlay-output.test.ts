import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import sharp from 'sharp';
import { nv12ToRgb } from '../../../src/native/convert.js';
import { compressedImageView, imageView } from '../../../src/message/read/image-message.js';
import { type Nv12Frame, nv12Frame, nv12Size } from '../../../src/vision/picture/nv12-frame.js';
import { OverlayOutput } from '../../../src/node/segment/overlay-output.js';
import type { RawPublisher } from '../../../src/node/ros/ros-node.js';
import { EMPTY, HEADER } from '../../message/write/samples.js';

/** Of each channel, from pixel to pixel on average, what JPEG may change of a smooth picture. */
const JPEG_LOSS = 3;

function unexpected(error: unknown): void {
  throw error;
}

/** A publisher that somebody looks at, and what it published. */
function viewer(looks: boolean): { publisher: RawPublisher; published: Uint8Array[] } {
  const published: Uint8Array[] = [];
  const publisher = {
    subscriptions: looks ? 1 : 0,
    publish: (cdr: Uint8Array) => void published.push(cdr.slice()),
  } as unknown as RawPublisher;
  return { publisher, published };
}

/** A smooth gray, `shade` lighter in each turn; a picture of odd size lies in a frame of even size. */
function frameOf(width: number, height: number, shade = 0): Nv12Frame {
  const [evenWidth, evenHeight] = [width + (width % 2), height + (height % 2)];
  const data = new Uint8Array(nv12Size(evenWidth, evenHeight)).fill(128);
  for (let y = 0; y < evenHeight; y++)
    for (let x = 0; x < evenWidth; x++) data[y * evenWidth + x] = 20 + x + y + shade;
  const frame = nv12Frame(data, { width: evenWidth, height: evenHeight });
  return evenWidth === width && evenHeight === height ? frame : { ...frame, picture: { width, height } };
}

/** The picture's pixels, rgb8, taken from the frame's one by one. */
function pixelsOf(frame: Nv12Frame, width: number, height: number): Uint8Array {
  const whole = nv12ToRgb(frame, 'full');
  const rows = Array.from({ length: height }, (_, y) =>
    whole.subarray(3 * y * frame.width, 3 * (y * frame.width + width)),
  );
  return Uint8Array.from(Buffer.concat(rows));
}

async function loss(jpeg: Uint8Array, wanted: Uint8Array): Promise<number> {
  const got = await sharp(jpeg).toColorspace('srgb').removeAlpha().raw().toBuffer();
  assert.equal(got.length, wanted.length);
  return got.reduce((sum, value, at) => sum + Math.abs(value - wanted[at]!), 0) / wanted.length;
}

describe('OverlayOutput', () => {
  for (const [width, height] of [
    [64, 48],
    [61, 53],
    [61, 48],
    [64, 53],
  ] as const) {
    for (const [looked, raw, jpeg] of [
      ['raw', true, false],
      ['JPEG', false, true],
      ['raw and JPEG', true, true],
    ] as const) {
      it(`publishes ${looked} pictures of ${width}x${height}, each of its own frame`, async () => {
        const [rgb, compressed] = [viewer(raw), viewer(jpeg)];
        const output = new OverlayOutput(rgb.publisher, compressed.publisher, 'full', unexpected);
        output.setOptions({ labels: [] }, 95);
        assert.equal(output.wanted, true);
        const frames = [0, 40, 80].map((shade) => frameOf(width, height, shade));
        for (const frame of frames) output.publish(HEADER, frame, { ...EMPTY, width, height });
        await output.idle();
        // Memory is used again then.
        output.publish(HEADER, frames[0]!, { ...EMPTY, width, height });
        await output.idle();
        const wanted = [...frames, frames[0]!].map((frame) => pixelsOf(frame, width, height));
        assert.equal(rgb.published.length, raw ? wanted.length : 0);
        for (const [at, cdr] of rgb.published.entries()) {
          const image = imageView(cdr);
          assert.deepEqual(
            [image.width, image.height, image.step, image.encoding, image.frameId, image.stamp],
            [width, height, 3 * width, 'rgb8', HEADER.frameId, HEADER.stamp],
          );
          assert.ok(Buffer.from(image.data).equals(wanted[at]!), `picture ${at}`);
        }
        assert.equal(compressed.published.length, jpeg ? wanted.length : 0);
        for (const [at, cdr] of compressed.published.entries()) {
          const { data, frameId, stamp } = compressedImageView(cdr);
          assert.deepEqual([frameId, stamp], [HEADER.frameId, HEADER.stamp]);
          const { width: jpegWidth, height: jpegHeight } = await sharp(data).metadata();
          assert.deepEqual([jpegWidth, jpegHeight], [width, height]);
          assert.ok((await loss(data, wanted[at]!)) < JPEG_LOSS, `JPEG ${at}`);
        }
      });
    }
  }

  it('drops and counts JPEG while three are being encoded; raw continues', async () => {
    const [rgb, compressed] = [viewer(true), viewer(true)];
    const output = new OverlayOutput(rgb.publisher, compressed.publisher, 'full', unexpected);
    for (let sec = 0; sec < 5; sec++) {
      output.publish({ ...HEADER, stamp: { sec, nanosec: 0 } }, frameOf(61, 53), {
        ...EMPTY,
        ...{ width: 61, height: 53 },
      });
    }
    assert.equal(output.skipped, 2);
    await output.idle();
    assert.equal(rgb.published.length, 5);
    assert.deepEqual(
      compressed.published.map((cdr) => compressedImageView(cdr).stamp.sec),
      [0, 1, 2],
    );
  });

  it('reports overlays that could not be published, and continues', async () => {
    const errors: unknown[] = [];
    let works = false;
    const published: Uint8Array[] = [];
    const publisher = {
      subscriptions: 1,
      publish: (cdr: Uint8Array) => {
        if (!works) throw new Error('the topic is gone');
        published.push(cdr.slice());
      },
    } as unknown as RawPublisher;
    const output = new OverlayOutput(undefined, publisher, 'full', (error) => errors.push(error));
    const segmentation = { ...EMPTY, width: 61, height: 53 };
    output.publish(HEADER, frameOf(61, 53), segmentation);
    await output.idle();
    works = true;
    output.publish(HEADER, frameOf(61, 53), segmentation);
    await output.idle();
    assert.deepEqual([String(errors), published.length], ['Error: the topic is gone', 1]);
  });

  it('does nothing without a subscriber', async () => {
    const [rgb, compressed] = [viewer(false), viewer(false)];
    const output = new OverlayOutput(rgb.publisher, compressed.publisher, 'full', unexpected);
    output.publish(HEADER, frameOf(61, 53), { ...EMPTY, width: 61, height: 53 });
    await output.idle();
    assert.deepEqual(
      [output.wanted, rgb.published, compressed.published, output.skipped],
      [false, [], [], 0],
    );
  });
});
