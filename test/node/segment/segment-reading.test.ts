import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { hbmView, imageView } from '../../../src/message/read/image-message.js';
import { HBM_OFFSETS, HbmImageWriter } from '../../../src/message/write/hbm-image.js';
import { ImageWriter } from '../../../src/message/write/image.js';
import { nv12Frame } from '../../../src/vision/picture/nv12-frame.js';
import { SegmentNode } from '../../../src/node/segment/segment-node.js';
import { HEADER } from '../../message/write/samples.js';
import { FakeRos } from '../fake-ros.js';

const WIDTH = 64;
const HEIGHT = 48;
/** Of every pixel; what pads the rows is white. */
const LUMA = 100;

/** An HbmMsg480P of NV12 with padded rows and columns, of which it tells nothing but its size. */
function paddedHbm(step: number, rows: number): Uint8Array {
  const size = (step * rows * 3) / 2;
  const packed = nv12Frame(new Uint8Array((WIDTH * HEIGHT * 3) / 2).fill(128), {
    width: WIDTH,
    height: HEIGHT,
  });
  const cdr = new HbmImageWriter('HbmMsg480P').writeNv12({ index: 7, stamp: HEADER.stamp }, packed).slice();
  const { data } = HBM_OFFSETS;
  new DataView(cdr.buffer).setUint32(HBM_OFFSETS.dataSize, size, true);
  cdr.fill(255, data, data + size);
  for (let y = 0; y < HEIGHT; y++) cdr.fill(LUMA, data + y * step, data + y * step + WIDTH);
  for (let y = 0; y < HEIGHT / 2; y++) {
    const row = data + step * (rows + y);
    cdr.fill(128, row, row + WIDTH);
  }
  assert.equal(hbmView(cdr).data.length, size);
  return cdr;
}

describe('SegmentNode', () => {
  it("reads each camera's images as image_step, image_rows and mono16_max say", async () => {
    const images = ['front', 'rear', 'depth'];
    const ros = new FakeRos({
      ...{ images, image_type: 'auto', image_step: [80, 96, 0], image_rows: [50, 52, 0], mono16_max: 200 },
      ...{ camera_transport: 'rclnodejs', score: 1, autostart: true, threads: 1 },
    });
    ros.subscriptions = () => 1;
    const overlays = new Map<string, Uint8Array>();
    let complete!: () => void;
    const all = new Promise<void>((resolve) => (complete = resolve));
    ros.onPublish = (topic, cdr) => {
      if (!topic.endsWith('/overlay')) return;
      overlays.set(topic, imageView(cdr).data.slice());
      if (overlays.size === images.length) complete();
    };
    ros.typeOf = (topic) => (topic === '/depth' ? 'sensor_msgs/msg/Image' : 'hbm_img_msgs/msg/HbmMsg480P');
    ros.publishers = [{ type: '' }];
    const node = new SegmentNode(ros.node);
    await node.start();
    try {
      ros.deliver(paddedHbm(80, 50), '/front');
      ros.deliver(paddedHbm(96, 52), '/rear');
      const depth = new Uint8Array(Uint16Array.from({ length: WIDTH * HEIGHT }, () => 80).buffer);
      const layout = { width: WIDTH, height: HEIGHT, encoding: 'mono16', step: 2 * WIDTH };
      ros.deliver(new ImageWriter().write(HEADER, layout, depth).slice(), '/depth');
      await all;
    } finally {
      await node.end();
    }
    // 80 of 200 is 102 of 255.
    for (const [camera, value] of [
      ['front', LUMA],
      ['rear', LUMA],
      ['depth', 102],
    ] as const) {
      const pixels = overlays.get(`~/${camera}/overlay`)!;
      assert.equal(pixels.length, 3 * WIDTH * HEIGHT);
      assert.deepEqual([...new Set(pixels)], [value], camera);
    }
  });
});
