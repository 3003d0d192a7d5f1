import { letterboxNv12 } from '../../src/native/convert.js';
import { Letterbox } from '../../src/vision/picture/letterbox.js';
import { MAX_DIMENSION, type Nv12Frame } from '../../src/vision/picture/nv12-frame.js';
import { packedFrame } from '../native/frames.js';

const MODEL = packedFrame(32, 32);

/** @throws Error unless the frame is what every user of frames relies on: the addon reads all of its rows */
export function expectFrame(frame: Nv12Frame): void {
  const { width, height, data, lumaStride, chromaStride, lumaOffset, chromaOffset } = frame;
  const size = (value: number): boolean => value >= 2 && value <= MAX_DIMENSION && value % 2 === 0;
  const within = (offset: number, stride: number, rows: number): boolean =>
    offset >= 0 && stride >= width && offset + stride * (rows - 1) + width <= data.length;
  if (
    !size(width) ||
    !size(height) ||
    !within(lumaOffset, lumaStride, height) ||
    !within(chromaOffset, chromaStride, height / 2)
  ) {
    throw new Error(
      `a frame beyond its ${data.length} bytes: ${JSON.stringify({ ...frame, data: undefined })}`,
    );
  }
  letterboxNv12(frame, new Letterbox(width, height, MODEL.width, MODEL.height), MODEL);
}
