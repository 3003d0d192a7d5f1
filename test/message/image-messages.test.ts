import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'mocha';
import { packageRoot } from '../../src/base/package-root.js';
import { IMAGE_MESSAGES, imageMessage, STAND_IN_NAMES } from '../../src/message/image-messages.js';
import { CameraImageReader } from '../../src/message/read/camera-image.js';
import { messageForm } from '../../src/node/camera/camera-messages.js';
import { CAMERA_PARAMETERS } from '../../src/parameters/camera.js';
import { SEGMENT_PARAMETERS } from '../../src/parameters/segment.js';
import { nv12Frame } from '../../src/vision/picture/nv12-frame.js';

const NATIVE = ['image', 'hbm480p', 'hbm540p', 'hbm1080p'];

describe('the table of image messages', () => {
  it('has the values of image_type and message that users rely on', () => {
    assert.deepEqual(SEGMENT_PARAMETERS.image_type.choices, [
      'auto',
      'image',
      'compressed',
      ...NATIVE.slice(1),
    ]);
    assert.deepEqual(CAMERA_PARAMETERS.message.choices, ['image', 'compressed', ...NATIVE.slice(1)]);
  });

  it('finds a row by its type', () => {
    for (const row of Object.values(IMAGE_MESSAGES)) assert.equal(imageMessage(row.type), row);
    assert.equal(imageMessage('std_msgs/msg/Bool'), undefined);
  });

  it('marks as native the messages of native subscriptions, and as lent those of the native publisher', () => {
    const typesIn = (file: string): string[] => [
      ...new Set(
        [...readFileSync(join(packageRoot, file), 'utf8').matchAll(/"(\w+\/msg\/\w+)"/g)].map(
          ([, type]) => type!,
        ),
      ),
    ];
    const rows = Object.entries(IMAGE_MESSAGES);
    const native = rows.filter(([, row]) => row.native);
    assert.deepEqual(
      native.map(([name]) => name),
      NATIVE,
    );
    assert.deepEqual(
      typesIn('native/ros/subscriber.cc'),
      native.map(([, { type }]) => type),
    );
    assert.deepEqual(
      typesIn('native/ros/publisher.cc'),
      rows.filter(([, row]) => 'hbm' in row).map(([, { type }]) => type),
    );
  });

  it('reads stamp and pixels that the stand-in writes', async () => {
    const jpeg = (): Promise<Uint8Array> => assert.fail('no JPEG of nv12');
    const frame = nv12Frame(Uint8Array.of(16, 50, 90, 130, 100, 140), { width: 2, height: 2 });
    const stamp = { sec: 1_700_000_000, nanosec: 7 };
    for (const name of STAND_IN_NAMES.filter((name) => name !== 'compressed')) {
      const row = IMAGE_MESSAGES[name];
      const { type, standIn, stampAt } = row;
      const sent = { type, topic: standIn.topic, qos: standIn.qos };
      const form = standIn.form(sent, { jpeg, hbmEncoding: 'nv12' });
      const message = await form.write(frame, 'cam');
      form.setStamp(message, stamp, 9);
      assert.deepEqual([message.readInt32LE(stampAt), message.readUInt32LE(stampAt + 4)], [1_700_000_000, 7]);
      const image = row.read(message, new CameraImageReader(1));
      assert.deepEqual(image.stamp, stamp, name);
      const { data, lumaOffset } = await image.pixels();
      assert.deepEqual([...data.subarray(lumaOffset, lumaOffset + 6)], [...frame.data], name);
    }
  });

  it('reads the JPEG that the stand-in writes', async () => {
    const [width, height] = [64, 32];
    const gray = nv12Frame(new Uint8Array((width * height * 3) / 2).fill(128), { width, height });
    const stamp = { sec: 1_700_000_000, nanosec: 7 };
    for (const name of ['compressed', 'hbm480p', 'hbm540p', 'hbm1080p'] as const) {
      const form = messageForm(name, 'auto', 'jpeg');
      assert.equal(form.encoding, 'jpeg');
      const message = await form.write(gray, 'cam');
      const restored = form.restore(form.keep(message));
      form.setStamp(restored, stamp, 9);
      const image = IMAGE_MESSAGES[name].read(restored, new CameraImageReader(1));
      assert.deepEqual(image.stamp, stamp, name);
      const pixels = await image.pixels();
      assert.deepEqual([pixels.width, pixels.height], [width, height], name);
      const luma = pixels.data.subarray(pixels.lumaOffset, pixels.lumaOffset + width);
      assert.ok(
        luma.every((value) => Math.abs(value - 128) <= 2),
        `${name}: ${luma.join()}`,
      );
    }
  });
});
