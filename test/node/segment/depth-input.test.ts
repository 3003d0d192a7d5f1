import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'mocha';
import { CameraInfoWriter } from '../../../src/message/write/camera-info.js';
import { CameraInfoInput, DepthInput } from '../../../src/node/segment/depth-input.js';
import { TransformFeed } from '../../../src/node/segment/transform-feed.js';
import { CAMERA } from '../../message/write/depth-samples.js';
import { FakeRos } from '../fake-ros.js';

const IMAGE = 'sensor_msgs/msg/Image';

describe('the inputs of depth', () => {
  let ros: FakeRos;
  beforeEach(() => (ros = new FakeRos()));

  describe('CameraInfoInput', () => {
    const info = (frameId: string): Uint8Array =>
      new CameraInfoWriter().write({ stamp: { sec: 1, nanosec: 0 }, frameId }, CAMERA).slice();
    let input: CameraInfoInput;
    beforeEach(() => {
      input = new CameraInfoInput(ros.node, ['/better/info', '/info']);
      input.open();
    });

    it('uses the better topic as soon as it sends, and no other after that', () => {
      const used = (): string | undefined => input.value?.frameId;
      assert.equal(used(), undefined);
      ros.deliver(info('worse'), '/info');
      assert.equal(used(), 'worse');
      ros.deliver(info('better'), '/better/info');
      ros.deliver(info('worse'), '/info');
      assert.equal(used(), 'better');
    });

    it('keeps the last message when one cannot be read, and reports the reason until one can', () => {
      ros.deliver(info('camera'), '/info');
      ros.deliver(info('camera').subarray(0, 30), '/info');
      assert.match(input.problem ?? '', /^Expected .* but received/);
      assert.equal(input.value?.frameId, 'camera');
      ros.deliver(info('camera'), '/info');
      assert.equal(input.problem, undefined);
    });

    it('is subscribed once however often it is opened, and not any more when it is closed', () => {
      input.open();
      assert.equal(ros.open, 2);
      input.close();
      assert.equal(ros.open, 0);
      input.open();
      assert.equal(ros.open, 2);
    });
  });

  describe('DepthInput', () => {
    let received: number[];
    let input: DepthInput;
    beforeEach(() => {
      received = [];
      input = new DepthInput(ros.node, 'depth/image', (cdr) => received.push(cdr.length));
    });

    it('is reliable if all publishers are, and resubscribes only when it must', () => {
      const follow = (...reliabilities: ('reliable' | 'best_effort')[]): string[] => {
        ros.publishers = reliabilities.map((reliability, gid) => ({ type: IMAGE, gid, reliability }));
        input.follow();
        assert.deepEqual([ros.open, input.publisherCount], [1, reliabilities.length]);
        return ros.subscribed.splice(0);
      };
      assert.deepEqual(follow(), [`${IMAGE} best_effort`]);
      // Best effort is compatible with a reliable publisher: no picture is lost by another subscription.
      assert.deepEqual(follow('reliable'), []);
      input.close();
      assert.deepEqual(follow('reliable'), [`${IMAGE} reliable`]);
      assert.deepEqual(follow('reliable', 'reliable'), []);
      assert.deepEqual(follow('reliable', 'best_effort'), [`${IMAGE} best_effort`]);
    });

    it('resolves its topic, and passes messages on until it is closed', () => {
      assert.equal(input.topic, '/depth/image');
      input.follow();
      ros.deliver(new Uint8Array(7), '/depth/image');
      assert.deepEqual(received, [7]);
      input.close();
      assert.equal(ros.open, 0);
    });
  });

  describe('TransformFeed', () => {
    it('subscribes with the first question, and warns once of messages that cannot be read', () => {
      const feed = new TransformFeed(ros.node);
      let changes = 0;
      const stop = feed.onChange(() => changes++);
      assert.equal(ros.open, 0);
      assert.ok('missing' in feed.lookup('base', 'camera', 0n));
      assert.equal(ros.open, 2);
      // A count of transforms that the message has not got.
      const damaged = Uint8Array.of(0, 1, 0, 0, 9, 0, 0, 0);
      ros.deliver(damaged, '/tf');
      ros.deliver(damaged, '/tf_static');
      assert.equal(ros.lines.length, 1);
      assert.match(ros.lines[0]!, /^warning: Expected .*tf2_msgs\/msg\/TFMessage/);
      assert.equal(changes, 0);
      const empty = Uint8Array.of(0, 1, 0, 0, 0, 0, 0, 0);
      ros.deliver(empty, '/tf');
      assert.equal(changes, 1);
      stop();
      ros.deliver(empty, '/tf');
      assert.equal(changes, 1);
      feed.close();
      assert.equal(ros.open, 0);
    });

    it('gives the reason when it cannot subscribe', () => {
      ros.subscribe = () => {
        throw new Error('no memory');
      };
      assert.deepEqual(new TransformFeed(ros.node).lookup('base', 'camera', 0n), {
        missing: 'no memory',
        later: false,
      });
    });
  });
});
