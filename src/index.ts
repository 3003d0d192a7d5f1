/**
 * The library behind the command line and the node.
 *
 * - Open a model and segment: `openSegmenter`, `openInputs`; from parts: `openEngine`, `OnnxEngine`, `BpuEngine`, `Segmenter`
 * - Decode head tensors of your own engine: `recognizeHeads`, `Decoder`
 * - Masks as polygons or COCO RLE: `PolygonTracer`, `RleEncoder`
 * - Draw: `Overlay`, `encodeJpeg`, `encodePng`
 * - Bags: `BagSource`, `BagWriter`, `SegmentationRecorder`
 *
 * Everything throws, or rejects with, an `ExpectationError`: what was expected, what was found, what to do.
 */
export { ExpectationError } from './base/expect.js';

// Pictures: NV12 as views on somebody's bytes.
export { type ColorRange, COLOR_RANGES } from './vision/picture/color-range.js';
export type {
  BadFrame,
  FrameHeader,
  FrameSource,
  SourceFrame,
  Stamp,
} from './vision/picture/frame-source.js';
export { isBadFrame } from './vision/picture/frame-source.js';
export { Letterbox } from './vision/picture/letterbox.js';
export { nv12Frame, type Nv12Frame, type Nv12Layout } from './vision/picture/nv12-frame.js';
export type { PackedFormat, PackedImage } from './vision/picture/packed-image.js';
export type { Region } from './vision/picture/region.js';
export { allocateNv12, nv12ToRgb, packedToNv12 } from './native/convert.js';
export { openInputs, type InputOptions, type Inputs } from './media/inputs.js';

// Models and engines.
export { demoModel } from './model/demo-model.js';
export { findModel } from './model/find-model.js';
export { chooseLabels, readLabels } from './model/labels.js';
export type { Engine, EngineTimings, Inference, ModelInfo } from './engine/engine.js';
export { type EngineSettings, openEngine } from './engine/registry.js';
export { OnnxEngine, type OnnxEngineOptions } from './engine/onnx/onnx-engine.js';
export { BpuEngine, type BpuEngineOptions } from './engine/bpu/bpu-engine.js';

// From head tensors to instances.
export type { Corners, HeadBlock, Kernels } from './vision/tensor/kernels.js';
export { nativeKernels } from './native/kernels.js';
export type { Quantization, Tensor, TensorData, TensorInfo, TensorType } from './vision/tensor/tensor.js';
export { Decoder } from './vision/decode/decoder.js';
export { type HeadHints, type HeadLayout, type HeadRole, recognizeHeads } from './vision/decode/heads.js';
export {
  MASK_RESOLUTIONS,
  NMS_MODES,
  type DecodeOptions,
  type MaskResolution,
  type NmsMode,
} from './vision/decode/options.js';
export type { Box, Instance, Mask, Segmentation } from './vision/mask/segmentation.js';
export { type Polygon, type PolygonOptions, PolygonTracer } from './vision/mask/polygon.js';
export { type CocoRle, decodeRle, RleEncoder } from './vision/mask/rle.js';
export type { StageTimings } from './message/write/stage-timings.js';
export { type FrameResult, isResult, Segmenter, type SegmenterOptions } from './pipeline/segmenter.js';
export { type OpenSegmenter, openSegmenter, type SegmenterSettings } from './pipeline/open-segmenter.js';

// Pictures of results.
export { Overlay, type OverlayOptions } from './media/render/overlay.js';
export { encodeJpeg, encodePng } from './media/render/encode.js';
export type { RgbPicture } from './media/render/rgb-picture.js';

// Bags.
export { BAG_OUTPUT_NAMES, type BagOutputName } from './message/outputs.js';
export { BagSource, type BagSourceOptions } from './message/bag/bag-source.js';
export { BagWriter } from './message/bag/bag-writer.js';
export {
  type RecorderOptions,
  type RecordExtras,
  SegmentationRecorder,
} from './message/bag/segmentation-recorder.js';
