import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { ImageAnnotationsWriter } from '../../../src/message/write/image-annotations.js';
import { ColorBook } from '../../../src/vision/picture/color-book.js';
import { type MessageType, messageType } from '../../../src/message/message-type.js';
import { type ColoredBy, paletteColor } from '../../../src/vision/picture/palette.js';
import { EMPTY, HEADER, LABELS, readBack, SEGMENTATION, outlinesOf, TRACKED } from './samples.js';

interface ImageAnnotations {
  timestamp: unknown;
  circles: unknown[];
  points: {
    timestamp: unknown;
    type: number;
    points: { x: number; y: number }[];
    fill_color: { r: number; a: number };
    outline_color: object;
  }[];
  texts: { text: string; position: { x: number; y: number }; background_color: { r: number } }[];
}

describe('ImageAnnotationsWriter', () => {
  const triangle = { points: [1, 2, 3, 2, 2, 5], hole: false };
  const hole = { points: [1.5, 3, 2.5, 3, 2, 4], hole: true };
  const shares = (number: number): { r: number; g: number; b: number; a: number } => {
    const [r, g, b] = paletteColor(number).map((channel) => channel / 255) as [number, number, number];
    return { r, g, b, a: 1 };
  };
  const writerOf = (coloredBy: () => ColoredBy = () => 'auto', type?: MessageType): ImageAnnotationsWriter =>
    new ImageAnnotationsWriter(LABELS, coloredBy, new ColorBook(), type);

  it('writes outlines, holes, boxes and labels, best score last', () => {
    const writer = writerOf();
    const cdr = writer.write(HEADER, SEGMENTATION, outlinesOf([[triangle, hole], [triangle], []]));
    const message = readBack<ImageAnnotations>(writer.type, cdr);
    assert.deepEqual(message.timestamp, HEADER.stamp);
    assert.deepEqual(message.circles, []);
    assert.deepEqual(
      message.texts.map(({ text }) => text),
      ['7 0.25', '红绿灯 0.50', 'Möwe 0.75'],
    );
    assert.deepEqual(message.texts[2]!.position, { x: 1.5, y: 2 });
    assert.deepEqual(message.texts[2]!.background_color, shares(1));
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
    const writer = writerOf();
    const { texts } = readBack<ImageAnnotations>(writer.type, writer.write(HEADER, TRACKED));
    assert.deepEqual(
      texts.map(({ text }) => text),
      ['7 0.25', '红绿灯 #5000000000 0.50', 'Möwe #17 0.75'],
    );
    assert.deepEqual(
      texts.map(({ background_color: color }) => color),
      [7, 5_000_000_000, 17].map(shares),
    );
  });

  it('colors by class or by instance, as the overlay does', () => {
    let coloredBy: ColoredBy = 'class';
    const writer = writerOf(() => coloredBy);
    const colors = (): unknown[] => {
      const { texts, points } = readBack<ImageAnnotations>(writer.type, writer.write(HEADER, TRACKED));
      const plates = texts.map(({ background_color: color }) => color);
      assert.deepEqual(
        points.map(({ outline_color: color }) => color),
        plates,
      );
      return plates;
    };
    const classes = TRACKED.instances.map(({ classId }) => classId).reverse();
    assert.deepEqual(colors(), classes.map(shares));
    coloredBy = 'instance';
    assert.deepEqual(colors(), [2, 5_000_000_000, 17].map(shares));
  });

  it('clears the drawing for a picture without instances', () => {
    const writer = writerOf();
    const message = readBack<ImageAnnotations>(writer.type, writer.write(HEADER, EMPTY));
    assert.deepEqual([message.circles, message.texts], [[], []]);
    // Of no points: it has the stamp, for panels that synchronize.
    const { points, type, timestamp } = message.points[0]!;
    assert.deepEqual([message.points.length, points, type, timestamp], [1, [], 1, HEADER.stamp]);
  });

  it('writes the layout of foxglove_msgs before 3.2.6 if that is installed', () => {
    const before = messageType('foxglove_msgs/ImageAnnotations', (type) => {
      const text = messageType(type).definition.split('\n=')[0]!;
      const withoutMetadata = text.replace(/^foxglove_msgs\/KeyValuePair.*\n/gm, '');
      return type === 'foxglove_msgs/ImageAnnotations'
        ? withoutMetadata.replace(/^.* timestamp\n/, '')
        : withoutMetadata;
    });
    const writer = writerOf(undefined, before);
    const message = readBack<ImageAnnotations>(
      before,
      writer.write(HEADER, SEGMENTATION, outlinesOf([[triangle], [], []])),
    );
    assert.deepEqual(Object.keys(message), ['circles', 'points', 'texts']);
    assert.equal(message.points.length, 4);
    assert.equal(message.texts[2]!.text, 'Möwe 0.75');
  });
});
