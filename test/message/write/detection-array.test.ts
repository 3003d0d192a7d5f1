import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { DetectionArrayWriter } from '../../../src/message/write/detection-array.js';
import { EMPTY, HEADER, LABELS, readBack, SEGMENTATION, TRACKED } from './samples.js';

interface Detection2DArray {
  header: unknown;
  detections: {
    header: unknown;
    results: { hypothesis: unknown; pose: unknown }[];
    bbox: unknown;
    id: string;
  }[];
}

describe('DetectionArrayWriter', () => {
  const writer = new DetectionArrayWriter(LABELS);
  const header = { stamp: HEADER.stamp, frame_id: 'camera' };

  it('writes center, size, class name and score, and the header into each detection', () => {
    const message = readBack<Detection2DArray>(writer.type, writer.write(HEADER, SEGMENTATION));
    assert.deepEqual(message.header, header);
    assert.equal(message.detections.length, 3);
    const first = message.detections[0]!;
    assert.deepEqual(first.header, header);
    assert.equal(first.id, '');
    assert.deepEqual(first.bbox, {
      center: { position: { x: 4.875, y: 4 }, theta: 0 },
      size_x: 6.75,
      size_y: 4,
    });
    assert.deepEqual(first.results, [
      {
        hypothesis: { class_id: 'Möwe', score: 0.75 },
        pose: {
          // The defaults of geometry_msgs: a valid orientation.
          pose: { position: { x: 0, y: 0, z: 0 }, orientation: { x: 0, y: 0, z: 0, w: 1 } },
          covariance: new Float64Array(36),
        },
      },
    ]);
    assert.deepEqual(message.detections[2]!.results[0]!.hypothesis, { class_id: '7', score: 0.25 });
  });

  it('writes the ids of tracked objects', () => {
    const message = readBack<Detection2DArray>(writer.type, writer.write(HEADER, TRACKED));
    assert.deepEqual(
      message.detections.map(({ id }) => id),
      ['17', '5000000000', ''],
    );
  });

  it('writes a message for a picture without instances', () => {
    const message = readBack<Detection2DArray>(writer.type, writer.write(HEADER, EMPTY));
    assert.deepEqual(message, { header, detections: [] });
  });
});
