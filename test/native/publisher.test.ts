import assert from 'node:assert/strict';
import { it } from 'mocha';
import { addon } from '../../src/native/addon.js';
import { openNativePublisher, whyNoNativePublisher } from '../../src/native/publisher.js';
import { describeUnless } from '../skips.js';

const options = {
  name: 'camera_publisher',
  namespace: '/',
  topic: '/hbmem_img',
  reliability: 'best_effort',
  depth: 5,
} as const;

// The addon as npm builds it. That of colcon is tested in test/ros.
describeUnless('publishedMessages' in addon() && 'it is there', 'native publishers without rclcpp', () => {
  it('are absent, with a reason', () => {
    const message = 'hbm_img_msgs/msg/HbmMsg1080P';
    assert.match(whyNoNativePublisher(message)!, /built without rclcpp.*colcon build/);
    assert.throws(
      () => openNativePublisher({ ...options, message }),
      /Expected a native publisher but received the addon was built without rclcpp/,
    );
  });
});
