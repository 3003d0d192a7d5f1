import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'mocha';
import { PublisherWatch } from '../../../src/node/ros/publisher-watch.js';
import { FakeRos } from '../fake-ros.js';

const IMAGE = 'sensor_msgs/msg/Image';

describe('PublisherWatch', () => {
  let now: number;
  let ros: FakeRos;
  let watch: PublisherWatch;

  beforeEach(() => {
    now = 5000;
    ros = new FakeRos();
    watch = new PublisherWatch(ros.node, '/typo/image_raw', () => now);
  });

  /** @returns what is said in these seconds, in which it is looked at four times each */
  function seconds(count: number, publishers = 0): string[] {
    const before = ros.lines.length;
    for (let look = 0; look < 4 * count; look++) {
      watch.update(publishers);
      now += 250;
    }
    return ros.lines.slice(before);
  }

  it('lists after three seconds the topics with images, the most similar first', () => {
    ros.topics = [
      { name: '/depth', type: IMAGE },
      { name: '/camera/image_raw', type: IMAGE },
      { name: '/rear/image_raw/compressed', type: 'sensor_msgs/msg/CompressedImage' },
      { name: '/hbmem_img', type: 'hbm_img_msgs/msg/HbmMsg1080P' },
      { name: '/other/segment/overlay', type: IMAGE },
      { name: '/other/segment/overlay/compressed', type: 'sensor_msgs/msg/CompressedImage' },
      { name: '/other/segment/instance_map', type: IMAGE },
      { name: '/typo/camera_info', type: 'sensor_msgs/msg/CameraInfo' },
    ];
    assert.deepEqual(seconds(3), []);
    assert.deepEqual(seconds(1), [
      'warning: Waiting for a publisher on /typo/image_raw. Images are on /camera/image_raw (sensor_msgs/msg/Image), ' +
        '/hbmem_img (hbm_img_msgs/msg/HbmMsg1080P), /depth (sensor_msgs/msg/Image) and 1 more. Set images, or remap the topic.',
    ]);
  });

  it('repeats that every thirty seconds, and reports the first publisher', () => {
    assert.match(
      seconds(30).join('\n'),
      /^warning: Waiting .* No topic carries images now\. .*ROS_DOMAIN_ID.*$/,
    );
    assert.equal(seconds(30).length, 1);
    assert.deepEqual(seconds(10, 1), ['/typo/image_raw has a publisher.']);
  });

  it('ignores a short absence of a publisher, and reports a long one', () => {
    assert.deepEqual([...seconds(1), ...seconds(1, 1), ...seconds(2), ...seconds(1, 1)], []);
    assert.deepEqual(seconds(4), ['warning: The publisher on /typo/image_raw is gone: waiting for another.']);
  });
});
