import { readFileSync } from 'node:fs';
import { readModelInfo } from '../../../src/engine/bpu/model-info-json.js';
import { OnnxEngine } from '../../../src/engine/onnx/onnx-engine.js';
import { record } from '../../../tools/record/record.js';
import { allocateNv12, letterboxNv12 } from '../../../src/native/convert.js';
import { Letterbox } from '../../../src/vision/picture/letterbox.js';
import { type Nv12Frame, nv12Frame } from '../../../src/vision/picture/nv12-frame.js';
import { cutOut } from '../../../src/native/cut-out.js';
import { sharedData } from '../../data.js';
import { noiseFrame, packedFrame } from '../../native/frames.js';

/** All frames that the conformance suite submits to an engine. */
function* conformanceFrames() {
  yield noiseFrame(80, 50);
  for (let seed = 1; seed < 7; seed++) yield noiseFrame(64, 64, seed);
  yield noiseFrame(70, 38, 5, { luma: 26, chroma: 10, gap: 13 });
  yield* [noiseFrame(2, 2, 1), noiseFrame(640, 360, 2), noiseFrame(16, 900, 3), noiseFrame(1920, 1080, 4)];
  yield* [noiseFrame(34, 2, 5), noiseFrame(1920, 1080), noiseFrame(640, 480), noiseFrame(320, 240)];
  yield packedFrame(64, 64);
  yield cutOut(noiseFrame(80, 50), { x: 20, y: 10, width: 30, height: 40 }).view;
}

/** Records the ONNX model `onnxFile` on these frames. @returns `file` */
export async function recordConformanceModel(onnxFile: string, file: string): Promise<string> {
  const engine = await OnnxEngine.open({ file: onnxFile, threads: 1 });
  try {
    await record(engine, conformanceFrames(), { file, name: 'heads', busy: 500, overhead: 300 });
  } finally {
    await engine.close();
  }
  return file;
}

/**
 * Records YOLOv8n-seg as hb_model_modifier leaves it for RDK X5, on these frames.
 *
 * @param engine with models/yolov8n-seg-rdk.onnx of the shared data
 */
export async function recordYolo(
  engine: OnnxEngine,
  frames: Iterable<Nv12Frame>,
  file: string,
): Promise<void> {
  const { outputs } = await readModelInfo(
    sharedData.path('rdk/yolov8n_instance_seg_bayese_640x640_nv12_modified.model_info.json'),
  );
  await record(engine, frames, { file, name: 'yolov8n_seg', outputs });
}

/** The real camera frame with people, scaled up to 1920x1080. */
export function peopleIn1080p(): Nv12Frame {
  const small = nv12Frame(readFileSync(sharedData.path('nv12/people_960x544.nv12')), {
    width: 960,
    height: 544,
  });
  const large = allocateNv12(1920, 1080);
  letterboxNv12(small, new Letterbox(960, 544, 1920, 1080), large);
  return large;
}
