import { DepthContent, type DepthFrame } from '../../src/message/depth-content.js';
import { DetectionArray3DWriter } from '../../src/message/write/detection-array-3d.js';
import { messageType, shortName } from '../../src/message/message-type.js';
import { DEPTH_OUTPUTS } from '../../src/message/outputs.js';
import { DepthWorker } from '../../src/pipeline/depth-worker.js';
import { Labels } from '../../src/message/write/labels.js';
import { MaskedDepthWriter } from '../../src/message/write/masked-depth.js';
import { PointCloudWriter } from '../../src/message/write/point-cloud.js';
import { nativeDepthKernels } from '../../src/native/depth-kernels.js';
import type { Intrinsics } from '../../src/vision/depth/intrinsics.js';
import { type Registration, REGISTERED } from '../../src/vision/depth/objects-in-space.js';
import { KeptSegmentation } from '../../src/vision/depth/kept-segmentation.js';
import { invert, rotate, type RigidTransform } from '../../src/vision/depth/rigid-transform.js';
import type { Instance, Segmentation } from '../../src/vision/mask/segmentation.js';
import type { PictureSize } from '../../src/vision/picture/picture-size.js';
import type { InstructionCase } from './cases.js';

/** Stereo depth of TROS, and of a camera of 720p. */
const SIZES: readonly PictureSize[] = [
  { width: 640, height: 352 },
  { width: 1280, height: 720 },
];
const OBJECTS = 6;
/** Frames that the thread of depth has made before it is counted: after 100, its code was still slower in one process of two. */
const WARM_FRAMES = 400;

/** Six people, each a twenty-fifth of the picture: a quarter together, two of them before others. */
function people({ width, height }: PictureSize): Segmentation {
  const instances: Instance[] = [];
  for (let i = 0; i < OBJECTS; i++) {
    const w = Math.round(0.14 * width);
    const h = Math.round(0.36 * height);
    const x = Math.round(((i % 3) * 0.3 + 0.04 + (i > 2 ? 0.05 : 0)) * width);
    const y = Math.round((i < 3 ? 0.1 : 0.44) * height);
    const data = new Uint8Array(w * h);
    for (let v = 0; v < h; v++)
      for (let u = 0; u < w; u++)
        data[v * w + u] = Math.hypot((2 * u + 1) / w - 1, (2 * v + 1) / h - 1) < 0.95 ? 1 : 0;
    const box = { x1: x, y1: y, x2: x + w, y2: y + h };
    instances.push({ classId: 0, score: 0.9 - 0.05 * i, box, mask: { x, y, width: w, height: h, data } });
  }
  // With runs, as the decoder gives them.
  return new KeptSegmentation().copy({ width, height, maskWidth: width, maskHeight: height, instances });
}

function depthFrame(size: PictureSize, { instances }: Segmentation): DepthFrame {
  const data = new Uint16Array(size.width * size.height).fill(5000);
  for (const [index, { mask }] of instances.entries()) {
    for (let v = 0; v < mask.height; v++)
      for (let u = 0; u < mask.width; u++)
        if (mask.data[v * mask.width + u] === 1)
          data[(mask.y + v) * size.width + mask.x + u] = 1500 + 300 * index + u + ((u * v) % 7);
  }
  return { stamp: { sec: 1, nanosec: 2 }, frameId: 'depth', encoding: '16UC1', depth: { ...size, data } };
}

function cameraOf(size: PictureSize): Intrinsics {
  const f = 0.8 * size.width;
  return { ...size, fx: f, fy: f, cx: size.width / 2, cy: size.height / 2 };
}

/** Where the color camera is, as a depth camera beside it sees it: 6 cm to the side, and turned by 2 degrees. */
const TO_COLOR: RigidTransform = {
  x: 0.06,
  y: 0.005,
  z: -0.01,
  qx: 0.005,
  qy: -0.017,
  qz: 0.003,
  qw: 0.99984,
};

/** The same scene as a depth camera beside the color camera sees it; 0 where only the color camera does. */
function besides(frame: DepthFrame, color: Intrinsics, camera: Intrinsics): DepthFrame {
  const { width, height, data } = frame.depth;
  const seen = new Uint16Array(width * height);
  const toDepth = invert(TO_COLOR);
  for (let at = 0; at < data.length; at++) {
    const z = data[at]!;
    const x = (((at % width) - color.cx) / color.fx) * z;
    const y = ((Math.floor(at / width) - color.cy) / color.fy) * z;
    const turned = rotate(toDepth, x, y, z);
    const depth = turned[2] + 1000 * toDepth.z;
    const u = Math.round(((turned[0] + 1000 * toDepth.x) / depth) * camera.fx + camera.cx);
    const v = Math.round(((turned[1] + 1000 * toDepth.y) / depth) * camera.fy + camera.cy);
    if (u < 0 || v < 0 || u >= width || v >= height) continue;
    const to = v * width + u;
    if (seen[to] === 0 || depth < seen[to]!) seen[to] = depth;
  }
  return { ...frame, frameId: 'beside', depth: { width, height, data: seen } };
}

/** A depth picture of the size, and how it lies to the color picture. */
interface Pair {
  readonly name: string;
  readonly frame: DepthFrame;
  readonly camera: Intrinsics;
  readonly registration: Registration;
}

function pairsOf(size: PictureSize, found: Segmentation): Pair[] {
  const color = cameraOf(size);
  const frame = depthFrame(size, found);
  const camera = {
    ...color,
    fx: 0.95 * color.fx,
    fy: 0.95 * color.fy,
    cx: color.cx + 3.3,
    cy: color.cy - 2.1,
  };
  return [
    { name: '', frame, camera: color, registration: REGISTERED },
    {
      name: ', not registered',
      frame: besides(frame, color, camera),
      camera,
      registration: { kind: 'projected', color, toColor: TO_COLOR },
    },
  ];
}

/** What a frame's depth costs, made on one thread: the node makes it on another. */
export function depthCases(): InstructionCase[] {
  return SIZES.flatMap((size) => {
    const found = people(size);
    return pairsOf(size, found).flatMap((pair) => casesOf(size, found, pair));
  });
}

function casesOf(
  { width, height }: PictureSize,
  found: Segmentation,
  { name: suffix, frame, camera, registration }: Pair,
): InstructionCase[] {
  const name = `depth ${width}x${height}, six objects${suffix}`;
  const content = (): DepthContent => {
    const made = new DepthContent({
      space: () => ({}),
      masking: () => ({ margin: 4 }),
      coloredBy: () => 'auto',
      kernels: nativeDepthKernels(),
    });
    made.set(found, frame, camera, registration);
    again.set(made, () => made.set(found, frame, camera, registration));
    return made;
  };
  return [
    {
      name: `${name}: masked depth`,
      group: `depth${suffix}`,
      prepare: () => {
        const writer = new MaskedDepthWriter('instances');
        const made = content();
        return { run: () => writer.write(made) };
      },
    },
    {
      name: `${name}: clouds and boxes, as the node makes them`,
      group: `depth on its thread${suffix}`,
      prepare: async () => {
        const kept = new KeptSegmentation().copy(found);
        const worker = new DepthWorker();
        const topics = ['~/points', '~/detections_3d'];
        worker.use({
          labels: ['person'],
          types: Object.fromEntries(
            DEPTH_OUTPUTS.map((row) => [row.topic, messageType(shortName(row.type))]),
          ),
        });
        const order = {
          camera,
          registration,
          space: {},
          maskedClasses: undefined,
          maskMargin: 4,
          coloredBy: 'auto',
          topics,
          distances: true,
        } as const;
        // The counter warms up by the calling thread, and windows may agree before the other one's compiler begins: it has to be through
        // before.
        for (let i = 0; i < WARM_FRAMES; i++) await worker.make(order, kept, frame);
        return {
          run: (): unknown => worker.make(order, kept, frame),
          close: () => worker.close(),
        };
      },
    },
    {
      name: `${name}: clouds and boxes`,
      group: `depth${suffix}`,
      prepare: () => {
        const cloud = new PointCloudWriter();
        const detections = new DetectionArray3DWriter(new Labels(['person']));
        const made = content();
        return {
          run: () => {
            again.get(made)!();
            cloud.write(made);
            detections.write(made);
          },
        };
      },
    },
  ];
}

/** Sets a content again, as each frame does. */
const again = new WeakMap<DepthContent, () => void>();
