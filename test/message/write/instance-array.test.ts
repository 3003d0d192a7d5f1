import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import fc from 'fast-check';
import type { Mask } from '../../../src/vision/mask/segmentation.js';
import { InstanceArrayWriter } from '../../../src/message/write/instance-array.js';
import { CdrOutput } from '../../../src/message/write/cdr-output.js';
import { MaskRuns } from '../../../src/vision/mask/runs.js';
import { busyStreet, EMPTY, HEADER, hex, LABELS, mask, readBack, SEGMENTATION, TRACKED } from './samples.js';

interface InstanceArray {
  header: unknown;
  instances: { mask: { x: number; y: number; width: number; height: number; runs: Uint16Array } }[];
}

/** The decoding that msg/Mask.msg gives for C++. */
function decodeRuns(runs: Iterable<number>): Uint8Array {
  const cells: number[] = [];
  let i = 0;
  for (const run of runs) {
    for (let n = 0; n < run; n++) cells.push(i % 2);
    i++;
  }
  return Uint8Array.from(cells);
}

describe('InstanceArrayWriter', () => {
  it('writes the ids of tracked objects', () => {
    const writer = new InstanceArrayWriter(LABELS);
    const { instances } = readBack<{ instances: { id: string }[] }>(
      writer.type,
      writer.write(HEADER, TRACKED),
    );
    assert.deepEqual(
      instances.map(({ id }) => id),
      ['17', '5000000000', ''],
    );
  });

  it('writes every field', () => {
    const writer = new InstanceArrayWriter(LABELS);
    const timings = { preprocess: 1.5, inference: 9.25, decode: 3 };
    const cdr = writer.write(HEADER, SEGMENTATION, timings);
    assert.deepEqual(readBack(writer.type, cdr), {
      header: { stamp: HEADER.stamp, frame_id: 'camera' },
      image_width: 16,
      image_height: 12,
      mask_width: 8,
      mask_height: 6,
      preprocess_ms: 1.5,
      inference_ms: 9.25,
      decode_ms: 3,
      instances: [
        {
          class_id: 1,
          class_name: 'Möwe',
          score: 0.75,
          id: '',
          box: { x: 1.5, y: 2, width: 6.75, height: 4 },
          mask: { x: 1, y: 1, width: 3, height: 2, runs: Uint16Array.of(1, 5) },
        },
        {
          class_id: 2,
          class_name: '红绿灯',
          score: 0.5,
          id: '',
          box: { x: 4, y: 2, width: 12, height: 10 },
          mask: { x: 2, y: 1, width: 3, height: 3, runs: Uint16Array.of(0, 2, 1, 1, 1, 4) },
        },
        {
          class_id: 7,
          class_name: '7',
          score: 0.25,
          id: '',
          box: { x: 0, y: 0, width: 1, height: 1 },
          mask: { x: 0, y: 0, width: 0, height: 0, runs: new Uint16Array(0) },
        },
      ],
    });
  });

  it('writes bytes according to the CDR rules', () => {
    const one = { ...SEGMENTATION, instances: [SEGMENTATION.instances[0]!] };
    const cdr = new InstanceArrayWriter(LABELS).write({ stamp: { sec: 1, nanosec: 2 }, frameId: 'c' }, one);
    const expected = hex(`
      00 01 00 00
      01 00 00 00  02 00 00 00              # stamp
      02 00 00 00  63 00  00 00             # frame_id "c", padding
      10 00 00 00  0c 00 00 00              # image 16 x 12
      08 00 00 00  06 00 00 00              # grid 8 x 6
      00 00 00 00  00 00 00 00  00 00 00 00 # no timings
      01 00 00 00                           # one instance
      01 00  00 00                          # class_id, padding
      06 00 00 00  4d c3 b6 77 65 00  00 00 # "Möwe": 5 bytes and NUL, padding
      00 00 40 3f                           # score 0.75
      01 00 00 00  00  00 00 00             # id "", padding
      00 00 c0 3f  00 00 00 40  00 00 d8 40  00 00 80 40   # box 1.5, 2, 6.75, 4
      01 00 00 00  01 00 00 00  03 00 00 00  02 00 00 00   # crop 1, 1, 3 x 2
      02 00 00 00  01 00  05 00             # runs 1 out, 5 in
    `);
    assert.deepEqual(Buffer.from(cdr), expected);
  });

  it('writes a message for a picture without instances', () => {
    const writer = new InstanceArrayWriter(LABELS);
    assert.deepEqual(readBack<InstanceArray>(writer.type, writer.write(HEADER, EMPTY)).instances, []);
  });

  it('carries twenty masks of a 1080p picture in less than 40 kB, without loss', () => {
    const street = busyStreet();
    const writer = new InstanceArrayWriter(LABELS);
    const cdr = writer.write(HEADER, street);
    assert.ok(cdr.length < 40_000, `${cdr.length} bytes`);
    const { instances } = readBack<InstanceArray>(writer.type, cdr);
    for (const [i, instance] of instances.entries()) {
      assert.deepEqual(decodeRuns(instance.mask.runs), street.instances[i]!.mask.data);
    }
  });

  it('starts anew with each message', () => {
    const writer = new InstanceArrayWriter(LABELS);
    const first = writer.write(HEADER, SEGMENTATION).slice();
    writer.write(HEADER, busyStreet());
    assert.deepEqual(writer.write(HEADER, SEGMENTATION), first);
  });
});

describe('run lengths of masks', () => {
  const out = new CdrOutput();
  const maskRuns = new MaskRuns();
  const encode = (crop: Mask): number[] => {
    maskRuns.read(crop);
    out.begin();
    out.runLengths(maskRuns.edges, maskRuns.count, crop.width * crop.height);
    const bytes = out.end();
    const view = new DataView(bytes.buffer, bytes.byteOffset + 4);
    return Array.from({ length: view.getUint32(0, true) }, (_, i) => view.getUint16(4 + 2 * i, true));
  };
  const row = (...lengths: number[]): Mask => {
    const data = decodeRuns(lengths);
    return { x: 0, y: 0, width: data.length, height: 1, data };
  };

  it('begin with the cells outside', () => {
    assert.deepEqual(encode(mask(0, 0, '##.')), [0, 2, 1]);
    assert.deepEqual(encode(mask(0, 0, '..#')), [2, 1]);
    assert.deepEqual(encode(mask(0, 0, '...')), [3]);
    assert.deepEqual(encode(mask(0, 0, '###')), [0, 3]);
    assert.deepEqual(encode(mask(0, 0)), []);
  });

  it('split long runs', () => {
    assert.deepEqual(encode(row(65_535, 65_536, 1)), [65_535, 65_535, 0, 1, 1]);
    assert.deepEqual(encode(row(0, 200_000)), [0, 65_535, 0, 65_535, 0, 65_535, 0, 3_395]);
  });

  it('are decoded by the recipe of Mask.msg, also beyond the first capacity', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 300 }), fc.infiniteStream(fc.boolean()), (side, cells) => {
        const data = Uint8Array.from({ length: side * side }, () => (cells.next().value === true ? 1 : 0));
        assert.deepEqual(decodeRuns(encode({ x: 0, y: 0, width: side, height: side, data })), data);
      }),
      { numRuns: 20 },
    );
  });

  it('cover the crop only', () => {
    // A buffer that is used again may be longer than the mask.
    const longer = { x: 0, y: 0, width: 2, height: 1, data: Uint8Array.of(0, 0, 0, 1).subarray(1) };
    assert.deepEqual(encode(longer), [2]);
  });
});
