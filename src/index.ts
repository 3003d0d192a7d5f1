/** The library behind the command line and the node: frames, engines, decoder, masks. */
export { Decoder } from './decode/decoder.js';
export { type HeadHints, type HeadLayout, type HeadRole, recogniseHeads } from './decode/heads.js';
export {
  MASK_RESOLUTIONS,
  NMS_MODES,
  type DecodeOptions,
  type MaskResolution,
  type NmsMode,
} from './decode/options.js';
export { type Polygon, type PolygonOptions, PolygonTracer } from './decode/polygon.js';
export { type CocoRle, decodeRle, RleEncoder } from './decode/rle.js';
export type { Box, Instance, Mask, Segmentation } from './decode/segmentation.js';
export type { Engine, EngineTimings, Inference, ModelInfo } from './engine/engine.js';
export { OnnxEngine, type OnnxEngineOptions } from './engine/onnx-engine.js';
export type { Quantization, Tensor, TensorData, TensorInfo, TensorType } from './engine/tensor.js';
export { ExpectationError } from './expect.js';
export { openInputs, type InputOptions } from './frame/inputs.js';
export { Letterbox } from './frame/letterbox.js';
export { nv12Frame, type Nv12Frame, type Nv12Layout } from './frame/nv12-frame.js';
export type { BadFrame, FrameHeader, FrameSource, SourceFrame, Stamp } from './frame/source.js';
export { chooseLabels, readLabels } from './model/labels.js';
export { demoModel } from './model/demo.js';
export { type FrameResult, isResult, Segmenter, type SegmenterOptions } from './pipeline/segmenter.js';
