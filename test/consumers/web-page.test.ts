import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import type { Segmentation } from '../../src/vision/mask/segmentation.js';
import { DEFAULT_QOS, Graph, withMessagesInstalled } from './graph.js';
import { area, HEADER, NAMES, NOTHING, SCENE } from './scene.js';
import { MAP, type PerceptionTargets, type Target, TARGETS } from './tros-messages.js';

interface Drawn {
  readonly stamp: string;
  readonly boxes: string[];
  /** Square pixels of each polygon, as its corners that are drawn enclose them. */
  readonly polygons: number[];
  /** The map's values, row by row. */
  readonly map: number[] | undefined;
}

/**
 * TROS's web page, hobot_websocket (src/websocket/websocket.cpp) and its script (webservice/html/TogetheROS): pictures and results are
 * paired by equal stamps, the older of an unequal pair is dropped.
 *
 * - A message in between is protobuf (proto3), which leaves out zeros: the script skips corners and boxes that lack a coordinate.
 * - The map of classes is read from features[1] on: one float beyond its end.
 */
class WebPage {
  readonly drawn: Drawn[] = [];
  readonly #pictures: string[] = [];

  constructor(graph: Graph) {
    graph.subscribe<PerceptionTargets>('/hobot_dnn_detection', TARGETS, DEFAULT_QOS, ({ message }) => {
      const { sec, nanosec } = message.header.stamp;
      const stamp = `${sec}.${nanosec}`;
      while (this.#pictures.length > 0 && this.#pictures[0] !== stamp) this.#pictures.shift();
      if (this.#pictures.shift() === undefined) return;
      const { targets } = message;
      const map = targets.find(({ type }) => type === MAP);
      this.drawn.push({
        stamp,
        boxes: targets.flatMap(boxesOf),
        polygons: targets.flatMap(({ points }) =>
          points.filter(({ type }) => type === 'mask').map(({ point }) => enclosed(point)),
        ),
        map: map && matrix(map),
      });
    });
  }

  /** A JPEG picture of the camera comes. */
  picture(sec: number, nanosec: number): void {
    this.#pictures.push(`${sec}.${nanosec}`);
  }
}

/** Boxes with their captions; the type of a single roi stands for that of the target. */
function boxesOf({ type, rois }: Target): string[] {
  return rois.flatMap(({ type: roiType, rect }) => {
    const caption = rois.length === 1 && roiType !== '' ? roiType : type;
    const corners = [
      Math.max(1, rect.x_offset),
      Math.max(1, rect.y_offset),
      rect.x_offset + rect.width,
      rect.y_offset + rect.height,
    ];
    return corners.includes(0) ? [] : [`${caption} ${corners.join(' ')}`];
  });
}

/** By the corners that have both coordinates. */
function enclosed(corners: readonly { x: number; y: number }[]): number {
  const kept = corners.filter(({ x, y }) => x !== 0 && y !== 0);
  return Math.abs(
    kept.reduce((sum, { x, y }, i) => {
      const next = kept[(i + 1) % kept.length]!;
      return sum + (x * next.y - next.x * y) / 2;
    }, 0),
  );
}

/** Reads as hobot_websocket does, out of memory as glibc's malloc gives it: 8 bytes less than a multiple of 16, 24 at least. */
function matrix({ captures }: Target): number[] {
  const { img, features } = captures[0]!;
  const room = Math.max(24, Math.ceil((4 * features.length + 8) / 16) * 16 - 8) / 4;
  const values: number[] = [];
  for (let index = 1; index <= img.width * img.height; index++) {
    assert.ok(index < room, `float ${index} of ${room} is memory of others`);
    values.push(features[index] ?? NaN);
  }
  return values;
}

describe("TROS's web page", () => {
  withMessagesInstalled();

  it('shows boxes, outlines and the map of each frame, and its captions', () => {
    const graph = new Graph(NAMES);
    const page = new WebPage(graph);
    page.picture(HEADER.stamp.sec, HEADER.stamp.nanosec);
    graph.frame(HEADER, SCENE);
    const [drawn] = page.drawn;
    assert.deepEqual(
      drawn!.boxes,
      SCENE.instances.map(({ classId, box: { x1, y1, x2, y2 } }) =>
        [NAMES[classId], Math.max(1, x1), Math.max(1, y1), x2, y2].join(' '),
      ),
    );
    assert.equal(drawn!.polygons.length, SCENE.instances.length);
    assert.ok(drawn!.map!.filter((value) => value === 1).length > 500, 'people on the map');
  });

  it('shows whole people at each edge of the picture', () => {
    const graph = new Graph(NAMES);
    const page = new WebPage(graph);
    page.picture(HEADER.stamp.sec, HEADER.stamp.nanosec);
    graph.frame(HEADER, SCENE);
    for (const [i, { mask }] of SCENE.instances.entries()) {
      const share = page.drawn[0]!.polygons[i]! / area(mask);
      assert.ok(Math.abs(share - 1) < 0.03, `instance ${i}: ${share} of its area`);
    }
  });

  it('does not read beyond its buffers, whatever the size of the picture', () => {
    for (const [width, height] of [
      [640, 352],
      [1920, 1080],
      [30, 15],
      [15, 30],
      [6, 7],
      [1, 2],
      [90, 51],
    ] as const) {
      const scene: Segmentation = {
        ...{ width, height, maskWidth: width, maskHeight: height },
        instances: [
          {
            ...{ classId: 0, score: 0.9, box: { x1: 0, y1: 0, x2: 1, y2: 1 } },
            mask: { x: 0, y: 0, width: 1, height: 1, data: Uint8Array.of(1) },
          },
        ],
      };
      const graph = new Graph(NAMES, { tros_masks: 'semantic_map' });
      const page = new WebPage(graph);
      page.picture(1, 2);
      graph.frame({ stamp: { sec: 1, nanosec: 2 }, frameId: '' }, scene);
      assert.equal(page.drawn.length, 1, `${width}x${height}`);
    }
  });

  it('gets one result for each picture, also empty ones, with its stamp', () => {
    const graph = new Graph(NAMES);
    const page = new WebPage(graph);
    for (let i = 0; i < 6; i++) {
      page.picture(7, i);
      graph.frame({ stamp: { sec: 7, nanosec: i }, frameId: '' }, i % 2 === 0 ? SCENE : NOTHING);
    }
    assert.deepEqual(
      page.drawn.map(({ stamp, boxes }) => `${stamp} ${boxes.length}`),
      ['7.0 5', '7.1 0', '7.2 5', '7.3 0', '7.4 5', '7.5 0'],
    );
  });

  it('shows what body detectors call a person as body', () => {
    const graph = new Graph(NAMES, { tros_types: ['person=body'] });
    const page = new WebPage(graph);
    page.picture(HEADER.stamp.sec, HEADER.stamp.nanosec);
    graph.frame(HEADER, SCENE);
    assert.deepEqual(
      page.drawn[0]!.boxes.map((box) => box.split(' ')[0]),
      ['body', 'body', 'car', 'body', 'body'],
    );
  });
});
