import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { CdrEncoder, cdrText } from '../../../src/message/write/cdr-encoder.js';
import { messageType } from '../../../src/message/message-type.js';
import { DepthImageReader } from '../../../src/message/read/depth-image.js';

interface Fields {
  width: number;
  height: number;
  encoding: string;
  step: number;
  is_bigendian?: number;
  data: Uint8Array;
}

const encoder = new CdrEncoder<object>(messageType('sensor_msgs/Image'));

function image(fields: Fields): Uint8Array {
  const header = { stamp: { sec: 5, nanosec: 6 }, frame_id: cdrText('depth') };
  return Uint8Array.from(encoder.write({ header, ...fields, encoding: cdrText(fields.encoding) }));
}

/** The message's bytes at an offset of a larger buffer. */
function shifted(cdr: Uint8Array, offset: number): Uint8Array {
  const buffer = new Uint8Array(cdr.length + offset);
  buffer.set(cdr, offset);
  return buffer.subarray(offset);
}

const VALUES = [1000, 0, 65535, 1234, 5, 60000];
const words = (values: readonly number[]): Uint8Array => new Uint8Array(Uint16Array.from(values).buffer);

describe('DepthImageReader', () => {
  for (const encoding of ['16UC1', 'mono16']) {
    it(`views ${encoding} in place`, () => {
      const cdr = image({ width: 3, height: 2, encoding, step: 6, data: words(VALUES) });
      const { depth, ...rest } = new DepthImageReader().read(cdr);
      assert.deepEqual(rest, { stamp: { sec: 5, nanosec: 6 }, frameId: 'depth', encoding });
      assert.deepEqual([...depth.data], VALUES);
      assert.ok(depth.data instanceof Uint16Array);
      assert.equal(depth.data.buffer, cdr.buffer, 'no copy');
    });
  }

  it('views 32FC1 in place', () => {
    const data = new Uint8Array(Float32Array.of(1.5, NaN, 2.25, 0).buffer);
    const cdr = image({ width: 2, height: 2, encoding: '32FC1', step: 8, data });
    const { depth } = new DepthImageReader().read(cdr);
    assert.deepEqual([...depth.data], [1.5, NaN, 2.25, 0]);
    assert.ok(depth.data instanceof Float32Array && depth.data.buffer === cdr.buffer);
  });

  it('copies data that typed arrays cannot view: odd offsets, gaps between rows, the other byte order', () => {
    const reader = new DepthImageReader();
    const cdr = image({ width: 3, height: 2, encoding: '16UC1', step: 6, data: words(VALUES) });
    for (const offset of [0, 1, 2, 3, 7])
      assert.deepEqual([...reader.read(shifted(cdr, offset)).depth.data], VALUES);
    const gaps = image({ width: 2, height: 2, encoding: '16UC1', step: 6, data: words(VALUES) });
    assert.deepEqual([...reader.read(gaps).depth.data], [1000, 0, 1234, 5]);
    const swapped = Buffer.from(words(VALUES)).swap16();
    const big = image({ width: 3, height: 2, encoding: '16UC1', step: 6, is_bigendian: 1, data: swapped });
    assert.deepEqual([...reader.read(big).depth.data], VALUES);
    const floats = Buffer.from(Float32Array.of(1.5, -2).buffer).swap32();
    const bigFloats = image({
      width: 2,
      height: 1,
      encoding: '32FC1',
      step: 8,
      is_bigendian: 1,
      data: floats,
    });
    assert.deepEqual([...reader.read(bigFloats).depth.data], [1.5, -2]);
  });

  it('accepts a step of 0 for rows without gaps, and a last row without its gap', () => {
    const reader = new DepthImageReader();
    const none = image({ width: 3, height: 2, encoding: '16UC1', step: 0, data: words(VALUES) });
    assert.deepEqual([...reader.read(none).depth.data], VALUES);
    const short = image({ width: 2, height: 2, encoding: '16UC1', step: 8, data: words(VALUES) });
    assert.deepEqual([...reader.read(short).depth.data], [1000, 0, 5, 60000]);
  });

  it('refuses color, disparity, empty and truncated images, and says what to do', () => {
    const reader = new DepthImageReader();
    const refused = (fields: Partial<Fields>, message: RegExp): void => {
      const cdr = image({ width: 3, height: 2, encoding: '16UC1', step: 6, data: words(VALUES), ...fields });
      assert.throws(() => reader.read(cdr), message);
    };
    refused(
      { encoding: 'bgr8' },
      /Expected a depth picture: 16UC1 or mono16 .* but received bgr8.*parameter depth/,
    );
    refused({ encoding: '' }, /received an image without an encoding/);
    refused({ width: 0 }, /width of a depth picture/);
    refused({ height: 100_000 }, /height of a depth picture/);
    refused(
      { height: 3 },
      /Expected 3 rows of at least 6 bytes of 16UC1 but received 12 bytes, 6 from row to row/,
    );
    refused({ step: 4 }, /4 from row to row/);
    refused({ encoding: '32FC1' }, /rows of at least 12 bytes/);
    assert.throws(() => reader.read(new Uint8Array(7)), /truncated/);
  });
});
