import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import sharp from 'sharp';
import { InstanceMapOutput } from '../../../src/node/segment/instance-map-output.js';
import type { RawPublisher } from '../../../src/node/ros/ros-node.js';
import { messageType } from '../../../src/message/message-type.js';
import { EMPTY, HEADER, readBack, SEGMENTATION } from '../../message/write/samples.js';

interface Packed {
  readonly header: { readonly stamp: { readonly sec: number } };
  readonly format: string;
  readonly data: Uint8Array;
}

class Publisher {
  readonly topic = '/segment/instance_map/compressed';
  subscriptions = 1;
  readonly sent: Packed[] = [];
  fails = false;

  publish(cdr: Uint8Array): void {
    if (this.fails) throw new Error('the context is invalid');
    this.sent.push(readBack<Packed>(messageType('sensor_msgs/CompressedImage'), Uint8Array.from(cdr)));
  }

  get raw(): RawPublisher {
    return this as unknown as RawPublisher;
  }
}

const stamped = (sec: number): typeof HEADER => ({ ...HEADER, stamp: { sec, nanosec: 0 } });

async function pixelsOf(png: Uint8Array): Promise<number[]> {
  const raw = await sharp(png).toColourspace('grey16').raw({ depth: 'ushort' }).toBuffer();
  return [...new Uint16Array(raw.buffer, raw.byteOffset, raw.length / 2)];
}

describe('InstanceMapOutput', () => {
  it('publishes lossless maps in the order of their frames, and drops frames when it is behind', async () => {
    const publisher = new Publisher();
    const output = new InstanceMapOutput(publisher.raw, (error) => assert.fail(String(error)));
    output.publish(stamped(1), SEGMENTATION);
    output.publish(stamped(2), EMPTY);
    output.publish(stamped(3), SEGMENTATION);
    assert.equal(output.skipped, 1);
    await output.idle();
    assert.deepEqual(
      publisher.sent.map(({ header }) => header.stamp.sec),
      [1, 2],
    );
    const [first, second] = await Promise.all(publisher.sent.map(({ data }) => pixelsOf(data)));
    assert.deepEqual(first!.slice(8, 24), [0, 0, 1, 1, 0, 0, 0, 0, 0, 1, 1, 1, 2, 0, 0, 0]);
    assert.ok(second!.every((value) => value === 0));
  });

  it('encodes maps of changing sizes', async () => {
    const publisher = new Publisher();
    const output = new InstanceMapOutput(publisher.raw, (error) => assert.fail(String(error)));
    const small = { ...EMPTY, maskWidth: 3, maskHeight: 3 };
    for (const [at, segmentation] of [small, SEGMENTATION, small].entries()) {
      output.publish(stamped(at), segmentation);
      await output.idle();
    }
    const maps = await Promise.all(publisher.sent.map(({ data }) => pixelsOf(data)));
    const cells = SEGMENTATION.maskWidth * SEGMENTATION.maskHeight;
    assert.deepEqual(
      maps.map(({ length }) => length),
      [9, cells, 9],
    );
    assert.deepEqual(new Set(maps[1]), new Set([0, 1, 2]));
  });

  it('does nothing without subscribers', async () => {
    const publisher = new Publisher();
    publisher.subscriptions = 0;
    const output = new InstanceMapOutput(publisher.raw, (error) => assert.fail(String(error)));
    output.publish(HEADER, SEGMENTATION);
    await output.idle();
    assert.deepEqual([publisher.sent.length, output.skipped], [0, 0]);
  });

  it('reports a map that cannot be published, and continues', async () => {
    const publisher = new Publisher();
    const told: string[] = [];
    const output = new InstanceMapOutput(publisher.raw, (error) => told.push(String(error)));
    publisher.fails = true;
    output.publish(stamped(1), SEGMENTATION);
    await output.idle();
    publisher.fails = false;
    output.publish(stamped(2), SEGMENTATION);
    await output.idle();
    assert.deepEqual(told, ['Error: the context is invalid']);
    assert.equal(publisher.sent.length, 1);
  });
});
