import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'mocha';
import { ExpectationError } from '../../../src/base/expect.js';
import { whyNoNativePublisher } from '../../../src/native/publisher.js';
import { IMAGE_MESSAGES } from '../../../src/message/image-messages.js';
import { openCameraPublisher } from '../../../src/node/camera/camera-publisher.js';
import { describeUnless } from '../../skips.js';
import { FakeRos } from '../fake-ros.js';

const HBM = IMAGE_MESSAGES.hbm1080p.type;

describe('the publisher of a camera', () => {
  let ros: FakeRos;
  beforeEach(() => (ros = new FakeRos()));

  it('is rclnodejs for images, and on request', () => {
    for (const [message, transport, topic, type] of [
      ['image', 'auto', '/image', 'sensor_msgs/msg/Image'],
      ['image', 'rclnodejs', '/image', 'sensor_msgs/msg/Image'],
      ['hbm1080p', 'rclnodejs', '/hbmem_img', HBM],
    ] as const) {
      const publisher = openCameraPublisher(ros.node, { message, qos: 'auto', transport });
      assert.deepEqual([publisher.topic, publisher.form.type], [topic, type]);
      ros.subscriptions = () => 3;
      assert.equal(publisher.subscriptions, 3);
      ros.delivered = () => false;
      assert.equal(publisher.delivered(), false);
      assert.equal(publisher.publish(Buffer.from('cdr')), true, 'nothing is lost on this side');
      publisher.close();
    }
    assert.deepEqual(ros.published, Array(3).fill(Uint8Array.from(Buffer.from('cdr'))));
    assert.deepEqual(ros.lines, []);
  });

  it('is rclnodejs for JPEG in HbmMsg, which cannot be native', () => {
    const options = { message: 'hbm1080p', hbm_encoding: 'jpeg', qos: 'auto' } as const;
    const publisher = openCameraPublisher(ros.node, { ...options, transport: 'auto' });
    assert.deepEqual([publisher.form.type, publisher.form.encoding], [HBM, 'jpeg']);
    assert.deepEqual(ros.lines, [], 'nothing went wrong');
    assert.throws(
      () => openCameraPublisher(ros.node, { ...options, transport: 'native' }),
      /^ExpectationError: Expected hbm_encoding nv12 for transport native but received jpeg/,
    );
  });

  it('cannot be native for images, which have no fixed size', () => {
    assert.throws(
      () => openCameraPublisher(ros.node, { message: 'image', qos: 'auto', transport: 'native' }),
      (error) =>
        error instanceof ExpectationError &&
        /^Expected message hbm480p, hbm540p or hbm1080p for transport native but received image,/.test(
          error.message,
        ),
    );
  });
});

const built = whyNoNativePublisher(HBM) === undefined;
describeUnless(built && 'this addon has native publishers', 'without native publishers a camera', () => {
  it('falls back to rclnodejs and says why', () => {
    const ros = new FakeRos();
    const { form } = openCameraPublisher(ros.node, { message: 'hbm1080p', qos: 'auto', transport: 'auto' });
    assert.equal(form.type, HBM);
    assert.equal(ros.lines.length, 1);
    assert.match(ros.lines[0]!, /^No native publisher: .*\bcolcon build\b.*\.$/);
  });

  it('is refused if a native one is required', () => {
    assert.throws(
      () =>
        openCameraPublisher(new FakeRos().node, { message: 'hbm1080p', qos: 'auto', transport: 'native' }),
      /Expected a camera that publishes natively but received an addon that cannot: .* or choose transport auto/,
    );
  });
});
