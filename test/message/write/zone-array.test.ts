import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { messageType } from '../../../src/message/message-type.js';
import { ZoneArrayWriter } from '../../../src/message/write/zone-array.js';
import { HEADER, LABELS, readBack, SEGMENTATION } from './samples.js';

describe('ZoneArrayWriter', () => {
  const classes = [
    { classId: 1, present: 2, entered: 5_000_000_000, left: 3, meanDwell: 1.5, longestStay: 4.25 },
    { classId: 0, present: 0, entered: 1, left: 1, meanDwell: 0, longestStay: 0 },
  ];
  const found = {
    ...SEGMENTATION,
    zones: [
      { name: 'door', kind: 'zone', corners: [0, 0, 1, 0, 1, 1], classes },
      { name: 'gate', kind: 'line', corners: [0, 0, 1, 1], classes: [] },
    ],
    zoneEvents: [
      { zone: 'gate', type: 'entered', trackId: 7, classId: 1, dwell: 0 },
      { zone: 'door', type: 'left', trackId: 5_000_000_001, classId: 0, dwell: 2.5 },
    ],
  } as const;

  it('writes the counts of each zone, by class, and its events', () => {
    const writer = new ZoneArrayWriter(LABELS);
    const count = (i: number, name: string): object => {
      const { present, entered, left, meanDwell, longestStay, classId } = classes[i]!;
      return {
        ...{ class_id: classId, class_name: name, present, entered: BigInt(entered), left: BigInt(left) },
        ...{ mean_dwell: meanDwell, longest_stay: longestStay },
      };
    };
    // Twice: what is kept from message to message must not be in the way.
    for (let i = 0; i < 2; i++) {
      assert.deepEqual(readBack<object>(writer.type, writer.write(HEADER, found)), {
        header: { stamp: HEADER.stamp, frame_id: HEADER.frameId },
        zones: [
          {
            ...{ name: 'door', line: false, classes: [count(0, 'Möwe'), count(1, 'person')] },
            events: [{ type: 2, id: '5000000001', class_id: 0, class_name: 'person', dwell: 2.5 }],
          },
          {
            ...{ name: 'gate', line: true, classes: [] },
            events: [{ type: 1, id: '7', class_id: 1, class_name: 'Möwe', dwell: 0 }],
          },
        ],
      });
    }
  });

  it('writes an empty list without zones', () => {
    const writer = new ZoneArrayWriter(LABELS);
    const { zones } = readBack<{ zones: unknown[] }>(writer.type, writer.write(HEADER, SEGMENTATION));
    assert.deepEqual(zones, []);
  });

  it('grows with its content', () => {
    const writer = new ZoneArrayWriter(LABELS);
    const zones = Array.from({ length: 64 }, (_, i) => ({
      ...found.zones[0],
      name: `zone-${'x'.repeat(40)}-${i}`,
    }));
    const read = readBack<{ zones: { name: string }[] }>(
      writer.type,
      writer.write(HEADER, { ...found, zones }),
    );
    assert.deepEqual(
      read.zones.map(({ name }) => name),
      zones.map(({ name }) => name),
    );
  });

  it('writes the installed layout', () => {
    const other = messageType('tros_yolo_seg/ZoneArray', (type) => {
      const text = messageType(type).definition.split('\n=')[0]!;
      return type === 'tros_yolo_seg/ZoneClass' ? text.replace('float32 longest_stay\n', '') : text;
    });
    const writer = new ZoneArrayWriter(LABELS, other);
    const read = readBack<{ zones: { classes: object[] }[] }>(other, writer.write(HEADER, found));
    assert.equal('longest_stay' in read.zones[0]!.classes[0]!, false);
    assert.equal(read.zones.length, 2);
  });
});
