import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import type { DepthContent } from '../../src/message/depth-content.js';
import { OUTPUTS } from '../../src/message/outputs.js';
import { messageType, shortName } from '../../src/message/message-type.js';
import { compatible, type Qos } from '../../src/message/qos.js';
import { Labels } from '../../src/message/write/labels.js';
import { readBack } from '../message/write/samples.js';
import { CAMERA, frameOf } from './depth-frame.js';
import { DEFAULT_QOS, SENSOR_DATA } from './graph.js';
import { covers, HEADER, NAMES, NOTHING, SCENE, SIZE } from './scene.js';

const LABELS = new Labels(NAMES);

/** What a subscriber with this QoS receives of a row of the outputs; undefined: nothing. */
function received<T>(name: 'points' | 'depth_masked', qos: Qos, content: DepthContent): T | undefined {
  const row = OUTPUTS[name];
  if (!compatible(qos, row.qos)) return undefined;
  const type = messageType(shortName(row.type));
  return readBack<T>(type, row.open(type, { labels: LABELS })(content));
}

interface Image {
  readonly header: { readonly stamp: object; readonly frame_id: string };
  readonly width: number;
  readonly height: number;
  readonly encoding: string;
  readonly step: number;
  readonly is_bigendian: number;
  readonly data: Uint8Array;
}

/**
 * rtabmap (introlab/rtabmap_ros, rtabmap_conversions/src/MsgConversion.cpp, convertRGBDMsgs): depth without people beside the color
 * picture.
 *
 * - Needs encoding 16UC1, 32FC1 or mono16; anything else is an error.
 * - `imageWidth / depthWidth == imageHeight / depthHeight` in whole numbers, else it aborts.
 * - Takes the stamp from depth and the frame from color: both must be the color camera's frame. cv_bridge takes step and is_bigendian.
 * - No measurement is 0 in 16 bits and NaN or 0 in floats (util2d, getDepth).
 */
class Rtabmap {
  depths: number[] = [];

  take(
    color: { readonly width: number; readonly height: number; readonly frameId: string },
    depth: Image,
  ): void {
    assert.ok(['16UC1', '32FC1', 'mono16'].includes(depth.encoding), depth.encoding);
    assert.equal(Math.floor(color.width / depth.width), Math.floor(color.height / depth.height));
    assert.equal(depth.header.frame_id, color.frameId);
    const bytes = depth.encoding === '32FC1' ? 4 : 2;
    assert.ok(depth.step >= bytes * depth.width && depth.is_bigendian === 0);
    assert.equal(depth.data.length, depth.step * depth.height);
    const view = new DataView(depth.data.buffer, depth.data.byteOffset, depth.data.byteLength);
    this.depths = Array.from({ length: depth.width * depth.height }, (_, i) => {
      const at = Math.floor(i / depth.width) * depth.step + bytes * (i % depth.width);
      if (bytes === 2) return view.getUint16(at, true) / 1000;
      const meters = view.getFloat32(at, true);
      return Number.isFinite(meters) ? meters : 0;
    });
  }
}

interface Cloud {
  readonly header: { readonly stamp: object; readonly frame_id: string };
  readonly height: number;
  readonly width: number;
  readonly fields: readonly {
    readonly name: string;
    readonly offset: number;
    readonly datatype: number;
    readonly count: number;
  }[];
  readonly is_bigendian: boolean;
  readonly point_step: number;
  readonly row_step: number;
  readonly data: Uint8Array;
  readonly is_dense: boolean;
}

const FLOAT32 = 7;

/**
 * nav2's obstacle and voxel layers (nav2_costmap_2d/src/observation_buffer.cpp, plugins/obstacle_layer.cpp, voxel_layer.cpp).
 *
 * - The subscription has the sensor data QoS.
 * - PointCloud2Iterator<float> by the names x, y, z: they must be FLOAT32 of this machine's byte order. tf2_sensor_msgs transforms the same
 *   three; other fields are copied along.
 * - Steps through `data` by point_step to its very end: its length is a multiple of it, width x height points.
 * - Looks the frame_id up at the stamp: there must be one. The optical frame is as good as any.
 * - A layer with observation_persistence 0 keeps the newest cloud only: obstacles vanish with the next one, so that a frame
 *   without objects needs an empty cloud. obstacle_layer asks for finite points only where inf_is_valid is set.
 */
class VoxelLayer {
  /** Marked points: in the camera's frame, in which this one looks. */
  marked: (readonly [x: number, y: number, z: number])[] = [];

  take(cloud: Cloud): void {
    assert.notEqual(cloud.header.frame_id, '');
    assert.equal(cloud.is_bigendian, false);
    assert.equal(cloud.data.length, cloud.width * cloud.height * cloud.point_step);
    assert.equal(cloud.row_step, cloud.width * cloud.point_step);
    const offsetOf = (name: string): number => {
      const field = cloud.fields.find((candidate) => candidate.name === name)!;
      assert.deepEqual([field.datatype, field.count], [FLOAT32, 1], name);
      return field.offset;
    };
    const offsets = ['x', 'y', 'z'].map(offsetOf);
    const view = new DataView(cloud.data.buffer, cloud.data.byteOffset, cloud.data.byteLength);
    this.marked = [];
    for (let at = 0; at < cloud.data.length; at += cloud.point_step) {
      const point = offsets.map((offset) => view.getFloat32(at + offset, true)) as [number, number, number];
      assert.ok(point.every(Number.isFinite), 'is_dense');
      this.marked.push(point);
    }
  }
}

describe('rtabmap', () => {
  for (const encoding of ['16UC1', 'mono16', '32FC1']) {
    it(`maps everything except people, ${encoding}`, () => {
      const rtabmap = new Rtabmap();
      rtabmap.take(
        { ...SIZE, frameId: HEADER.frameId },
        received<Image>('depth_masked', SENSOR_DATA, frameOf(encoding, SCENE))!,
      );
      let [people, cars] = [0, 0];
      for (let at = 0; at < rtabmap.depths.length; at++) {
        const [x, y] = [at % SIZE.width, Math.floor(at / SIZE.width)];
        const there = SCENE.instances.find(({ mask }) => covers(mask, x, y));
        if (there && NAMES[there.classId] === 'person') {
          people++;
          assert.equal(rtabmap.depths[at], 0, `no person at ${x},${y}`);
        }
        if (there && NAMES[there.classId] === 'car' && rtabmap.depths[at]! > 0) cars++;
      }
      assert.ok(people > 1000 && cars > 1000, `${people} ${cars}`);
      assert.ok(rtabmap.depths.filter((depth) => depth === 5).length > 100_000, 'the wall stays');
    });
  }
});

describe("nav2's obstacle and voxel layers", () => {
  it('mark objects where they are, and nothing else', () => {
    const layer = new VoxelLayer();
    layer.take(received<Cloud>('points', SENSOR_DATA, frameOf('16UC1', SCENE))!);
    assert.ok(layer.marked.length > 5_000);
    for (const [x, y, z] of layer.marked) {
      const column = Math.round((x / z) * CAMERA.fx + CAMERA.cx);
      const row = Math.round((y / z) * CAMERA.fy + CAMERA.cy);
      const there = SCENE.instances.findIndex(({ mask }) => covers(mask, column, row));
      assert.ok(there >= 0 && Math.abs(z - (1 + there / 2)) < 1e-3, `${x} ${y} ${z}`);
    }
  });

  it('get an empty cloud from a frame without objects, which clears former marks', () => {
    const layer = new VoxelLayer();
    layer.take(received<Cloud>('points', DEFAULT_QOS, frameOf('32FC1', SCENE))!);
    layer.take(received<Cloud>('points', DEFAULT_QOS, frameOf('32FC1', NOTHING))!);
    assert.deepEqual(layer.marked, []);
  });
});
