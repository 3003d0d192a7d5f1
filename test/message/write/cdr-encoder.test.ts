import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import fc from 'fast-check';
import { MessageWriter } from '@foxglove/rosmsg2-serialization';
import { CdrEncoder, cdrText } from '../../../src/message/write/cdr-encoder.js';
import { messageType, MessageType } from '../../../src/message/message-type.js';
import { hex, readBack } from './samples.js';

const HEADER_TYPE = messageType('std_msgs/Header');
const COMPRESSED_TYPE = messageType('sensor_msgs/CompressedImage');

describe('CdrEncoder', () => {
  it('writes bytes according to the CDR rules', () => {
    const cdr = new CdrEncoder(HEADER_TYPE).write({
      stamp: { sec: -1, nanosec: 999_999_999 },
      frame_id: cdrText('cam'),
    });
    const expected = hex(`
      00 01 00 00   # plain CDR, little-endian; no options
      ff ff ff ff   # sec -1
      ff c9 9a 3b   # nanosec 999999999
      04 00 00 00   # a string of 4 bytes
      63 61 6d 00   # "cam" and its NUL
    `);
    assert.deepEqual(Buffer.from(cdr), expected);
  });

  it('writes non-ASCII strings completely', () => {
    const encoder = new CdrEncoder(HEADER_TYPE);
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (frameId) => {
        fc.pre(!frameId.includes('\0'));
        const cdr = encoder.write({ stamp: { sec: 0, nanosec: 0 }, frame_id: cdrText(frameId) });
        assert.equal(readBack<{ frame_id: string }>(HEADER_TYPE, cdr).frame_id, frameId);
      }),
    );
  });

  it('uses one buffer for all messages and grows it', () => {
    const encoder = new CdrEncoder<{ frame_id: Uint8Array }>(HEADER_TYPE);
    const first = encoder.write({ frame_id: cdrText('a') });
    const second = encoder.write({ frame_id: cdrText('b') });
    assert.equal(first.buffer, second.buffer);
    const long = 'x'.repeat(100_000);
    const third = encoder.write({ frame_id: cdrText(long) });
    assert.equal(readBack<{ frame_id: string }>(HEADER_TYPE, third).frame_id, long);
    assert.equal(encoder.write({ frame_id: cdrText('c') }).buffer, third.buffer);
  });

  it('reserves space for data as MessageWriter would write it', () => {
    const encoder = new CdrEncoder<{ header: object; format: Uint8Array }>(COMPRESSED_TYPE);
    for (const length of [0, 1, 3, 5_000, 100]) {
      const data = Uint8Array.from({ length }, (_, i) => i % 251);
      const written = encoder.writeWithData(
        { header: { frame_id: cdrText('cam') }, format: cdrText('jpeg') },
        length,
      );
      written.data.set(data);
      const expected = new MessageWriter([...COMPRESSED_TYPE.definitions]).writeMessage({
        header: { frame_id: 'cam' },
        format: 'jpeg',
        data,
      });
      assert.deepEqual(Buffer.from(written.bytes), Buffer.from(expected));
    }
  });

  it('leaves out fields that an older definition lacks, and writes unknown fields as zero or empty', () => {
    const older = new MessageType('std_msgs/msg/Header', 'builtin_interfaces/Time stamp\n');
    const newer = new MessageType('std_msgs/msg/Header', 'string origin\nstring frame_id\nuint8 quality\n');
    const message = { stamp: { sec: 1, nanosec: 2 }, frame_id: cdrText('cam') };
    assert.deepEqual(readBack(older, new CdrEncoder(older).write(message)), { stamp: message.stamp });
    assert.deepEqual(readBack(newer, new CdrEncoder(newer).write(message)), {
      origin: '',
      frame_id: 'cam',
      quality: 0,
    });
  });
});
