import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'mocha';
import type { Qos } from '../../../src/message/qos.js';
import type { RclEndpoint } from '../../../src/node/ros/rclnodejs.js';
import { ImagePublishers, type ImagePublishersOptions } from '../../../src/node/segment/image-publishers.js';
import type { NativeSubscriptions } from '../../../src/node/segment/native-subscriptions.js';
import { FakeRos } from '../fake-ros.js';

const IMAGE = 'sensor_msgs/msg/Image';
const COMPRESSED = 'sensor_msgs/msg/CompressedImage';
const HBM = 'hbm_img_msgs/msg/HbmMsg1080P';
const RELIABLE: Qos = { reliability: 'reliable', durability: 'volatile', depth: 5 };
const BEST_EFFORT: Qos = { ...RELIABLE, reliability: 'best_effort' };

describe('ImagePublishers', () => {
  let now: number;
  let ros: FakeRos;
  /** Publishers that only the node of native subscriptions has discovered. */
  let discoveredNatively: readonly RclEndpoint[];

  beforeEach(() => {
    now = 5000;
    ros = new FakeRos();
    discoveredNatively = [];
  });

  const open = (options: Partial<ImagePublishersOptions> = {}, topic = '/image'): ImagePublishers =>
    new ImagePublishers(
      ros.node,
      topic,
      {
        type: 'auto',
        qos: 'match',
        native: { publishersOf: () => discoveredNatively } as unknown as NativeSubscriptions,
        ...options,
      },
      () => now,
    );

  /** Replaces the publishers by those with these numbers. */
  const come = (publishers: ImagePublishers, ...gids: readonly number[]): object => {
    ros.publishers = gids.map((gid) => ({ type: IMAGE, gid }));
    publishers.find();
    return publishers.compare();
  };

  it('counts a publisher once that both nodes of the process have discovered', () => {
    const publishers = open();
    ros.publishers = [
      { type: IMAGE, gid: 1 },
      { type: IMAGE, gid: 2 },
    ];
    const [first] = ros.publishersOf('/image');
    discoveredNatively = [first!, { ...first!, endpoint_gid: [3, 0, 0] }];
    publishers.find();
    assert.equal(publishers.count, 3);
  });

  it('does not count the first publisher as a change, but each that comes or goes after it', () => {
    const publishers = open();
    const none = { changed: false, gone: false };
    assert.deepEqual(come(publishers), none);
    assert.deepEqual(come(publishers, 1), none);
    assert.deepEqual(come(publishers, 1), none);
    assert.deepEqual(come(publishers, 1, 2), { changed: true, gone: false });
    assert.deepEqual(come(publishers, 2), { changed: true, gone: true });
    // As many as before, but another one.
    assert.deepEqual(come(publishers, 3), { changed: true, gone: true });
    assert.deepEqual(come(publishers), { changed: true, gone: true });
    assert.deepEqual(come(publishers, 4), none);
  });

  it('keeps the type of the subscription while any publisher has it, and follows the others then', () => {
    const publishers = open();
    ros.publishers = [
      { type: HBM, gid: 1 },
      { type: COMPRESSED, gid: 2 },
    ];
    publishers.find();
    assert.equal(publishers.message('compressed'), 'compressed');
    assert.equal(publishers.message('image'), 'compressed', 'the first of the table that is there');
    ros.publishers = [{ type: HBM, gid: 1 }];
    publishers.find();
    assert.equal(publishers.message('compressed'), 'hbm1080p');
    ros.publishers = [];
    publishers.find();
    assert.equal(publishers.message('compressed'), 'compressed', 'no publisher is no reason to change');
  });

  it('does not take a type that is not an image, whoever publishes it', () => {
    const publishers = open();
    ros.publishers = [{ type: 'std_msgs/msg/String' }];
    publishers.find();
    assert.equal(publishers.message(undefined), undefined);
    assert.equal(publishers.message('image'), 'image');
  });

  it('uses the type of parameter image_type whatever is published', () => {
    const publishers = open({ type: 'hbm1080p' });
    ros.publishers = [{ type: IMAGE }];
    publishers.find();
    assert.equal(publishers.message('image'), 'hbm1080p');
  });

  it('guesses the type from the topic after one second, counted from the first question', () => {
    const guesses = [
      ['/front/image/compressed', 'compressed'],
      ['/hbmem_img', 'hbm1080p'],
      ['/compressed_archive', 'image'],
    ] as const;
    for (const [topic, guess] of guesses) {
      const publishers = open({}, topic);
      assert.equal(publishers.message(undefined), undefined);
      now += 999;
      assert.equal(publishers.message(undefined), undefined, topic);
      now += 1;
      assert.equal(publishers.message(undefined), guess, topic);
    }
  });

  it('is reliable only if all publishers of the type are', () => {
    const publishers = open();
    assert.deepEqual(publishers.qos(IMAGE), BEST_EFFORT, 'every publisher is compatible with it');
    ros.publishers = [
      { type: IMAGE, gid: 1, reliability: 'reliable' },
      { type: HBM, gid: 2, reliability: 'best_effort' },
    ];
    publishers.find();
    assert.deepEqual(publishers.qos(IMAGE), RELIABLE);
    assert.deepEqual(publishers.qos(HBM), BEST_EFFORT);
    ros.publishers = [...ros.publishers, { type: IMAGE, gid: 3, reliability: 'best_effort' }];
    publishers.find();
    assert.deepEqual(publishers.qos(IMAGE), BEST_EFFORT);
    assert.deepEqual([publishers.fit(RELIABLE), publishers.fit(BEST_EFFORT)], [false, true]);
  });

  it('applies qos_overrides to the QoS of parameter image_qos, and to one that matches', () => {
    const asked: string[] = [];
    ros.overriddenQos = (topic, entity, qos) => {
      asked.push(`${topic} ${entity} ${qos.depth}`);
      return { ...qos, depth: 1 };
    };
    ros.publishers = [{ type: IMAGE, reliability: 'reliable' }];
    for (const qos of ['default', 'match'] as const) {
      const publishers = open({ qos });
      publishers.find();
      assert.deepEqual(publishers.qos(IMAGE), { ...RELIABLE, depth: 1 });
    }
    assert.deepEqual(asked, ['/image subscription 10', '/image subscription 5']);
  });

  it('names each publisher that is not received, with the reason and a remedy', () => {
    const publishers = open({ qos: 'reliable' });
    ros.publishers = [
      { type: COMPRESSED, gid: 1, reliability: 'reliable' },
      { type: IMAGE, gid: 2, reliability: 'best_effort' },
      { type: IMAGE, gid: 3, reliability: 'reliable' },
    ];
    publishers.find();
    assert.deepEqual(publishers.problems(IMAGE, RELIABLE), [
      `Expected ${IMAGE} on /image but /camera publishes ${COMPRESSED}. Remap one of them, or set image_type.`,
      'Expected a publisher that matches the QoS reliable, volatile, depth 5 of this node on /image ' +
        'but /camera offers best effort, volatile. Set image_qos to sensor_data or match.',
    ]);
  });
});
