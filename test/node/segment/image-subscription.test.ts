import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'mocha';
import { ImageWriter } from '../../../src/message/write/image.js';
import { addon } from '../../../src/native/addon.js';
import type { ImageReading } from '../../../src/native/camera.js';
import type { ReceivedImage } from '../../../src/node/segment/received-image.js';
import {
  ImageSubscription,
  type ImageSubscriptionOptions,
  type FrameSink,
} from '../../../src/node/segment/image-subscription.js';
import type { NativeSubscriptions } from '../../../src/node/segment/native-subscriptions.js';
import type { Qos } from '../../../src/message/qos.js';
import { messageOf } from '../../engine/camera-messages.js';
import { HEADER } from '../../message/write/samples.js';
import { noiseFrame } from '../../native/frames.js';
import { FakeRos } from '../fake-ros.js';

const IMAGE = 'sensor_msgs/msg/Image';
const HBM = 'hbm_img_msgs/msg/HbmMsg480P';
const CDR = new ImageWriter()
  .write(HEADER, { width: 4, height: 2, encoding: 'nv12', step: 4 }, new Uint8Array(12))
  .slice();

/** The message with another stamp. */
function image(sec: number): Uint8Array {
  const cdr = CDR.slice();
  new DataView(cdr.buffer).setInt32(4, sec, true);
  return cdr;
}

describe('ImageSubscription', () => {
  let now: number;
  let ros: FakeRos;
  let offered: ReceivedImage[];

  beforeEach(() => {
    now = 5000;
    ros = new FakeRos();
    offered = [];
  });

  function input(
    options: Partial<ImageSubscriptionOptions> = {},
    topic = 'image',
    attach: FrameSink['attach'] = () => assert.fail('no native subscription'),
  ): ImageSubscription {
    const native = {
      supports: () => false,
      publishersOf: () => [],
      required: false,
      unavailable: undefined,
    } as unknown as NativeSubscriptions;
    const reading = { step: 0, rows: 0, white: 65535 };
    const sink: FrameSink = {
      offer: (frame) => void offered.push(frame),
      attach,
      detach: () => Promise.resolve(),
    };
    return new ImageSubscription(
      ros.node,
      topic,
      { type: 'auto', qos: 'match', hbmFrameId: '', reading, framesInUse: 2, native, ...options },
      sink,
      () => now,
    );
  }

  it('subscribes when there is a publisher, with its type and reliability', () => {
    const camera = input();
    camera.follow();
    assert.deepEqual([ros.subscribed, camera.messageType, camera.publisherCount], [[], undefined, 0]);
    ros.publishers = [{ type: IMAGE, reliability: 'reliable' }];
    camera.follow();
    camera.follow();
    assert.deepEqual(ros.subscribed, [`${IMAGE} reliable`]);
    assert.deepEqual([camera.topic, camera.messageType, camera.problem], ['/image', IMAGE, undefined]);
    ros.deliver(CDR);
    assert.deepEqual([offered[0]!.received, offered[0]!.frameId], [5000, HEADER.frameId]);
    assert.deepEqual([camera.received, camera.malformed], [1, 0]);
  });

  it('retries five seconds after a subscription failed, and at once when publishers change', () => {
    let tries = 0;
    const subscribe = (): never => {
      tries++;
      throw new Error('no memory');
    };
    const native = {
      supports: () => true,
      publishersOf: () => [],
      subscribe,
    } as unknown as NativeSubscriptions;
    const camera = input({ native });
    ros.publishers = [{ type: IMAGE, gid: 1 }];
    camera.follow();
    now += 4999;
    camera.follow();
    assert.deepEqual([tries, camera.problem], [1, 'no memory']);
    now += 1;
    camera.follow();
    assert.equal(tries, 2);
    ros.publishers = [{ type: IMAGE, gid: 2 }];
    camera.follow();
    assert.equal(tries, 3);
  });

  it('changes the type when publishers of another type take over', () => {
    const camera = input();
    ros.publishers = [{ type: IMAGE, gid: 1 }];
    camera.follow();
    ros.publishers = [
      { type: HBM, gid: 2 },
      { type: IMAGE, gid: 1 },
    ];
    camera.follow();
    assert.equal(ros.subscribed.length, 1, 'not while the former type is there');
    assert.match(
      camera.problem!,
      /Expected sensor_msgs\/msg\/Image on \/image but \/camera publishes hbm_img_msgs/,
    );
    ros.publishers = [{ type: HBM, gid: 2 }];
    camera.follow();
    assert.deepEqual(ros.subscribed, [`${IMAGE} best_effort`, `${HBM} best_effort`]);
    assert.deepEqual([ros.open, camera.problem], [1, undefined]);
  });

  it('guesses the type after a second without publishers, because a discovery server may not announce any', () => {
    const types = ['/front/image_raw', '/front/image_raw/compressed', '/hbmem_img'].map((topic) => {
      const camera = input({}, topic);
      camera.follow();
      now += 999;
      camera.follow();
      assert.equal(camera.messageType, undefined);
      now += 1;
      camera.follow();
      return camera.messageType;
    });
    assert.deepEqual(types, [IMAGE, 'sensor_msgs/msg/CompressedImage', 'hbm_img_msgs/msg/HbmMsg1080P']);
    const camera = input();
    camera.follow();
    now += 1000;
    camera.follow();
    ros.publishers = [{ type: HBM, gid: 1 }];
    camera.follow();
    assert.equal(camera.messageType, HBM, 'and follows who shows up');
  });

  it('keeps a subscription that has not received anything yet', () => {
    for (const middleware of ['rmw_cyclonedds_cpp', 'rmw_fastrtps_cpp']) {
      ros = new FakeRos({}, middleware);
      const camera = input();
      ros.publishers = [{ type: IMAGE, gid: 1 }];
      for (let look = 0; look < 100; look++) {
        camera.follow();
        now += 500;
      }
      assert.equal(ros.subscribed.length, 1, middleware);
    }
  });

  it("renews Fast DDS's best-effort reader when a publisher has gone, and no other", () => {
    const cases = [
      ['rmw_fastrtps_cpp', 'best_effort', 2],
      ['rmw_fastrtps_cpp', 'reliable', 1],
      ['rmw_cyclonedds_cpp', 'best_effort', 1],
    ] as const;
    for (const [middleware, reliability, made] of cases) {
      ros = new FakeRos({}, middleware);
      const camera = input();
      for (const gids of [[1], [1, 2], [2]]) {
        ros.publishers = gids.map((gid) => ({ type: IMAGE, gid, reliability }));
        camera.follow();
        camera.follow();
      }
      assert.equal(ros.subscribed.length, made, `${middleware} ${reliability}`);
      now += 5000;
      camera.follow();
      assert.equal(ros.open, 1, 'the former one is closed when publishers have found the new one');
    }
  });

  it('renews once at a time, and keeps the former subscription while other publishers may know no other', () => {
    ros = new FakeRos({}, 'rmw_fastrtps_cpp');
    const camera = input();
    const come = (...gids: number[]): void => {
      ros.publishers = gids.map((gid) => ({ type: IMAGE, gid, reliability: 'best_effort' }));
      camera.follow();
    };
    come(1, 2, 3);
    come(1, 2);
    come(1);
    assert.deepEqual([ros.subscribed.length, ros.open], [2, 2]);
    // Publisher 1 knows both subscriptions, publisher 2 has died, publisher 4 has found the former one only.
    ros.deliver(image(1), 0);
    ros.deliver(image(1), 1);
    come(1, 4);
    ros.deliver(image(2), 0);
    assert.deepEqual(
      offered.map(({ stamp }) => stamp.sec),
      [1, 2],
    );
    now += 5000;
    camera.follow();
    assert.equal(ros.subscribed.length, 3, 'the second that has gone may have left something, too');
    now += 5000;
    camera.follow();
    assert.equal(ros.open, 1);
  });

  it('delays a better QoS during a handover, but not one that another publisher needs', () => {
    const camera = input();
    const come = (...reliabilities: ('reliable' | 'best_effort')[]): void => {
      ros.publishers = reliabilities.map((reliability, gid) => ({ type: IMAGE, gid, reliability }));
      camera.follow();
    };
    come('reliable');
    come('reliable', 'best_effort');
    come('reliable');
    assert.deepEqual(ros.subscribed, [`${IMAGE} reliable`, `${IMAGE} best_effort`]);
    assert.equal(ros.open, 2, 'the first publisher may not have found the second subscription yet');
    now += 5000;
    camera.follow();
    assert.equal(ros.subscribed.at(-1), `${IMAGE} reliable`);
    come('reliable', 'best_effort');
    assert.equal(ros.subscribed.at(-1), `${IMAGE} best_effort`);
  });

  it('is compatible with any next publisher when the publishers are gone', () => {
    const camera = input();
    ros.publishers = [{ type: IMAGE, gid: 1, reliability: 'reliable' }];
    camera.follow();
    ros.publishers = [];
    camera.follow();
    camera.follow();
    assert.deepEqual(ros.subscribed, [`${IMAGE} reliable`, `${IMAGE} best_effort`]);
  });

  it('changes its reliability with the publishers, and loses and repeats nothing meanwhile', () => {
    const camera = input();
    ros.publishers = [{ type: IMAGE, gid: 1, reliability: 'reliable' }];
    camera.follow();
    ros.publishers = [...ros.publishers, { type: IMAGE, gid: 2, reliability: 'best_effort' }];
    camera.follow();
    assert.deepEqual([ros.subscribed, ros.open], [[`${IMAGE} reliable`, `${IMAGE} best_effort`], 2]);
    ros.deliver(image(1), 0);
    ros.deliver(image(1), 1);
    ros.deliver(image(2), 1);
    ros.deliver(image(2), 0);
    camera.follow();
    assert.deepEqual(
      offered.map(({ stamp }) => stamp.sec),
      [1, 2],
    );
    assert.deepEqual([ros.open, camera.received, camera.qos], [2, 2, 'best effort, volatile, depth 5']);
    now += 5000;
    camera.follow();
    assert.equal(ros.open, 1, 'the former one is closed when every publisher has found the new one');
  });

  it('becomes reliable right after a message on Cyclone DDS, which drops messages meanwhile', async () => {
    ros = new FakeRos({}, 'rmw_cyclonedds_cpp');
    ros.publishers = [{ type: IMAGE }];
    const images = input();
    images.follow();
    ros.publishers = [{ type: IMAGE, reliability: 'reliable' }];
    images.follow();
    assert.deepEqual(ros.subscribed, [`${IMAGE} best_effort`]);
    ros.deliver(image(1));
    await new Promise(setImmediate);
    assert.deepEqual(ros.subscribed, [`${IMAGE} best_effort`, `${IMAGE} reliable`]);
    assert.equal(images.received, 1);
  });

  it('also becomes reliable on Cyclone DDS after a second without a message', () => {
    ros = new FakeRos({}, 'rmw_cyclonedds_cpp');
    ros.publishers = [{ type: IMAGE }];
    const images = input();
    images.follow();
    ros.publishers = [{ type: IMAGE, reliability: 'reliable' }];
    images.follow();
    now += 999;
    images.follow();
    assert.equal(ros.subscribed.length, 1);
    now += 1;
    images.follow();
    assert.equal(ros.subscribed.length, 2);
  });

  it('becomes best effort at once on Cyclone DDS: a publisher that is not reliable would not be received until then', () => {
    ros = new FakeRos({}, 'rmw_cyclonedds_cpp');
    ros.publishers = [{ type: IMAGE, reliability: 'reliable' }];
    const images = input();
    images.follow();
    ros.publishers = [{ type: IMAGE }];
    images.follow();
    assert.deepEqual(ros.subscribed, [`${IMAGE} reliable`, `${IMAGE} best_effort`]);
  });

  it('does not become reliable after a message if another publisher has come in the meantime', async () => {
    ros = new FakeRos({}, 'rmw_cyclonedds_cpp');
    ros.publishers = [{ type: IMAGE }];
    const images = input();
    images.follow();
    ros.publishers = [{ type: IMAGE, reliability: 'reliable' }];
    images.follow();
    ros.publishers = [
      { type: IMAGE, reliability: 'reliable' },
      { type: IMAGE, gid: 2 },
    ];
    images.follow();
    ros.deliver(image(1));
    await new Promise(setImmediate);
    assert.deepEqual(ros.subscribed, [`${IMAGE} best_effort`]);
  });

  it('is kept when messages arrive, and when the publisher is gone', () => {
    const camera = input();
    ros.publishers = [{ type: IMAGE, gid: 1 }];
    camera.follow();
    camera.follow();
    now += 1000;
    ros.deliver(CDR);
    now += 1000;
    camera.follow();
    ros.publishers = [];
    camera.follow();
    now += 5000;
    camera.follow();
    assert.deepEqual([ros.subscribed.length, ros.open], [1, 1]);
  });

  it('accepts frames up to its rate limit, and counts the others', () => {
    const camera = input({ type: 'image' });
    camera.setMinPeriod(100);
    camera.follow();
    for (let frame = 0; frame < 10; frame++) {
      ros.deliver(frame % 3 === 0 ? CDR : CDR.subarray(0, 20));
      now += 33.4;
    }
    assert.deepEqual([camera.received, camera.skipped, camera.malformed, offered.length], [10, 6, 0, 4]);
    camera.setMinPeriod(0);
    ros.deliver(CDR);
    ros.deliver(CDR);
    assert.deepEqual([camera.skipped, offered.length], [6, 6]);
  });

  it('does not count frames that its limit skips as lost', () => {
    const camera = input({ type: 'image' });
    camera.setMinPeriod(2500);
    camera.follow();
    for (let sec = 1; sec <= 10; sec++) {
      ros.deliver(image(sec));
      now += 1000;
    }
    assert.ok(camera.skipped > 0);
    assert.deepEqual([camera.sent?.received, camera.sent?.missing], [10, 0]);
  });

  it('counts messages that are not images, and gives the reason', () => {
    const camera = input({ type: 'image' });
    camera.follow();
    ros.deliver(CDR.subarray(0, 20));
    assert.deepEqual([camera.received, camera.malformed, offered.length], [1, 1, 0]);
    assert.match(camera.lastMalformed!, /Expected .* but received/);
  });

  it('reports possible problems of images from a native subscription, and reads them as configured', async () => {
    // A buffer of more bytes than the picture has: the size does not say where they are.
    const injected = addon().injectCamera();
    const heapSlots = addon().openHeapSlots(1, 64, 48, () => undefined);
    const reading = { step: 80, rows: 0, white: 65535 };
    const calls: unknown[] = [];
    const native = {
      supports: () => true,
      publishersOf: () => [],
      required: false,
      unavailable: undefined,
      subscribe: (topic: string, type: string, _qos: Qos, how: ImageReading) => {
        calls.push(topic, type, how);
        return Object.assign(injected, {
          transport: () => ({ canLoan: false, publishers: 1 }),
          start: () => calls.push('start'),
        });
      },
    } as unknown as NativeSubscriptions;
    const camera = input({ type: 'hbm480p', native, reading }, 'image', (attached) => {
      calls.push('attach');
      heapSlots.attach(attached.id);
    });
    camera.follow();
    // What a publisher has sent before finds an engine.
    assert.deepEqual(calls, ['/image', HBM, reading, 'attach', 'start']);
    assert.equal(camera.warning, undefined);
    const message = messageOf(noiseFrame(64, 48));
    injected.offer({ ...message, data: new Uint8Array(message.data.length + 10), hasBufferSize: true });
    assert.match(camera.warning!, /^Expected 4608 bytes for a 64x48 nv12 image .* but received 4618 bytes/);
    injected.offer({ ...message, hasBufferSize: true });
    assert.equal(camera.warning, undefined);
    await camera.close();
    heapSlots.close();
  });

  for (const between of ['none', 'several looks without any publisher']) {
    it(`receives JPEG in HbmMsg through rclnodejs, and the next publisher natively again, with ${between} in between`, async () => {
      const heapSlots = addon().openHeapSlots(1, 64, 48, () => undefined);
      const cameras: ReturnType<ReturnType<typeof addon>['injectCamera']>[] = [];
      const native = {
        supports: () => true,
        publishersOf: () => [],
        required: false,
        unavailable: undefined,
        subscribe: () => {
          const camera = Object.assign(addon().injectCamera(), { start: () => {}, renew: () => {} });
          cameras.push(camera);
          return camera;
        },
      } as unknown as NativeSubscriptions;
      const camera = input({ native }, 'hbmem_img', (attached) => heapSlots.attach(attached.id));
      /** The end of a subscription is awaited before the next one begins. */
      const look = async (...gids: number[]): Promise<void> => {
        ros.publishers = gids.map((gid) => ({ type: HBM, gid }));
        camera.follow();
        await new Promise(setImmediate);
        camera.follow();
      };
      await look(1);
      const { data } = messageOf(noiseFrame(64, 48));
      cameras[0]!.offer(messageOf(noiseFrame(64, 48), { encoding: 'jpeg', data }));
      await look(1);
      await look(1);
      assert.deepEqual([cameras.length, ros.subscribed.length], [1, 1]);
      if (between !== 'none') for (let i = 0; i < 3; i++) await look();
      await look(2);
      assert.deepEqual([cameras.length, ros.subscribed.length], [2, 1]);
      await look(2);
      assert.equal(cameras.length, 2);
      await camera.close();
      heapSlots.close();
    });
  }

  it('warns once of a publisher with an incompatible QoS', () => {
    const camera = input({ qos: 'reliable' });
    ros.publishers = [{ type: IMAGE, reliability: 'best_effort' }];
    camera.follow();
    camera.follow();
    assert.match(camera.problem!, /Set image_qos to sensor_data or match\.$/);
    assert.equal(ros.lines.filter((line) => line.startsWith('warning: ')).length, 1);
  });

  it('can be closed and opened again', async () => {
    const camera = input({ type: 'image' });
    camera.follow();
    await camera.close();
    assert.equal(ros.open, 0);
    camera.follow();
    assert.deepEqual([ros.open, ros.subscribed.length], [1, 2]);
  });
});
