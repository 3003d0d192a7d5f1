import { MessageReader } from '@foxglove/rosmsg2-serialization';
import type { Instance, Mask, Segmentation } from '../../../src/vision/mask/segmentation.js';
import type { Outlines } from '../../../src/vision/mask/outlines.js';
import type { FrameHeader } from '../../../src/vision/picture/frame-source.js';
import { Labels } from '../../../src/message/write/labels.js';
import type { MessageType } from '../../../src/message/message-type.js';

export const HEADER: FrameHeader = { stamp: { sec: 1_700_000_000, nanosec: 123_456_789 }, frameId: 'camera' };

/** Names of one, two and three bytes a letter. */
export const LABELS = new Labels(['person', 'Möwe', '红绿灯', '']);

/** A mask drawn with # and anything else, a line for each row. */
export function mask(x: number, y: number, ...rows: string[]): Mask {
  const width = rows[0]?.length ?? 0;
  const data = Uint8Array.from([...rows.join('')].map((letter) => (letter === '#' ? 1 : 0)));
  return { x, y, width, height: rows.length, data };
}

/** Three instances on a grid of 8 x 6 for a picture of 16 x 12; the first two masks overlap, the third is empty. */
export const SEGMENTATION: Segmentation = {
  width: 16,
  height: 12,
  maskWidth: 8,
  maskHeight: 6,
  instances: [
    { classId: 1, score: 0.75, box: { x1: 1.5, y1: 2, x2: 8.25, y2: 6 }, mask: mask(1, 1, '.##', '###') },
    { classId: 2, score: 0.5, box: { x1: 4, y1: 2, x2: 16, y2: 12 }, mask: mask(2, 1, '##.', '#.#', '###') },
    { classId: 7, score: 0.25, box: { x1: 0, y1: 0, x2: 1, y2: 1 }, mask: mask(0, 0) },
  ],
};

/** Contours of instances as OutlineTracer gives them, from polygons whose corners are multiples of a half. */
export function outlinesOf(
  polygons: readonly (readonly { points: readonly number[]; hole: boolean }[])[],
): Outlines {
  const all = polygons.flat();
  const sums = (numbers: readonly number[]): Int32Array => {
    let sum = 0;
    return Int32Array.from(numbers, (number) => (sum += number));
  };
  return {
    points: Int32Array.from(
      all.flatMap(({ points }) => points),
      (at) => 2 * at,
    ),
    ...{ scaleX: 0.5, scaleY: 0.5 },
    ends: sums(all.map(({ points }) => points.length)),
    holes: Uint8Array.from(all, ({ hole }) => (hole ? 1 : 0)),
    instanceEnds: sums(polygons.map((list) => list.length)),
  };
}

/** The same with ids for the first two, the second beyond 32 bits, and tracks that are over. */
export const TRACKED: Segmentation = {
  ...SEGMENTATION,
  instances: SEGMENTATION.instances.map((instance, i) => ({
    ...instance,
    trackId: [17, 5_000_000_000, 0][i],
  })),
  ended: [
    { trackId: 3, classId: 1 },
    { trackId: 2 ** 53 - 1, classId: 7 },
  ],
};

export const EMPTY: Segmentation = { ...SEGMENTATION, instances: [] };

/** Twenty lobed blobs from 40 x 60 to 400 x 600 pixels in a 1080p picture, masks at source resolution. */
export function busyStreet(): Segmentation {
  const instances: Instance[] = [];
  for (let i = 0; i < 20; i++) {
    const width = 40 + ((i * 53) % 360);
    const height = 60 + ((i * 97) % 540);
    const x = (i * 331) % (1920 - width);
    const y = (i * 173) % (1080 - height);
    const box = { x1: x + 0.3, y1: y + 0.2, x2: x + width - 0.1, y2: y + height - 0.4 };
    instances.push({ classId: i % 3, score: 0.95 - i * 0.03, box, mask: blob(x, y, width, height) });
  }
  return { width: 1920, height: 1080, maskWidth: 1920, maskHeight: 1080, instances };
}

function blob(x: number, y: number, width: number, height: number): Mask {
  const data = new Uint8Array(width * height);
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      const dx = (2 * column + 1) / width - 1;
      const dy = (2 * row + 1) / height - 1;
      const radius = 0.8 + 0.15 * Math.sin(7 * Math.atan2(dy, dx));
      if (Math.hypot(dx, dy) < radius) data[row * width + column] = 1;
    }
  }
  return { x, y, width, height, data };
}

/** A message as another ROS 2 program reads it: with its own reader and the definition that bags carry. */
export function readBack<T>(type: MessageType, cdr: Uint8Array): T {
  return new MessageReader<T>([...type.definitions]).readMessage(cdr);
}

/** Bytes from commented hex: `#` begins a comment. */
export function hex(text: string): Uint8Array {
  return Buffer.from(text.replace(/#.*/g, '').replace(/\s/g, ''), 'hex');
}
