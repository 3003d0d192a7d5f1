import assert from 'node:assert/strict';
import { before, it } from 'mocha';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cutOut } from '../../src/native/cut-out.js';
import { SceneSource } from '../../src/media/scene/index.js';
import { isBadFrame } from '../../src/vision/picture/frame-source.js';
import { repository } from '../data.js';
import { packedBytes } from '../native/frames.js';
import { diagnosticsOf } from './diagnostics.js';
import type { Peer } from './peer.js';
import { parameters } from './recorded-model.js';
import { describeRos } from './suite.js';
import { rosSkip, setups } from './workspace.js';

const WIDTH = 640;
const HEIGHT = 480;
/** What is asked for, and what the model sees. */
const ROI = '161,96,319,255';
const REGION = { x: 160, y: 96, width: 320, height: 256 };
const WHOLE = '/whole/image';
const CROP = '/crop/image';
/** Topics of results by the end of their names, for each of the two cameras. */
const TYPES = {
  detections: 'vision_msgs/msg/Detection2DArray',
  instances: 'tros_yolo_seg/msg/InstanceArray',
  instance_map: 'sensor_msgs/msg/Image',
  annotations: 'foxglove_msgs/msg/ImageAnnotations',
  overlay: 'sensor_msgs/msg/Image',
} as const;
const TROS = '/hobot_dnn_detection/';

for (const { middleware, transport, name } of setups) {
  describeRos(rosSkip, `a region of interest of the node segment on ${name}`, middleware, (ros) => {
    let peer: Peer;

    before(async () => {
      const segment = ros.node('segment', [
        ...parameters({ model: join(repository, 'models/scene-n-seg.onnx'), threads: 1 }),
        ...parameters({ camera_transport: transport, images: `[${WHOLE}, ${CROP}]` }),
        ...['-p', `roi:=['${ROI}', '']`],
      ]);
      peer = ros.peer();
      await segment.said(/frames in flight/);
      await peer.subscribe('/diagnostics', 'diagnostic_msgs/msg/DiagnosticArray');
      for (const camera of ['whole', 'crop']) {
        for (const [topic, type] of Object.entries(TYPES)) {
          await peer.subscribe(`/segment/${camera}/${topic}`, type, { depth: 5 });
        }
        await peer.subscribe(`${TROS}${camera}`, 'ai_msgs/msg/PerceptionTargets', { depth: 5 });
      }
    });

    const image = { type: 'sensor_msgs/msg/Image', encoding: 'nv12', period: 0.5 };
    const topics = (camera: string): string[] => [
      ...Object.keys(TYPES).map((topic) => `/segment/${camera}/${topic}`),
      `${TROS}${camera}`,
    ];
    const last = <T>(topic: string): T => peer.messages(topic).at(-1)!.message as T;
    const setRoi = (texts: readonly string[]): Promise<{ successful: boolean; reason: string }> =>
      // Lists of strings are 9 in rcl_interfaces/msg/ParameterType.
      peer.set('/segment', 'roi', { type: 9, string_array_value: texts });

    it('gives the results of the cropped picture in pixels of the whole one, on every topic', async () => {
      for await (const item of new SceneSource({
        width: WIDTH,
        height: HEIGHT,
        count: 1,
        seed: 3,
      }).frames()) {
        assert.ok(!isBadFrame(item));
        writeFileSync(join(ros.folder, 'whole.nv12'), packedBytes(item.frame));
        writeFileSync(join(ros.folder, 'crop.nv12'), packedBytes(cutOut(item.frame, REGION).view));
      }
      const { width, height } = REGION;
      const whole = { width: WIDTH, height: HEIGHT, file: join(ros.folder, 'whole.nv12') };
      const crop = { width, height, file: join(ros.folder, 'crop.nv12') };
      for (const [topic, camera, request] of [
        [WHOLE, 'whole', whole],
        [CROP, 'crop', crop],
      ] as const) {
        const answers = topics(camera);
        // Annotations have no header to be paced by.
        const paced = answers.filter((answer) => !answer.endsWith('/annotations'));
        await peer.request('publish', { topic, ...image, ...request, paced });
        for (const answer of answers) await peer.received(answer, 2);
        await peer.finish(topic);
      }
      const detections = centers('/segment/whole/detections');
      assert.ok(detections.length > 0);
      const { x, y } = REGION;
      expectClose(
        detections,
        centers('/segment/crop/detections').map(([cx, cy]) => [cx + x, cy + y]),
      );

      const found = last<Instances>('/segment/whole/instances');
      const cropped = last<Instances>('/segment/crop/instances');
      assert.deepEqual(
        [found.image_width, found.image_height, found.mask_width, found.mask_height],
        [WIDTH, HEIGHT, WIDTH, HEIGHT],
      );
      assert.deepEqual(
        found.instances.map(({ mask }) => mask),
        cropped.instances.map(({ mask }) => ({ ...mask, x: mask.x + x, y: mask.y + y })),
      );
      expectClose(
        found.instances.map(({ box }) => [box.x, box.y]),
        cropped.instances.map(({ box }) => [box.x + x, box.y + y]),
      );

      // The same pixels have the same numbers: on another grid, but as many of each.
      const map = last<Picture>('/segment/whole/instance_map');
      const cropMap = last<Picture>('/segment/crop/instance_map');
      assert.deepEqual([map.width, map.height], [WIDTH, HEIGHT]);
      assert.equal(map.data_digest.sum, cropMap.data_digest.sum);
      const overlay = last<Picture>('/segment/whole/overlay');
      assert.deepEqual([overlay.width, overlay.height], [WIDTH, HEIGHT]);

      for (const point of [polygons, rois]) {
        const moved = point('crop').map(([px, py]) => [px + x, py + y] as const);
        assert.ok(moved.length > 0);
        expectClose(point('whole'), moved);
      }
    });

    it('can change while frames arrive, and is refused if it is invalid', async () => {
      const results = '/segment/whole/instances';
      await peer.request('publish', {
        ...{ topic: WHOLE, ...image, width: WIDTH, height: HEIGHT, paced: [results] },
        file: join(ros.folder, 'whole.nv12'),
      });
      await diagnosticsOf(peer, WHOLE, 'its region', (values) => values['roi'] === ROI);
      for (const [texts, said] of [
        [['1,2,3'], /x,y,width,height in pixels for parameter roi/],
        [['0,0,0,5'], /the width in parameter roi/],
        [['', '', '0,0,5,5'], /1 or 2 values in parameter roi/],
      ] as const) {
        const { successful, reason } = await setRoi(texts);
        assert.equal(successful, false);
        assert.match(reason, said);
      }
      const before = last<Instances>(results);
      assert.ok(before.instances.every(({ box }) => box.x >= REGION.x && box.y >= REGION.y));
      // Whole pictures have more to be found.
      assert.deepEqual(await setRoi(['']), { successful: true, reason: '' });
      await peer.find(results, 'what lies outside of the former region', ({ message }) =>
        (message as unknown as Instances).instances.some(({ box }) => box.x + 1 < REGION.x),
      );
      await diagnosticsOf(peer, WHOLE, 'no region', (values) => values['roi'] === '');

      assert.ok((await setRoi(['320,240,640,480', ''])).successful);
      // What else there is to say of a camera may come first in the message.
      await diagnosticsOf(peer, WHOLE, 'that the region exceeds the picture', ({ image_warning }) =>
        /within the 640x480 picture but received 320,240,640,480\. Only 320,240,320,240 is used/.test(
          image_warning!,
        ),
      );
      assert.ok((await setRoi(['640,0,64,64', ''])).successful);
      await diagnosticsOf(peer, WHOLE, 'that no frame can be used', (values, message) =>
        [values['last_error']!, message].every((text) =>
          /with pixels of the 640x480 picture but received 640,0,64,64\. Set roi to a part of it/.test(text),
        ),
      );
      assert.ok((await setRoi([ROI, ''])).successful);
      await peer.forget(results);
      await peer.received(results, 2);
      await peer.finish(WHOLE);
      const { instances } = last<Instances>(results);
      assert.deepEqual(
        instances.map(({ mask }) => mask),
        before.instances.map(({ mask }) => mask),
      );
    });

    function centers(topic: string): (readonly [number, number])[] {
      return last<Detections>(topic).detections.map(({ bbox: { center } }) => [
        center.position.x,
        center.position.y,
      ]);
    }

    function polygons(camera: string): (readonly [number, number])[] {
      const { points } = last<Annotations>(`/segment/${camera}/annotations`);
      return points.flatMap((outline) => outline.points.map(({ x, y }) => [x, y] as const));
    }

    /** Boxes and outlines for TROS. */
    function rois(camera: string): (readonly [number, number])[] {
      const { targets } = last<Targets>(`${TROS}${camera}`);
      // The map of classes has one roi that is empty, for readers of rois[0].
      return targets.flatMap((target) => [
        ...target.rois
          .filter(({ rect }) => rect.width > 0)
          .map(({ rect }) => [rect.x_offset, rect.y_offset] as const),
        ...target.points.flatMap(({ point }) => point.map(({ x, y }) => [x, y] as const)),
      ]);
    }
  });
}

/** Messages have single precision. */
function expectClose(found: readonly (readonly number[])[], expected: readonly (readonly number[])[]): void {
  assert.equal(found.length, expected.length);
  for (const [i, point] of found.entries()) {
    for (const [k, value] of point.entries()) {
      assert.ok(
        Math.abs(value - expected[i]![k]!) < 1e-3,
        `${i}: ${point.join()} and ${expected[i]!.join()}`,
      );
    }
  }
}

interface Detections {
  detections: { bbox: { center: { position: { x: number; y: number } } } }[];
}

interface Instances {
  image_width: number;
  image_height: number;
  mask_width: number;
  mask_height: number;
  instances: { box: { x: number; y: number }; mask: { x: number; y: number; runs: number[] } }[];
}

interface Picture {
  width: number;
  height: number;
  data_digest: { sum: number };
}

interface Annotations {
  points: { points: { x: number; y: number }[] }[];
}

interface Targets {
  targets: {
    rois: { rect: { x_offset: number; y_offset: number; width: number } }[];
    points: { point: { x: number; y: number }[] }[];
  }[];
}
