import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { messageType } from '../../../src/message/message-type.js';
import { PerceptionInfoWriter } from '../../../src/message/write/perception-info.js';
import { Labels } from '../../../src/message/write/labels.js';
import { HEADER, LABELS, readBack } from './samples.js';

describe('PerceptionInfoWriter', () => {
  it('writes the class names in the order of their ids, including empty names', () => {
    const writer = new PerceptionInfoWriter();
    const cdr = writer.write(HEADER, LABELS, { width: 640, height: 384 });
    assert.deepEqual(readBack(writer.type, cdr), {
      header: { stamp: HEADER.stamp, frame_id: 'camera' },
      height: 384,
      width: 640,
      class_names: ['person', 'Möwe', '红绿灯', '3'],
    });
  });

  it('has room for long lists', () => {
    const names = Array.from({ length: 1203 }, (_, id) => `class number ${id}`.repeat(1 + (id % 7)));
    const writer = new PerceptionInfoWriter();
    const message = readBack<{ class_names: string[]; width: number }>(
      writer.type,
      writer.write(HEADER, new Labels(names)),
    );
    assert.deepEqual(message.class_names, names);
    assert.equal(message.width, 0);
  });

  it('follows the installed definition', () => {
    const older = messageType('ai_msgs/PerceptionInfo', (type) =>
      type === 'ai_msgs/PerceptionInfo'
        ? 'std_msgs/Header header\nstring[] class_names\n'
        : type === 'std_msgs/Header'
          ? 'builtin_interfaces/Time stamp\nstring frame_id\n'
          : 'int32 sec\nuint32 nanosec\n',
    );
    const writer = new PerceptionInfoWriter(older);
    const cdr = writer.write(HEADER, new Labels(['person', 'car']), { width: 640, height: 384 });
    assert.deepEqual(readBack(older, cdr), {
      header: { stamp: HEADER.stamp, frame_id: 'camera' },
      class_names: ['person', 'car'],
    });
  });
});
