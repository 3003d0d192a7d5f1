import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { DepthImageReader } from '../../../src/message/read/depth-image.js';
import { imageView } from '../../../src/message/read/image-message.js';
import { DetectionArray3DWriter } from '../../../src/message/write/detection-array-3d.js';
import { Labels } from '../../../src/message/write/labels.js';
import { MarkerArrayWriter } from '../../../src/message/write/marker-array.js';
import { MaskedDepthWriter } from '../../../src/message/write/masked-depth.js';
import { PointCloudWriter } from '../../../src/message/write/point-cloud.js';
import { PerceptionTargetsWriter } from '../../../src/message/write/perception-targets.js';
import { paletteColor } from '../../../src/vision/picture/palette.js';
import { DEPTH_HEADER, depthContent, OBJECTS } from './depth-samples.js';
import { hex, readBack } from './samples.js';

const LABELS = new Labels(['person', 'Möwe', 'cup']);
const header = { stamp: DEPTH_HEADER.stamp, frame_id: 'depth_optical' };
const NOTHING = { ...OBJECTS, instances: [] };

interface Vector {
  readonly x: number;
  readonly y: number;
  readonly z: number;
}
interface Pose {
  readonly position: Vector;
  readonly orientation: Vector & { readonly w: number };
}

function near(actual: Vector, expected: readonly number[], tolerance = 1e-3): void {
  const values = [actual.x, actual.y, actual.z];
  values.forEach((value, i) =>
    assert.ok(Math.abs(value - expected[i]!) < tolerance, `${values.join(' ')} not ${expected.join(' ')}`),
  );
}

describe('PointCloudWriter', () => {
  interface PointCloud2 {
    readonly header: unknown;
    readonly height: number;
    readonly width: number;
    readonly fields: readonly { name: string; offset: number; datatype: number; count: number }[];
    readonly is_bigendian: boolean;
    readonly point_step: number;
    readonly row_step: number;
    readonly data: Uint8Array;
    readonly is_dense: boolean;
  }
  const writer = new PointCloudWriter();

  it('writes the points of each object with color, class, score and id', () => {
    const { data, fields, ...message } = readBack<PointCloud2>(writer.type, writer.write(depthContent()));
    // 8 x 18 and 6 x 4: the masks without a band of a pixel.
    const count = 8 * 18 + 6 * 4;
    assert.deepEqual(message, {
      ...{
        header,
        height: 1,
        width: count,
        is_bigendian: false,
        point_step: 28,
        row_step: 28 * count,
        is_dense: true,
      },
    });
    assert.deepEqual(
      fields.map(({ name, offset, datatype, count: one }) => `${name} ${offset} ${datatype} ${one}`),
      [
        'x 0 7 1',
        'y 4 7 1',
        'z 8 7 1',
        'rgb 12 7 1',
        'class_id 16 6 1',
        'confidence 20 7 1',
        'instance_id 24 6 1',
      ],
    );
    assert.equal(data.length, 28 * count);
    const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
    const point = (index: number): number[] => [
      ...[0, 4, 8].map((offset) => view.getFloat32(28 * index + offset, true)),
      ...[12, 16].map((offset) => view.getUint32(28 * index + offset, true)),
      view.getFloat32(28 * index + 20, true),
      view.getUint32(28 * index + 24, true),
    ];
    const hexOf = (index: number): number =>
      paletteColor(index).reduce((sum, channel) => 256 * sum + channel, 0);
    const f = Math.fround;
    assert.deepEqual(point(0), [f(((5 - 20) / 50) * 2), f(((6 - 15) / 50) * 2), 2, hexOf(17), 0, 0.75, 17]);
    assert.deepEqual(point(8 * 18), [f((21 - 20) / 50), f((11 - 15) / 50), 1, hexOf(1), 1, 0.5, 2]);
  });

  it('writes an empty cloud for an empty picture, so that obstacles of the last frame are cleared', () => {
    const { width, data, fields } = readBack<PointCloud2>(
      writer.type,
      writer.write(depthContent('meters', NOTHING)),
    );
    assert.deepEqual([width, data.length, fields.length], [0, 0, 7]);
  });

  it('writes exactly these bytes', () => {
    const cdr = writer.write(depthContent('millimeters', NOTHING));
    assert.deepEqual(
      Buffer.from(cdr).toString('hex'),
      Buffer.from(
        hex(`00010000 00f15365 00e1f505 0e000000 64657074685f6f70746963616c00 0000 # stamp, depth_optical
          01000000 00000000 07000000 # height, width, fields
          02000000 7800 0000 00000000 07 000000 01000000 # x
          02000000 7900 0000 04000000 07 000000 01000000
          02000000 7a00 0000 08000000 07 000000 01000000
          04000000 72676200 0c000000 07 000000 01000000
          09000000 636c6173735f696400 000000 10000000 06 000000 01000000
          0b000000 636f6e666964656e636500 00 14000000 07 000000 01000000
          0c000000 696e7374616e63655f696400 18000000 06 000000 01000000
          00 000000 1c000000 00000000 00000000 01 # is_bigendian, point_step, row_step, data, is_dense`),
      ).toString('hex'),
    );
  });
});

describe('DetectionArray3DWriter', () => {
  interface Detection3DArray {
    readonly header: unknown;
    readonly detections: readonly {
      readonly header: unknown;
      readonly results: readonly {
        readonly hypothesis: unknown;
        readonly pose: { readonly pose: Pose; readonly covariance: Float64Array };
      }[];
      readonly bbox: { readonly center: Pose; readonly size: Vector };
      readonly id: string;
    }[];
  }
  const writer = new DetectionArray3DWriter(LABELS);

  it('writes position with covariance, upright box, class, score and id', () => {
    const message = readBack<Detection3DArray>(writer.type, writer.write(depthContent()));
    assert.deepEqual(message.header, header);
    assert.equal(message.detections.length, 2, 'none without points');
    const [person, gull] = message.detections;
    assert.deepEqual([person!.id, gull!.id], ['17', '']);
    assert.deepEqual(person!.header, header);
    assert.deepEqual(person!.results[0]!.hypothesis, { class_id: 'person', score: 0.75 });
    assert.deepEqual(gull!.results[0]!.hypothesis, { class_id: 'Möwe', score: 0.5 });
    // Columns 4 to 13, rows 5 to 24 at 2 m and f 50: 0.4 x 0.8 m.
    near(person!.bbox.center.position, [((8.5 - 20) / 50) * 2, ((14.5 - 15) / 50) * 2, 2]);
    near(person!.bbox.size, [0, 0.4, 0.8]);
    near(person!.results[0]!.pose.pose.position, [-0.46, -0.02, 2]);
    // x away, y to the left, z up, in a frame whose x points right, y down, z away.
    const { x, y, z, w } = person!.bbox.center.orientation;
    assert.deepEqual(
      [x, y, z, w].map((value) => Math.round(100 * value) / 100),
      [0.5, -0.5, 0.5, 0.5],
    );
    const { covariance } = person!.results[0]!.pose;
    const at = (row: number, column: number): number => covariance[6 * row + column]!;
    for (let i = 0; i < 3; i++) for (let k = 0; k < 3; k++) assert.equal(at(i, k), at(k, i));
    assert.ok(
      Math.sqrt(at(2, 2)) > 0.015 && Math.sqrt(at(2, 2)) < 0.025,
      '1 % of 2 m along the line of sight',
    );
    for (let i = 3; i < 6; i++) assert.ok(at(i, i) > 0.8, 'angles are not measured');
    assert.equal(at(0, 3), 0);
  });

  it('writes an empty list for an empty picture', () => {
    assert.deepEqual(readBack(writer.type, writer.write(depthContent('meters', NOTHING))), {
      header,
      detections: [],
    });
  });
});

describe('MarkerArrayWriter', () => {
  interface Marker {
    readonly header: unknown;
    readonly ns: string;
    readonly id: number;
    readonly type: number;
    readonly action: number;
    readonly pose: Pose;
    readonly scale: Vector;
    readonly color: { readonly r: number; readonly g: number; readonly b: number; readonly a: number };
    readonly text: string;
    readonly mesh_use_embedded_materials: boolean;
  }
  const writer = new MarkerArrayWriter(LABELS);

  it('deletes former markers, then draws a box and a text for each object', () => {
    const { markers } = readBack<{ markers: readonly Marker[] }>(writer.type, writer.write(depthContent()));
    assert.deepEqual(
      markers.map(({ ns, id, type, action, text }) => `${ns} ${id} ${type} ${action} ${text}`),
      [
        ' 0 1 3 ',
        'boxes 0 1 0 ',
        'labels 0 9 0 person 17 2.05 m',
        'boxes 1 1 0 ',
        'labels 1 9 0 Möwe 1.00 m',
      ],
    );
    for (const marker of markers) assert.deepEqual(marker.header, header);
    const box = markers[1]!;
    near(box.pose.position, [-0.46, -0.02, 2]);
    near(box.scale, [0.005, 0.4, 0.8]);
    const [red, green, blue] = paletteColor(17);
    assert.deepEqual(
      [box.color.r, box.color.g, box.color.b, box.color.a],
      [red / 255, green / 255, blue / 255, 0.35].map(Math.fround),
    );
    // Above the box: y points down.
    near(markers[2]!.pose.position, [-0.46, -0.02 - 0.4 - 0.12, 2]);
    assert.equal(markers[2]!.scale.z, 0.12);
    // rviz2 (rviz_rendering, movable_text.cpp) takes the width of spaces from scale.x: 0 stands for its own, which is wider than words are.
    assert.ok(Math.abs(markers[2]!.scale.x - markers[2]!.scale.z / 2) < 1e-9);
  });
});

describe('MaskedDepthWriter', () => {
  const values = (cdr: Uint8Array): number[] => [
    ...new DepthImageReader().read(Uint8Array.from(cdr)).depth.data,
  ];

  for (const kind of ['millimeters', 'meters'] as const) {
    it(`removes the chosen classes and a margin from depth in ${kind}`, () => {
      const content = depthContent(kind);
      const cdr = new MaskedDepthWriter('instances').write(content);
      const { data, ...view } = imageView(cdr);
      const size = kind === 'meters' ? 4 : 2;
      assert.equal(data.length, 40 * 30 * size);
      assert.deepEqual(view, {
        ...{ ...DEPTH_HEADER, width: 40, height: 30, encoding: kind === 'meters' ? '32FC1' : 'mono16' },
        ...{ isBigEndian: false, hasBufferSize: false, step: 40 * size },
      });
      const before = content.frame.depth.data;
      const invalid = kind === 'meters' ? NaN : 0;
      values(cdr).forEach((value, at) => {
        const [x, y] = [at % 40, Math.floor(at / 40)];
        // The person's mask and a pixel around it, corners too: its disc has a radius of 1.5.
        const taken = x >= 3 && x < 15 && y >= 4 && y < 26;
        const corner = (x === 3 || x === 14) && (y === 4 || y === 25);
        if (!corner) assert.ok(Object.is(value, taken ? invalid : before[at]), `${x},${y}: ${value}`);
      });
    });

    it(`removes everything except the instances from depth in ${kind}`, () => {
      const content = depthContent(kind);
      const before = content.frame.depth.data;
      const invalid = kind === 'meters' ? NaN : 0;
      values(new MaskedDepthWriter('others').write(content)).forEach((value, at) => {
        const [x, y] = [at % 40, Math.floor(at / 40)];
        const inside = OBJECTS.instances.some(
          ({ mask }) => x >= mask.x && y >= mask.y && x < mask.x + mask.width && y < mask.y + mask.height,
        );
        assert.ok(Object.is(value, inside ? before[at] : invalid), `${x},${y}: ${value}`);
      });
    });
  }

  it('does not change the received depth picture', () => {
    const content = depthContent();
    const before = content.frame.depth.data.slice();
    new MaskedDepthWriter('instances').write(content);
    assert.deepEqual(content.frame.depth.data, before);
  });
});

describe('PerceptionTargetsWriter', () => {
  it('writes the distance of objects whose depth is known as an attribute', () => {
    interface Targets {
      readonly targets: readonly {
        readonly attributes: readonly { type: string; value: number; confidence: number }[];
      }[];
    }
    const writer = new PerceptionTargetsWriter(LABELS, 'model', 'none');
    const { objects } = depthContent();
    const { targets } = readBack<Targets>(writer.type, writer.write(DEPTH_HEADER, OBJECTS, { objects }));
    assert.deepEqual(
      targets.map(({ attributes }) =>
        attributes.map(({ type, value, confidence }) => `${type} ${value.toFixed(3)} ${confidence}`),
      ),
      [['distance 2.052 1'], ['distance 1.004 1'], []],
    );
    const without = readBack<Targets>(writer.type, writer.write(DEPTH_HEADER, OBJECTS));
    assert.ok(without.targets.every(({ attributes }) => attributes.length === 0));
  });
});
