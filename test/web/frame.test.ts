import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import fc from 'fast-check';
import { OutlineTracer } from '../../src/vision/mask/outlines.js';
import { ContourWriter, MaskPacker, withContours } from '../../src/web/protocol/frame-contours.js';
import { FRAME_VERSION, HEADER } from '../../src/web/protocol/frame-format.js';
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
  const outlines = new OutlineTracer().trace(segmentation, { tolerance: 0 });
  return withContours(withoutContours(), outlines);
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

  it('has the same contours when another thread adds them, whether masks are runs or cells', () => {
    const cells = segmentation.instances.map((instance) => ({
      ...instance,
      mask: { ...instance.mask, runs: undefined },
    }));
    const writer = new ContourWriter();
    for (const instances of [segmentation.instances, cells, segmentation.instances]) {
      const masks = structuredClone(new MaskPacker().pack({ ...segmentation, instances }));
      assert.ok(Buffer.from(written()).equals(writer.add(withoutContours(), masks, 0)));
    }
  });

  it('can do without contours, and without instances', () => {
    const { instances } = readFrame(withoutContours());
    assert.deepEqual(
      instances.map(({ contours }) => contours.length),
      segmentation.instances.map(() => 0),
    );
    const nothing = { ...segmentation, instances: [], zones };
    const frame = writeFrame({ camera: 0, sequence: 1, stamp, segmentation: nothing, timings });
    const read = readFrame(new ContourWriter().add(frame, new MaskPacker().pack(nothing), 1));
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
