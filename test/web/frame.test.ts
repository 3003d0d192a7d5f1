import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import fc from 'fast-check';
import { addon } from '../../src/native/addon.js';
import { OutlineTracer } from '../../src/vision/mask/outlines.js';
import { addContours, MaskPacker } from '../../src/web/protocol/frame-contours.js';
import { FRAME_VERSION, HEADER, HEADER_BYTES, INSTANCE } from '../../src/web/protocol/frame-format.js';
import { readFrame } from '../../src/web/protocol/frame-reader.js';
import { writeFrame } from '../../src/web/protocol/frame-writer.js';
import { truthFrame } from './fixture.js';

const { segmentation } = truthFrame();
const zones = [
  {
    name: 'door',
    kind: 'zone',
    corners: [10, 20.5, 200, 20, 200, 300],
    classes: [
      { classId: 0, present: 2, entered: 5, left: 3, meanDwell: 1, longestStay: 2 },
      { classId: 3, present: 1, entered: 70_000, left: 1, meanDwell: 1, longestStay: 2 },
    ],
  },
  { name: 'gate-2', kind: 'line', corners: [0, 0, 640, 360], classes: [] },
] as const;
const timings = { wait: 1, preprocess: 2, inference: 12, decode: 3 };
const stamp = { sec: 7, nanosec: 8 };

function written(): Uint8Array {
  return addContours(withoutContours(), new MaskPacker().pack(segmentation), 0);
}

function withoutContours(): Uint8Array {
  return writeFrame({
    ...{ camera: 2, sequence: 9, stamp, segmentation: { ...segmentation, zones }, timings },
    distanceOf: (i) => (i === 1 ? 2.5 : undefined),
  });
}

describe("the page's message of a frame", () => {
  it('is read back as it was written, with every point of every contour', () => {
    const outlines = new OutlineTracer().trace(segmentation, { tolerance: 0 });
    const frame = readFrame(written());
    assert.deepEqual(
      [frame.camera, frame.sequence, frame.width, frame.height, frame.sec, frame.nanosec],
      [2, 9, 640, 360, 7, 8],
    );
    assert.deepEqual(frame.timings, timings);
    assert.equal(frame.instances.length, segmentation.instances.length);
    assert.ok(frame.instances.length >= 4);
    let contour = 0;
    let point = 0;
    for (const [i, instance] of frame.instances.entries()) {
      const { classId, score, box, trackId, mask } = segmentation.instances[i]!;
      assert.deepEqual([instance.classId, instance.trackId], [classId, trackId]);
      assert.ok(Math.abs(instance.score - score) < 1e-6);
      const { x1, y1, x2, y2 } = instance;
      assert.deepEqual({ x1, y1, x2, y2 }, box);
      assert.equal(
        instance.area,
        mask.data.reduce((sum, cell) => sum + cell, 0),
      );
      assert.deepEqual(instance.distance, i === 1 ? 2.5 : NaN);
      assert.equal(contour + instance.contours.length, outlines.instanceEnds[i]);
      for (const { hole, points } of instance.contours) {
        assert.equal(hole, outlines.holes[contour] === 1);
        assert.deepEqual([...points], [...outlines.points.subarray(point, outlines.ends[contour])]);
        point = outlines.ends[contour++]!;
      }
    }
    assert.ok(
      frame.instances.some(({ contours }) => contours.some(({ hole }) => hole)),
      'a ring has a hole',
    );
    assert.deepEqual(
      frame.zones.map(({ corners, ...zone }) => ({ ...zone, corners: [...corners] })),
      [
        ...[
          {
            name: 'door',
            kind: 'zone',
            corners: [...zones[0].corners],
            present: 3,
            entered: 70_005,
            left: 4,
          },
        ],
        { name: 'gate-2', kind: 'line', corners: [...zones[1].corners], present: 0, entered: 0, left: 0 },
      ],
    );
    assert.equal(frame.picture.length, 0);
  });

  it('has the same contours whether masks are runs or cells, and in shared memory', () => {
    const cells = segmentation.instances.map((instance) => ({
      ...instance,
      mask: { ...instance.mask, runs: undefined },
    }));
    const packer = new MaskPacker();
    for (const instances of [segmentation.instances, cells, segmentation.instances]) {
      const packed = packer.pack({ ...segmentation, instances });
      const masks = new Int32Array(new SharedArrayBuffer(packed.byteLength));
      masks.set(packed);
      assert.ok(Buffer.from(written()).equals(addContours(withoutContours(), masks, 0)));
    }
  });

  it('has contours of the tolerance that is given in pixels, on a grid coarser than the picture', () => {
    const { maskWidth, maskHeight, instances } = segmentation;
    const large = { ...segmentation, width: 4 * maskWidth, height: 4 * maskHeight };
    for (const tolerance of [0, 1, 4, 12]) {
      const wanted = new OutlineTracer().trace({ ...large, instances }, { tolerance });
      const bytes = addContours(withoutContours(), new MaskPacker().pack(large), tolerance);
      const contours = readFrame(bytes).instances.flatMap((instance) => instance.contours);
      assert.equal(contours.length, wanted.instanceEnds[instances.length - 1]);
      const points = contours.flatMap((contour) => [...contour.points]);
      assert.deepEqual(points, [...wanted.points.subarray(0, wanted.ends[contours.length - 1])]);
    }
  });

  it('gets no contours that do not belong to it', () => {
    const message = withoutContours();
    const masks = new MaskPacker().pack(segmentation).slice();
    const changed = <T extends Uint8Array | Int32Array>(of: T, at: number, value: number): T => {
      const copy = of.slice() as T;
      copy[at] = value;
      return copy;
    };
    const [, , , , , , width, , runs] = masks as unknown as number[] as [number, ...number[]];
    const count = segmentation.instances.length;
    const last = segmentation.instances.at(-1)!.mask.runs!.length;
    for (const [wrong, others, expected, found] of [
      [new Uint8Array(0), masks, 'a message with a header of 76 bytes', '0 bytes'],
      [message.slice(0, 75), masks, 'a message with a header of 76 bytes', '75 bytes'],
      [message.slice(0, 80), masks, `a message of ${count} instances without contours`, 'one whose zones'],
      [addContours(message, masks, 1), masks, 'a message of', 'one whose zones begin at byte'],
      [message, masks.slice(0, 4), `a mask for each of ${count} instances`, '0 masks'],
      [message, masks.slice(0, -1), `the runs of mask ${count}`, `${last} numbers of ${last - 1}`],
      [message, changed(masks, 6, 0x8001), 'a mask of at most 32768 cells a row', 'mask 1 of 32769'],
      [message, changed(masks, 6, 0x7fffffff), 'a mask of at most 32768', 'mask 1 of 2147483647'],
      [
        message,
        changed(masks, 8, runs! - 1),
        'the runs of mask 1 in order',
        `${runs! - 1} numbers, of which two make`,
      ],
      [message, changed(masks, 8, -2), 'the runs of mask 1', '-2 numbers'],
      [message, changed(masks, 8, 0x7fffffff), 'the runs of mask 1', '2147483647 numbers'],
      [message, changed(masks, 9, -1), 'the runs of mask 1 in order', 'run 1 from cell -1 to '],
      [
        message,
        changed(masks, 10, width! * 0x8000 + 1),
        'the runs of mask 1 in order',
        `run 1 from cell ${masks[9]} to ${width! * 0x8000 + 1}, of at most ${width! * 0x8000} cells, ${width} a row`,
      ],
      [
        message,
        changed(masks, 10, 0),
        'the runs of mask 1 in order',
        `run 1 from cell ${masks[9]} to 0, of at most`,
      ],
      [
        message,
        changed(masks, 11, masks[10]! - 1),
        'the runs of mask 1 in order',
        `run 2 from cell ${masks[10]! - 1} to ${masks[12]}, after one that ends at ${masks[10]}, of at most`,
      ],
    ] as const)
      assert.throws(
        () => addContours(wrong, others, 1),
        (error: Error) => {
          const [before, after] = error.message.split(' but received ') as [string, string];
          assert.ok(error instanceof TypeError && before.startsWith(`Expected ${expected}`), error.message);
          assert.ok(after.startsWith(found), error.message);
          return true;
        },
      );
    for (const limit of [-1, NaN]) {
      assert.throws(
        () => addon().addContours(message, masks, limit, 4),
        /a number from 0 for tolerance but received (-1|nan)/,
      );
      assert.throws(
        () => addon().addContours(message, masks, 1, limit),
        /a number from 0 for leastArea but received (-1|nan)/,
      );
    }
    for (const [wrong, others] of [
      [new Int8Array(message), masks],
      [message, new Uint32Array(masks)],
    ] as unknown as [Uint8Array, Int32Array][])
      assert.throws(() => addContours(wrong, others, 1), /^TypeError: Expected .* but received/);
  });

  it('has no contours of an empty mask, whatever was written before', () => {
    const message = withoutContours();
    message[HEADER_BYTES + INSTANCE.contours] = 3;
    const masks = new MaskPacker().pack(segmentation).slice();
    masks[6] = 0;
    const [first, second] = readFrame(addContours(message, masks, 1)).instances;
    assert.equal(first!.contours.length, 0);
    assert.ok(second!.contours.length > 0);
  });

  it('can do without contours, and without instances', () => {
    const { instances } = readFrame(withoutContours());
    assert.deepEqual(
      instances.map(({ contours }) => contours.length),
      segmentation.instances.map(() => 0),
    );
    const nothing = { ...segmentation, instances: [], zones };
    const frame = writeFrame({ camera: 0, sequence: 1, stamp, segmentation: nothing, timings });
    const read = readFrame(addContours(frame, new MaskPacker().pack(nothing), 1));
    assert.deepEqual([read.instances.length, read.zones.length], [0, 2]);
  });

  it('has the picture at its end', () => {
    const message = Buffer.concat([written(), Buffer.from('jpeg')]);
    assert.equal(Buffer.from(readFrame(message).picture).toString(), 'jpeg');
  });

  it('is refused if it is truncated, of another format, or of another version', () => {
    const whole = written();
    for (let length = 0; length < whole.length; length++)
      assert.throws(() => readFrame(whole.slice(0, length)));
    assert.throws(() => readFrame(new Uint8Array(100)), /not a frame/);
    const other = whole.slice();
    other[HEADER.version] = FRAME_VERSION + 1;
    assert.throws(() => readFrame(other), new RegExp(`version ${FRAME_VERSION + 1}, not ${FRAME_VERSION}`));
  });

  it('is never read beyond its end, whatever its bytes say', () => {
    const whole = written();
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { maxLength: 12 }), (changes) => {
        const bytes = whole.slice();
        for (const [at, value] of changes) bytes[at] = value;
        try {
          readFrame(bytes);
        } catch (error) {
          assert.ok(error instanceof Error);
        }
      }),
      { numRuns: 300 },
    );
  });
});
