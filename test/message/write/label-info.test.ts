import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { LabelInfoWriter } from '../../../src/message/write/label-info.js';
import { HEADER, LABELS, readBack } from './samples.js';

describe('LabelInfoWriter', () => {
  it('writes every class with its number, including unnamed ones', () => {
    const writer = new LabelInfoWriter();
    assert.deepEqual(readBack(writer.type, writer.write(HEADER, LABELS, 0.25)), {
      header: { stamp: HEADER.stamp, frame_id: 'camera' },
      class_map: [
        { class_id: 0, class_name: 'person' },
        { class_id: 1, class_name: 'Möwe' },
        { class_id: 2, class_name: '红绿灯' },
        { class_id: 3, class_name: '3' },
      ],
      threshold: 0.25,
    });
  });

  it('lists only the requested classes', () => {
    const writer = new LabelInfoWriter();
    const message = readBack<{ class_map: unknown }>(
      writer.type,
      writer.write(HEADER, LABELS, 0.25, [2, 0, 2]),
    );
    assert.deepEqual(message.class_map, [
      { class_id: 0, class_name: 'person' },
      { class_id: 2, class_name: '红绿灯' },
    ]);
  });
});
