import { nativeKernels } from '../../src/native/kernels.js';
import { OutlineTracer } from '../../src/vision/mask/outlines.js';
import type { Segmentation } from '../../src/vision/mask/segmentation.js';
import { DetectionArrayWriter } from '../../src/message/write/detection-array.js';
import { ImageWriter } from '../../src/message/write/image.js';
import { ImageAnnotationsWriter } from '../../src/message/write/image-annotations.js';
import { InstanceArrayWriter } from '../../src/message/write/instance-array.js';
import { InstanceMapWriter } from '../../src/message/write/instance-map.js';
import { LabelInfoWriter } from '../../src/message/write/label-info.js';
import type { Labels } from '../../src/message/write/labels.js';
import { PerceptionTargetsWriter } from '../../src/message/write/perception-targets.js';
import { ColorBook } from '../../src/vision/picture/color-book.js';
import type { Bench, Case } from '../bench.js';
import {
  benchHeads,
  benchLabels,
  crowdOptions,
  linearPass,
  memcpyOf,
  noiseFrame,
  segmentationOf,
} from '../material.js';

const HEADER = { stamp: { sec: 1, nanosec: 2 }, frameId: 'camera' };
const TIMINGS = { preprocess: 1, inference: 2, decode: 3 };

export const bench: Bench = {
  summary: 'instances to ROS messages',
  async run({ measure }) {
    const heads = await benchHeads();
    const labels = benchLabels(heads);
    const yardsticks = [linearPass(heads)];
    const found = [segmentationOf(heads), segmentationOf(heads, crowdOptions(heads))];
    const info = new LabelInfoWriter();
    const frame = noiseFrame(1920, 1080);
    const image = new ImageWriter();
    return measure([
      ...found.flatMap((segmentation) =>
        writers(segmentation, labels).map((item) => ({ ...item, yardsticks })),
      ),
      { name: 'LabelInfo', run: () => info.write(HEADER, labels, 0.25), yardsticks },
      {
        name: 'Image, nv12 1920x1080',
        run: () => image.writeNv12(HEADER, frame),
        yardsticks: [memcpyOf(frame.data.length)],
      },
    ]);
  },
};

function writers(segmentation: Segmentation, labels: Labels): Case[] {
  const outlines = new OutlineTracer(nativeKernels()).trace(segmentation);
  const instances = new InstanceArrayWriter(labels);
  const detections = new DetectionArrayWriter(labels);
  const targets = new PerceptionTargetsWriter(labels, 'model', 'polygons');
  const map = new PerceptionTargetsWriter(labels, 'model', 'semantic_map');
  const annotations = new ImageAnnotationsWriter(labels, () => 'auto', new ColorBook());
  const instanceMap = new InstanceMapWriter();
  const runs: Record<string, () => unknown> = {
    InstanceArray: () => instances.write(HEADER, segmentation, TIMINGS),
    Detection2DArray: () => detections.write(HEADER, segmentation),
    'PerceptionTargets, polygons': () => targets.write(HEADER, segmentation, { outlines }),
    'PerceptionTargets, semantic map': () => map.write(HEADER, segmentation),
    ImageAnnotations: () => annotations.write(HEADER, segmentation, outlines),
    'instance map': () => instanceMap.write(HEADER, segmentation),
  };
  return Object.entries(runs).map(([what, run]) => ({
    name: `${what}, ${segmentation.instances.length} instances`,
    run,
  }));
}
