import { OnnxEngine } from '../../src/engine/onnx-engine.js';
import { record } from '../../src/engine/record.js';
import { noiseFrame, packedFrame } from '../native/frames.js';

/** Everything the conformance suite shows to an engine. */
function* conformanceFrames() {
  yield noiseFrame(80, 50);
  for (let seed = 1; seed < 7; seed++) yield noiseFrame(64, 64, seed);
  yield noiseFrame(70, 38, 5, { luma: 26, chroma: 10, gap: 13 });
  yield* [noiseFrame(2, 2, 1), noiseFrame(640, 360, 2), noiseFrame(16, 900, 3), noiseFrame(1920, 1080, 4)];
  yield* [noiseFrame(34, 2, 5), noiseFrame(1920, 1080), noiseFrame(640, 480), noiseFrame(320, 240)];
  yield packedFrame(64, 64);
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
