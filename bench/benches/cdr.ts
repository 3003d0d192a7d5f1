import { hbmView, imageView } from '../../src/message/read/image-message.js';
import { nv12Frame } from '../../src/vision/picture/nv12-frame.js';
import { ImageWriter } from '../../src/message/write/image.js';
import type { Bench } from '../bench.js';
import { memcpyOf, noiseFrame } from '../material.js';

const WIDTH = 1920;
const HEIGHT = 1080;
const HEADER = { stamp: { sec: 1, nanosec: 2 }, frameId: 'camera' };
/** Capacity for pixels of an HbmMsg1080P. */
const HBM_ROOM = 6_220_800;

export const bench: Bench = {
  summary: 'camera messages of 1920x1080 to views on their pixels, beside a copy of the pixels',
  run: ({ measure }) => {
    const frame = noiseFrame(WIDTH, HEIGHT);
    const image = new ImageWriter().writeNv12(HEADER, frame).slice();
    const hbm = hbmMessage(frame.data);
    const yardsticks = [memcpyOf(frame.data.length)];
    return measure([
      {
        name: 'sensor_msgs/Image, nv12',
        run: () => nv12Frame(imageView(image).data, imageView(image)),
        yardsticks,
      },
      {
        name: 'hbm_img_msgs/HbmMsg1080P, nv12',
        run: () => nv12Frame(hbmView(hbm).data, hbmView(hbm)),
        yardsticks,
      },
    ]);
  },
};

/** As hbm_img_msgs/msg/HbmMsg1080P is laid out (src/message/read/image-message.ts). */
export function hbmMessage(pixels: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(4 + 40 + HBM_ROOM);
  const view = new DataView(bytes.buffer);
  bytes[1] = 1; // little-endian
  [0, 1, 2, HEIGHT, WIDTH, pixels.length, WIDTH].forEach((field, i) =>
    view.setUint32(4 + 4 * i, field, true),
  );
  bytes.set(Buffer.from('nv12'), 32);
  bytes.set(pixels, 44);
  return bytes;
}
