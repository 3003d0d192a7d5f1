import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { ImageAnnotationsWriter } from '../../../src/message/write/image-annotations.js';
import type { Colored } from '../../../src/vision/picture/color-book.js';
import type { Rgb } from '../../../src/vision/picture/palette.js';
import { messageType } from '../../../src/message/message-type.js';
import { EMPTY, HEADER, LABELS, readBack, SEGMENTATION, outlinesOf, TRACKED } from './samples.js';

interface ImageAnnotations {
  timestamp: unknown;
  circles: unknown[];
  points: { type: number; points: { x: number; y: number }[]; fill_color: { r: number; a: number } }[];
  texts: { text: string; position: { x: number; y: number }; background_color: { r: number } }[];
}

describe('ImageAnnotationsWriter', () => {
  const triangle = { points: [1, 2, 3, 2, 2, 5], hole: false };
  const hole = { points: [1.5, 3, 2.5, 3, 2, 4], hole: true };
  const color = {
    colors: (_by: unknown, instances: readonly Colored[]): Rgb[] =>
      instances.map(({ classId, trackId }) => [51 * (trackId || classId), 102, 255]),
  };

  it('writes outlines, holes, boxes and labels, best score last', () => {
    const writer = new ImageAnnotationsWriter(LABELS, color);
    const cdr = writer.write(HEADER, SEGMENTATION, outlinesOf([[triangle, hole], [triangle], []]));
    const message = readBack<ImageAnnotations>(writer.type, cdr);
    assert.deepEqual(message.timestamp, HEADER.stamp);
    assert.deepEqual(message.circles, []);
    assert.deepEqual(
      message.texts.map(({ text }) => text),
      ['7 0.25', '红绿灯 0.50', 'Möwe 0.75'],
    );
    assert.deepEqual(message.texts[2]!.position, { x: 1.5, y: 2 });
    assert.deepEqual(message.texts[2]!.background_color, { r: 0.2, g: 0.4, b: 1, a: 1 });
    // Box of the third; outline and box of the second; outline, hole and box of the first.
    assert.deepEqual(
      message.points.map(({ points, type, fill_color: fill }) => [points.length, type, fill.a]),
      [
        [4, 2, 0],
        [3, 2, 0.35],
        [4, 2, 0],
        [3, 2, 0.35],
        [3, 2, 0],
        [4, 2, 0],
      ],
    );
    assert.deepEqual(message.points[3]!.points, [
      { x: 1, y: 2 },
      { x: 3, y: 2 },
      { x: 2, y: 5 },
    ]);
    assert.deepEqual(message.points[5]!.points, [
      { x: 1.5, y: 2 },
      { x: 8.25, y: 2 },
      { x: 8.25, y: 6 },
      { x: 1.5, y: 6 },
    ]);
  });

  it('writes ids of tracked objects, whose color is their own', () => {
    const writer = new ImageAnnotationsWriter(LABELS, color);
    const { texts } = readBack<ImageAnnotations>(writer.type, writer.write(HEADER, TRACKED));
    assert.deepEqual(
      texts.map(({ text }) => text),
      ['7 0.25', '红绿灯 #5000000000 0.50', 'Möwe #17 0.75'],
    );
    assert.deepEqual(
      texts.map(({ background_color: { r } }) => Math.round(255 * r)),
      [7 * 51, 5_000_000_000 * 51, 17 * 51],
    );
  });

  it('clears the drawing of a picture without instances', () => {
    const writer = new ImageAnnotationsWriter(LABELS, color);
    const message = readBack<ImageAnnotations>(writer.type, writer.write(HEADER, EMPTY));
    assert.deepEqual([message.points, message.texts], [[], []]);
  });

  it('writes the layout of foxglove_msgs before 3.2.6 where that is installed', () => {
    const before = messageType('foxglove_msgs/ImageAnnotations', (type) => {
      const text = messageType(type).definition.split('\n=')[0]!;
      const withoutMetadata = text.replace(/^foxglove_msgs\/KeyValuePair.*\n/gm, '');
      return type === 'foxglove_msgs/ImageAnnotations'
        ? withoutMetadata.replace(/^.* timestamp\n/, '')
        : withoutMetadata;
    });
    const writer = new ImageAnnotationsWriter(LABELS, color, before);
    const message = readBack<ImageAnnotations>(
      before,
      writer.write(HEADER, SEGMENTATION, outlinesOf([[triangle], [], []])),
    );
    assert.deepEqual(Object.keys(message), ['circles', 'points', 'texts']);
    assert.equal(message.points.length, 4);
    assert.equal(message.texts[2]!.text, 'Möwe 0.75');
  });
});
