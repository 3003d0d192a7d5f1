import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Decoder } from '../../src/vision/decode/decoder.js';
import type { DecodeOptions } from '../../src/vision/decode/options.js';
import { OutlineTracer } from '../../src/vision/mask/outlines.js';
import { RleEncoder } from '../../src/vision/mask/rle.js';
import type { Segmentation } from '../../src/vision/mask/segmentation.js';
import { BpuEngine } from '../../src/engine/bpu/bpu-engine.js';
import { record } from '../../tools/record/record.js';
import { allocateNv12, letterboxNv12, packedToNv12 } from '../../src/native/convert.js';
import { hbmView, imageView } from '../../src/message/read/image-message.js';
import { Letterbox } from '../../src/vision/picture/letterbox.js';
import { nv12Frame } from '../../src/vision/picture/nv12-frame.js';
import { DetectionArrayWriter } from '../../src/message/write/detection-array.js';
import { ImageAnnotationsWriter } from '../../src/message/write/image-annotations.js';
import { CameraTracking } from '../../src/pipeline/tracking.js';
import { Tracker } from '../../src/vision/track/tracker.js';
import { ImageWriter } from '../../src/message/write/image.js';
import { InstanceArrayWriter } from '../../src/message/write/instance-array.js';
import { InstanceMapWriter } from '../../src/message/write/instance-map.js';
import { PerceptionTargetsWriter } from '../../src/message/write/perception-targets.js';
import { nativeKernels } from '../../src/native/kernels.js';
import { packageRoot } from '../../src/base/package-root.js';
import { Segmenter } from '../../src/pipeline/segmenter.js';
import { ColorBook } from '../../src/vision/picture/color-book.js';
import { hbmMessage } from '../benches/cdr.js';
import { crowdFrames } from './crowd.js';
import { liveCases } from './live-cases.js';
import { depthCases } from './depth-cases.js';
import {
  allQuantized,
  benchLabels,
  crowdOptions,
  integerProperties,
  type Heads,
  noise,
  noiseFrame,
  quantized,
  rolesOf,
  segmentationOf,
  stillEngine,
} from '../material.js';

/** Something whose instructions are counted. */
export interface InstructionCase {
  readonly name: string;
  /** Cases of one group share a process, and so what V8 has learned: those that a robot would run together. */
  readonly group: string;
  readonly prepare: () => Prepared | Promise<Prepared>;
}

interface Prepared {
  readonly run: () => unknown;
  readonly close?: () => Promise<void>;
}

const HEADER = { stamp: { sec: 1, nanosec: 2 }, frameId: 'camera' };
const TIMINGS = { preprocess: 1, inference: 2, decode: 3 };
/** Frames that a tracker has seen before it is counted: those of 17 s. */
const WARM_FRAMES = 500;
const MODEL = 640;
const SIZES: readonly [number, number][] = [
  [960, 544],
  [1600, 900],
  [1920, 1080],
];

/** What is counted with these heads. */
export function headCases(heads: Heads): InstructionCase[] {
  const live = heads.name === 'scene' ? liveOf(heads) : [];
  return [...decodeCases(heads), ...outputCases(heads), ...frameCases(heads), ...live];
}

function liveOf(heads: Heads): InstructionCase[] {
  const thread = new URL('./live-thread.js', import.meta.url);
  return liveCases(segmentationOf(heads), noiseFrame(1280, 720), thread);
}

function decodeCases(heads: Heads): InstructionCase[] {
  const decode = (type: string, what: string, options: DecodeOptions, of: () => Heads): InstructionCase => ({
    name: `${heads.name}: decode, ${type}, ${what}`,
    group: `decode, ${type}`,
    prepare: () => {
      const { layout, tensors, letterbox } = of();
      const decoder = new Decoder(layout, options, nativeKernels());
      return { run: () => decoder.decode(tensors, letterbox) };
    },
  });
  const types: readonly [string, () => Heads][] = [
    ['float', () => heads],
    ['int32 boxes and coefficients', () => quantized(heads)],
    ['int32 heads, int16 prototypes', () => allQuantized(heads)],
  ];
  const crowd = crowdOptions(heads);
  return [
    ...types.flatMap(([type, of]) => [
      decode(type, 'boxes', { masks: 'none' }, of),
      decode(type, 'masks on the prototype grid', { masks: 'proto' }, of),
      decode(type, 'masks at source', { masks: 'source' }, of),
    ]),
    decode('float', '100 instances, masks at source', { ...crowd, masks: 'source' }, () => heads),
  ];
}

/** What is made of a frame's instances. */
function outputCases(heads: Heads): InstructionCase[] {
  const labels = benchLabels(heads);
  const found = segmentationOf(heads);
  const outlines = new OutlineTracer(nativeKernels()).trace(found);
  const output = (what: string, make: () => () => unknown): InstructionCase => ({
    name: `${heads.name}: ${what}`,
    group: 'outputs',
    prepare: () => ({ run: make() }),
  });
  return [
    output('polygons', () => {
      const tracer = new OutlineTracer(nativeKernels());
      return () => tracer.trace(found);
    }),
    output('COCO RLE', () => {
      const encoder = new RleEncoder();
      const { instances, maskWidth, maskHeight } = found;
      return () => instances.forEach(({ mask }) => encoder.encode(mask, maskWidth, maskHeight));
    }),
    output('instance map', () => {
      const writer = new InstanceMapWriter();
      return () => writer.write(HEADER, found);
    }),
    output('InstanceArray', () => {
      const writer = new InstanceArrayWriter(labels);
      return () => writer.write(HEADER, found, TIMINGS);
    }),
    output('Detection2DArray', () => {
      const writer = new DetectionArrayWriter(labels);
      return () => writer.write(HEADER, found);
    }),
    output('PerceptionTargets, polygons', () => {
      const writer = new PerceptionTargetsWriter(labels, 'model', 'polygons');
      return () => writer.write(HEADER, found, { outlines });
    }),
    output('PerceptionTargets, semantic map', () => {
      const writer = new PerceptionTargetsWriter(labels, 'model', 'semantic_map');
      return () => writer.write(HEADER, found);
    }),
    output('ImageAnnotations', () => {
      const writer = new ImageAnnotationsWriter(labels, () => 'auto', new ColorBook());
      return () => writer.write(HEADER, found, outlines);
    }),
    ...(['polygons', 'both'] as const).map((masks) =>
      output(OUTPUTS[masks], () => {
        const write = outputWriter(heads, masks);
        return () => write(found);
      }),
    ),
  ];
}

/** What is made of a frame, by the masks in PerceptionTargets; `both` are the node's default. */
const OUTPUTS = { polygons: 'detections, instances and polygons', both: "the node's default outputs" };

/** Detections, instances and PerceptionTargets, as the node makes them. */
function outputWriter(heads: Heads, masks: keyof typeof OUTPUTS): (found: Segmentation) => void {
  const labels = benchLabels(heads);
  const detections = new DetectionArrayWriter(labels);
  const instances = new InstanceArrayWriter(labels);
  const targets = new PerceptionTargetsWriter(labels, 'model', masks);
  const tracer = new OutlineTracer(nativeKernels());
  return (found) => {
    detections.write(HEADER, found);
    instances.write(HEADER, found, TIMINGS);
    targets.write(HEADER, found, {
      ...{ fps: 30, timings: TIMINGS, finished: { sec: 2, nanosec: 3 } },
      outlines: tracer.trace(found),
    });
  };
}

/** A frame's whole way on the emulated BPU, whose own thread is not counted. */
function frameCases(heads: Heads): InstructionCase[] {
  const frame = (
    what: string,
    options: DecodeOptions,
    messages: keyof typeof OUTPUTS | undefined,
    integers?: () => Heads,
  ): InstructionCase => ({
    name: `${heads.name}: whole frame, ${what}`,
    // What V8 has learned of floats is of no use to integers.
    group: integers ? 'whole frame of integers' : 'whole frame',
    prepare: async () => {
      const folder = mkdtempSync(join(tmpdir(), 'tros-yolo-seg-bench-'));
      const file = join(folder, 'model.bin');
      const { sourceWidth, sourceHeight } = heads.letterbox;
      const picture = noiseFrame(sourceWidth, sourceHeight);
      const outputs = integers && integerProperties(integers());
      await record(stillEngine(heads), [picture], { file, name: 'bench', busy: 1000, overhead: 0, outputs });
      const library = join(packageRoot, 'build/native/emulator/libdnn.so');
      const engine = await BpuEngine.open({ file, library, slots: 2, spare: 1 });
      const segmenter = new Segmenter(engine, {
        ...options,
        labelCount: heads.layout.classCount,
        heads: integers && rolesOf(heads),
      });
      const write = messages ? outputWriter(heads, messages) : () => undefined;
      return {
        run: async () => {
          const inference = await engine.submit(picture);
          const { tensors, letterbox, ahead } = inference;
          write(segmenter.decoder.decode(tensors, letterbox, undefined, undefined, ahead));
          inference.release();
        },
        close: async () => {
          await engine.close();
          rmSync(folder, { recursive: true });
        },
      };
    },
  });
  return [
    frame('boxes', { masks: 'none' }, undefined),
    frame('masks on the prototype grid', { masks: 'proto' }, undefined),
    frame('masks at source', { masks: 'source' }, undefined),
    frame(OUTPUTS.polygons, { masks: 'source' }, 'polygons'),
    frame(OUTPUTS.both, { masks: 'source' }, 'both'),
    ...(
      [
        ['boxes', { masks: 'none' }],
        ['masks on the prototype grid', { masks: 'proto' }],
        ['masks at source', { masks: 'source' }],
      ] as const
    ).map(([what, options]) =>
      frame(`int32 heads, int16 prototypes, ${what}`, options, undefined, () => allQuantized(heads)),
    ),
    frame('100 instances, masks at source', { ...crowdOptions(heads), masks: 'source' }, undefined),
  ];
}

/** What no heads belong to. */
export function pixelCases(): InstructionCase[] {
  const letterboxes = SIZES.map(([width, height]): InstructionCase => ({
    name: `letterbox, ${width}x${height} to ${MODEL}x${MODEL}`,
    group: 'pixels',
    prepare: () => {
      const frame = noiseFrame(width, height);
      const letterbox = new Letterbox(width, height, MODEL, MODEL);
      const target = allocateNv12(MODEL, MODEL);
      return { run: () => letterboxNv12(frame, letterbox, target) };
    },
  }));
  const [width, height] = [1920, 1080];
  const tracking = ([false, true] as const).map((inPairs): InstructionCase => ({
    name: `tracking, 20 objects${inPairs ? ' that cover each other' : ''}`,
    group: 'tracking',
    prepare: () => {
      const frames = crowdFrames(20, inPairs);
      const tracker = new Tracker();
      let next = 0;
      const run = (): void => {
        const stamp = { sec: Math.floor(next / 30), nanosec: (next % 30) * 33_333_333 };
        tracker.update(stamp, frames[next++ % frames.length]!);
      };
      // Its functions are short: V8 needs some hundred frames until it compiles them well.
      for (let i = 0; i < WARM_FRAMES; i++) run();
      return { run };
    },
  }));
  const steady: InstructionCase = {
    name: 'tracking with steady shapes, 20 objects',
    group: 'steady tracking',
    prepare: () => {
      const frames = crowdFrames(20, false);
      const tracking = new CameraTracking();
      tracking.setOptions({ reported: {}, steadyShapes: 0.3 });
      let next = 0;
      const run = (): void => {
        const stamp = { sec: Math.floor(next / 30), nanosec: (next % 30) * 33_333_333 };
        tracking.apply(stamp, frames[next++ % frames.length]!);
      };
      for (let i = 0; i < WARM_FRAMES; i++) run();
      return { run };
    },
  };
  const conversions = (['bgr8', 'rgb8'] as const).map((format): InstructionCase => ({
    name: `${format} to NV12, ${width}x${height}`,
    group: 'pixels',
    prepare: () => {
      const data = noise(new Uint8Array(3 * width * height));
      const target = allocateNv12(width, height);
      return { run: () => packedToNv12({ data, width, height, format }, 'full', target) };
    },
  }));
  return [
    ...letterboxes,
    ...conversions,
    ...tracking,
    steady,
    ...depthCases(),
    {
      name: 'CDR reading, Image, nv12 1920x1080',
      group: 'pixels',
      prepare: () => {
        const image = new ImageWriter().writeNv12(HEADER, noiseFrame(width, height)).slice();
        return { run: () => nv12Frame(imageView(image).data, imageView(image)) };
      },
    },
    {
      name: 'CDR reading, HbmMsg1080P, nv12',
      group: 'pixels',
      prepare: () => {
        const hbm = hbmMessage(noiseFrame(width, height).data);
        return { run: () => nv12Frame(hbmView(hbm).data, hbmView(hbm)) };
      },
    },
  ];
}
