import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, it } from 'mocha';
import { parse } from '@foxglove/rosmsg';
import { ros2humble, ros2jazzy } from '@foxglove/rosmsg-msgs-common';
import { ExpectationError } from '../../src/base/expect.js';
import { DEFINITIONS } from '../../src/message/definitions.js';
import { messageType, MessageType } from '../../src/message/message-type.js';

const MSG_FOLDER = new URL('../../../msg/', import.meta.url);

describe('message definitions', () => {
  it('equal msg/ for our own messages', () => {
    const files = readdirSync(MSG_FOLDER).filter((file) => file.endsWith('.msg'));
    const ours = Object.keys(DEFINITIONS).filter((type) => type.startsWith('tros_yolo_seg/'));
    assert.deepEqual(files.map((file) => `tros_yolo_seg/${file.replace('.msg', '')}`).sort(), ours.sort());
    for (const file of files) {
      const text = readFileSync(new URL(file, MSG_FOLDER), 'utf8');
      const fields = text
        .replace(/#.*/g, '')
        .replace(/\n\s*\n+/g, '\n')
        .trim();
      assert.equal(DEFINITIONS[`tros_yolo_seg/${file.replace('.msg', '')}`], `${fields}\n`, file);
    }
  });

  for (const [release, messages] of Object.entries({ Humble: ros2humble, Jazzy: ros2jazzy })) {
    it(`equal those of ${release} for common messages`, () => agrees(messages));
  }

  function agrees(messages: typeof ros2humble | typeof ros2jazzy): void {
    const common = Object.entries(messages).filter(([type]) => Object.hasOwn(DEFINITIONS, type));
    assert.equal(common.length, 29);
    for (const [type, definition] of common) {
      const fields = messageType(type).definitions[0]!.definitions;
      // Through JSON, which drops what is undefined.
      const ours: unknown = JSON.parse(JSON.stringify(fields.filter(({ isConstant }) => !isConstant)));
      // Constants are not on the wire, and some are left out.
      const theirs = definition.definitions.filter(({ isConstant }) => !isConstant);
      assert.deepEqual(ours, theirs, type);
    }
  }

  it('give bags the whole text: the message, then each type in it once', () => {
    const { name, definition } = messageType('vision_msgs/Detection2DArray');
    assert.equal(name, 'vision_msgs/msg/Detection2DArray');
    assert.deepEqual(
      [...definition.matchAll(/^MSG: (.+)$/gm)].map(([, type]) => type),
      [
        'std_msgs/Header',
        'builtin_interfaces/Time',
        'vision_msgs/Detection2D',
        'vision_msgs/ObjectHypothesisWithPose',
        'vision_msgs/ObjectHypothesis',
        'geometry_msgs/PoseWithCovariance',
        'geometry_msgs/Pose',
        'geometry_msgs/Point',
        'geometry_msgs/Quaternion',
        'vision_msgs/BoundingBox2D',
        'vision_msgs/Pose2D',
        'vision_msgs/Point2D',
      ],
    );
    assert.ok(definition.startsWith('std_msgs/Header header\nDetection2D[] detections\n'));
    assert.equal(parse(definition, { ros2: true }).length, 13);
  });

  it('refuse undefined types and invalid texts', () => {
    assert.throws(
      () => messageType('nav_msgs/Odometry'),
      /Expected a definition of nav_msgs\/Odometry but received none/,
    );
    assert.throws(
      () => messageType('a/B', (type) => (type === 'a/B' ? 'a/C c\n' : undefined)),
      /definition of a\/C but received none. a\/B is made of it/,
    );
    assert.throws(() => new MessageType('a/msg/B', 'this is no definition'), ExpectationError);
  });
});
