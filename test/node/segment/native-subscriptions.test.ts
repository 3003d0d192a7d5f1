import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { IMAGE_MESSAGES } from '../../../src/message/image-messages.js';
import { SENSOR_QOS } from '../../../src/message/qos.js';
import { addon } from '../../../src/native/addon.js';
import { NativeSubscriptions } from '../../../src/node/segment/native-subscriptions.js';
import { itUnless, type Reason } from '../../skips.js';
import { FakeRos } from '../fake-ros.js';

const READING = { step: 0, rows: 0, white: 65535 };

/** What follows holds where the addon was built without rclcpp; test/ros has the rest. */
const built: Reason = addon().nativeCameras().available && 'this addon has native subscriptions';

describe('NativeSubscriptions', () => {
  itUnless(built, 'say in `auto` why there are none, and support no message', () => {
    const native = new NativeSubscriptions(new FakeRos().node, 'auto');
    assert.match(native.unavailable ?? '', /./);
    assert.deepEqual(
      Object.values(IMAGE_MESSAGES).filter((row) => native.supports(row)),
      [],
    );
    assert.deepEqual([native.required, native.publishersOf('/image')], [false, []]);
    native.close();
  });

  itUnless(built, 'refuse `native` where there are none, and say how to get them', () => {
    assert.throws(() => new NativeSubscriptions(new FakeRos().node, 'native'), {
      name: 'ExpectationError',
      message:
        /^Expected native subscriptions for camera_transport native but received .+Build with colcon where rclcpp is installed, or set camera_transport to auto\.$/s,
    });
  });

  it('are not used with `rclnodejs`, whatever the addon has', () => {
    const native = new NativeSubscriptions(new FakeRos().node, 'rclnodejs');
    assert.equal(native.unavailable, 'camera_transport is rclnodejs');
    assert.equal(native.supports(IMAGE_MESSAGES.image), false);
  });

  itUnless(built, 'leave a topic to rclnodejs when the node cannot be opened, with a warning', () => {
    const ros = new FakeRos();
    const native = new NativeSubscriptions(ros.node, 'auto');
    assert.equal(native.subscribe('/image', IMAGE_MESSAGES.image.type, SENSOR_QOS, READING), undefined);
    assert.equal(ros.lines.length, 1);
    assert.match(ros.lines[0]!, /^warning: \/image: .+ Its messages are received by rclnodejs instead\.$/);
  });

  it('belong to a node beside the one of rclnodejs', () => {
    const ros = Object.assign(new FakeRos(), { fullName: '/robot/segment' });
    assert.equal(new NativeSubscriptions(ros.node, 'rclnodejs').nodeName, '/robot/segment_camera');
  });
});
