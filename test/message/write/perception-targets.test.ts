import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { PerceptionTargetsWriter } from '../../../src/message/write/perception-targets.js';
import { mapSize, type SemanticMap, SemanticMapRenderer } from '../../../src/message/write/semantic-map.js';
import type { Segmentation } from '../../../src/vision/mask/segmentation.js';
import { busyStreet, EMPTY, HEADER, LABELS, outlinesOf, readBack, SEGMENTATION, TRACKED } from './samples.js';

interface Target {
  type: string;
  track_id: bigint;
  rois: { type: string; rect: unknown; confidence: number }[];
  attributes: unknown[];
  points: { type: string; point: unknown[]; confidence: Float32Array }[];
  captures: { img: { height: number; width: number; data: Uint8Array }; features: Float32Array }[];
}

interface PerceptionTargets {
  header: unknown;
  fps: number;
  perfs: { type: string; stamp_start: unknown; stamp_end: unknown; time_ms_duration: number }[];
  targets: Target[];
  disappeared_targets: unknown[];
}

describe('PerceptionTargetsWriter', () => {
  const outer = { points: [1, 2, 3, 2, 2, 5], hole: false };
  const hole = { points: [1.5, 3, 2.5, 3, 2, 4], hole: true };

  it('writes a roi of whole pixels and an outline for each instance', () => {
    const writer = new PerceptionTargetsWriter(LABELS, 'yolov8n', 'polygons');
    const cdr = writer.write(HEADER, SEGMENTATION, {
      fps: 29.97,
      outlines: outlinesOf([[outer, hole], [outer, outer], []]),
    });
    const message = readBack<PerceptionTargets>(writer.type, cdr);
    assert.deepEqual(message.header, { stamp: HEADER.stamp, frame_id: 'camera' });
    assert.equal(message.fps, 30);
    assert.deepEqual(message.perfs, []);
    assert.deepEqual(message.disappeared_targets, []);
    assert.deepEqual(
      message.targets.map((target) => [target.type, target.points.length]),
      [
        ['Möwe', 1],
        ['红绿灯', 2],
        ['7', 0],
      ],
    );
    const first = message.targets[0]!;
    assert.equal(first.track_id, 0n);
    assert.deepEqual(first.rois, [
      {
        type: 'Möwe',
        rect: { x_offset: 2, y_offset: 2, height: 4, width: 6, do_rectify: false },
        confidence: 0.75,
      },
    ]);
    assert.deepEqual(first.points[0], {
      type: 'mask',
      point: [
        { x: 1, y: 2, z: 0 },
        { x: 3, y: 2, z: 0 },
        { x: 2, y: 5, z: 0 },
      ],
      confidence: new Float32Array(0),
    });
  });

  it('writes ids of tracked and of ended objects, as TROS does', () => {
    const writer = new PerceptionTargetsWriter(LABELS, 'yolov8n', 'none');
    const message = readBack<PerceptionTargets>(writer.type, writer.write(HEADER, TRACKED));
    assert.deepEqual(
      message.targets.map(({ track_id }) => track_id),
      [17n, 5_000_000_000n, 0n],
    );
    const rect = { x_offset: 0, y_offset: 0, height: 0, width: 0, do_rectify: false };
    const over = (type: string, track_id: bigint): object => ({
      ...{ type, track_id, rois: [{ type, rect, confidence: 0 }] },
      ...{ attributes: [], points: [], captures: [] },
    });
    assert.deepEqual(message.disappeared_targets, [over('Möwe', 3n), over('7', 2n ** 53n - 1n)]);
  });

  it('writes an empty message for an empty picture, with the stamp that hobot_websocket needs', () => {
    const writer = new PerceptionTargetsWriter(LABELS, 'yolov8n', 'polygons');
    const message = readBack<PerceptionTargets>(writer.type, writer.write(HEADER, EMPTY));
    assert.deepEqual(message, {
      header: { stamp: HEADER.stamp, frame_id: 'camera' },
      fps: -1,
      perfs: [],
      targets: [],
      disappeared_targets: [],
    });
  });

  it('writes the stages one after the other, across the change of a second', () => {
    const writer = new PerceptionTargetsWriter(LABELS, 'm', 'none');
    const finished = { sec: HEADER.stamp.sec + 1, nanosec: 2_000_000 };
    const timings = { preprocess: 1, inference: 9, decode: 4 };
    const { perfs } = readBack<PerceptionTargets>(
      writer.type,
      writer.write(HEADER, EMPTY, { timings, finished }),
    );
    assert.deepEqual(
      perfs.map(({ type, time_ms_duration: ms }) => [type, ms]),
      [
        ['m_preprocess', 1],
        ['m_predict_infer', 9],
        ['m_predict_parse', 4],
        ['m_pipeline', 1000 + 2 - 123.456789],
      ],
    );
    assert.deepEqual(perfs[2]!.stamp_start, { sec: HEADER.stamp.sec, nanosec: 998_000_000 });
    assert.deepEqual(perfs[1]!.stamp_end, perfs[2]!.stamp_start);
    assert.deepEqual(perfs[0]!.stamp_start, { sec: HEADER.stamp.sec, nanosec: 988_000_000 });
    assert.deepEqual(perfs[3]!.stamp_start, HEADER.stamp);
  });

  it('writes the map of classes as dnn_node_example does, in an extra target', () => {
    const writer = new PerceptionTargetsWriter(LABELS, 'm', 'semantic_map');
    const { targets } = readBack<PerceptionTargets>(writer.type, writer.write(HEADER, SEGMENTATION));
    assert.equal(targets.length, 4);
    assert.ok(targets.slice(0, 3).every((target) => target.points.length === 0));
    const map = targets[3]!;
    assert.equal(map.type, 'parking_space');
    // hobot_hdmi reads the first roi of each target.
    const nothing = { x_offset: 0, y_offset: 0, height: 0, width: 0, do_rectify: false };
    assert.deepEqual(map.rois, [{ type: '', rect: nothing, confidence: 0 }]);
    assert.deepEqual(map.attributes, [{ type: 'segmentation_label_count', value: 4, confidence: 0 }]);
    const { img, features } = map.captures[0]!;
    assert.deepEqual([img.width, img.height, img.data.length], [8, 6, 0]);
    assert.deepEqual(
      [...features],
      [
        [0, 0, 0, 0, 0, 0, 0, 0],
        [0, 0, 2, 2, 0, 0, 0, 0],
        [0, 2, 2, 2, 3, 0, 0, 0],
        [0, 0, 3, 3, 3, 0, 0, 0],
        [0, 0, 0, 0, 0, 0, 0, 0],
        [0, 0, 0, 0, 0, 0, 0, 0],
      ].flat(),
    );
  });

  it('writes both outlines and map, and no map for an empty picture', () => {
    const writer = new PerceptionTargetsWriter(LABELS, 'm', 'both');
    const outlines = outlinesOf([[outer], [outer, outer], []]);
    const { targets } = readBack<PerceptionTargets>(
      writer.type,
      writer.write(HEADER, SEGMENTATION, { outlines }),
    );
    assert.deepEqual(
      targets.map(({ type, points, captures }) => [type, points.length, captures.length]),
      [
        ['Möwe', 1, 0],
        ['红绿灯', 2, 0],
        ['7', 0, 0],
        ['parking_space', 0, 1],
      ],
    );
    assert.equal(targets[3]!.captures[0]!.features.length, 8 * 6);
    const empty = readBack<PerceptionTargets>(writer.type, writer.write(HEADER, EMPTY));
    assert.deepEqual(empty.targets, []);
  });

  it('writes no zero coordinates, which the web page would skip', () => {
    const writer = new PerceptionTargetsWriter(LABELS, 'm', 'polygons');
    const corner = { points: [0, 0, 3, 0, 0, 5], hole: false };
    const { targets } = readBack<PerceptionTargets>(
      writer.type,
      writer.write(HEADER, SEGMENTATION, { outlines: outlinesOf([[corner], [], []]) }),
    );
    const least = Math.fround(0.01);
    assert.deepEqual(targets[0]!.points[0]!.point, [
      { x: least, y: least, z: 0 },
      { x: 3, y: least, z: 0 },
      { x: least, y: 5, z: 0 },
    ]);
  });

  it('writes other roi types for chosen classes, and keeps the class name of the target', () => {
    const writer = new PerceptionTargetsWriter(LABELS, 'm', 'none', undefined, new Map([[2, 'body']]));
    const { targets } = readBack<PerceptionTargets>(writer.type, writer.write(HEADER, SEGMENTATION));
    assert.deepEqual(
      targets.map(({ type, rois }) => [type, rois[0]!.type]),
      [
        ['Möwe', 'Möwe'],
        ['红绿灯', 'body'],
        ['7', '7'],
      ],
    );
  });
});

describe('SemanticMapRenderer', () => {
  const renderer = new SemanticMapRenderer();
  const renderSemanticMap = (segmentation: Segmentation): SemanticMap => renderer.render(segmentation);

  it('keeps the aspect ratio, with at most 160 cells a side', () => {
    const { width, height, features } = renderSemanticMap(busyStreet());
    assert.deepEqual([width, height, features.length], [160, 90, 160 * 90]);
    const upright = renderSemanticMap({ ...busyStreet(), maskWidth: 1080, maskHeight: 1920, instances: [] });
    assert.deepEqual([upright.width, upright.height], [90, 160]);
  });

  it('samples masks at their positions', () => {
    const street = busyStreet();
    const { width, features } = renderer.render({ ...street, instances: [street.instances[3]!] });
    const { x, y, width: w, height: h } = street.instances[3]!.mask;
    const cell = (px: number, py: number): number =>
      features[Math.floor(py / 12) * width + Math.floor(px / 12)]!;
    assert.equal(cell(x + w / 2, y + h / 2), 1);
    assert.equal(cell(x - 12, y + h / 2), 0);
    const inside = features.reduce((sum, value) => sum + Math.min(1, value), 0) * 144;
    const area = street.instances[3]!.mask.data.reduce((sum, value) => sum + value, 0);
    assert.ok(Math.abs(inside / area - 1) < 0.05, `${inside} of ${area}`);
  });

  it('starts anew with each frame', () => {
    const renderer = new SemanticMapRenderer();
    renderer.render(SEGMENTATION);
    assert.ok(renderer.render(EMPTY).features.every((value) => value === 0));
    assert.equal(renderer.render({ ...EMPTY, maskWidth: 4 }).features.length, 4 * 6);
  });

  it("has exactly width x height values, and avoids sizes that leave no slack in malloc's block", () => {
    for (let maskWidth = 1; maskWidth <= 400; maskWidth += 1) {
      for (const maskHeight of [1, 2, 3, 54, 75, 90, 133, 161, 640]) {
        const { width, height, features } = renderSemanticMap({ ...EMPTY, maskWidth, maskHeight });
        assert.equal(features.length, width * height);
        assert.notEqual(features.length % 4, 2, `${maskWidth}x${maskHeight}`);
        const scale = Math.max(1, maskWidth / 160, maskHeight / 160);
        assert.ok(Math.abs(width - maskWidth / scale) <= 1.5 && Math.abs(height - maskHeight / scale) <= 1.5);
      }
    }
    assert.deepEqual(mapSize({ maskWidth: 30, maskHeight: 15 }), { width: 31, height: 15 });
    assert.deepEqual(mapSize({ maskWidth: 15, maskHeight: 30 }), { width: 15, height: 31 });
  });

  it('has in each cell the class at the pixel under its center, frame after frame', () => {
    const street = busyStreet();
    for (const instances of [street.instances, street.instances.slice(2), [], street.instances.slice(0, 1)]) {
      const { width, height, features } = renderSemanticMap({ ...street, instances });
      const wanted = Array.from({ length: width * height }, (_, i) => {
        const px = Math.floor((((i % width) + 0.5) * street.maskWidth) / width);
        const py = Math.floor(((Math.floor(i / width) + 0.5) * street.maskHeight) / height);
        const on = instances.find(({ mask: { x, y, width: w, height: h, data } }) => {
          return px >= x && px < x + w && py >= y && py < y + h && data[(py - y) * w + px - x] === 1;
        });
        return on ? on.classId + 1 : 0;
      });
      assert.deepEqual([...features], wanted);
    }
  });
});
