/** The library behind the command line and the node: frames, engines, decoder, masks. */
export { Decoder } from './vision/decode/decoder.js';
export { type HeadHints, type HeadLayout, type HeadRole, recognizeHeads } from './vision/decode/heads.js';
export {
  MASK_RESOLUTIONS,
  NMS_MODES,
  type DecodeOptions,
  type MaskResolution,
  type NmsMode,
} from './vision/decode/options.js';
export { type Polygon, type PolygonOptions, PolygonTracer } from './vision/mask/polygon.js';
export { type CocoRle, decodeRle, RleEncoder } from './vision/mask/rle.js';
export type { Box, Instance, Mask, Segmentation } from './vision/mask/segmentation.js';
export type { Engine, EngineTimings, Inference, ModelInfo } from './engine/engine.js';
export { OnnxEngine, type OnnxEngineOptions } from './engine/onnx/onnx-engine.js';
export type { Quantization, Tensor, TensorData, TensorInfo, TensorType } from './vision/tensor/tensor.js';
export { ExpectationError } from './base/expect.js';
export { openInputs, type InputOptions } from './media/inputs.js';
export { Letterbox } from './vision/picture/letterbox.js';
export { nv12Frame, type Nv12Frame, type Nv12Layout } from './vision/picture/nv12-frame.js';
export type {
  BadFrame,
  FrameHeader,
  FrameSource,
  SourceFrame,
  Stamp,
} from './vision/picture/frame-source.js';
export { chooseLabels, readLabels } from './model/labels.js';
export { demoModel } from './model/demo-model.js';
export { type FrameResult, isResult, Segmenter, type SegmenterOptions } from './pipeline/segmenter.js';
