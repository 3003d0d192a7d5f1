import assert from 'node:assert/strict';
import { CameraImageReader } from '../../src/message/read/camera-image.js';
import type { RawImage } from '../../src/message/read/image-message.js';
import type { Nv12Frame } from '../../src/vision/picture/nv12-frame.js';
import type { PictureSize } from '../../src/vision/picture/picture-size.js';
import type { Region } from '../../src/vision/picture/region.js';
import { addon } from '../../src/native/addon.js';
import type { ImageReading, NativeFrameInfo, NativeCameraCounters } from '../../src/native/camera.js';
import { expectation } from '../../src/native/failure.js';
import { packedBytes, randomBytes } from '../native/frames.js';
import { nv12Of, nv12OfPlanes, PIXELS } from '../native/reference.js';
import type { PackedFormat } from '../../src/vision/picture/packed-image.js';

/** The outcome of an image, whichever path it took. */
export interface SeenImage {
  /** The frame, packed. */
  readonly nv12: Uint8Array;
  readonly picture: PictureSize;
  readonly warning: string | undefined;
}

/** A path of a camera's images. Rejects with the error of an unreadable image. */
export type ImagePath = (image: RawImage, reading: ImageReading) => Promise<SeenImage>;

export const IMAGE_PATHS: Readonly<Record<string, ImagePath>> = {
  /** Through JavaScript: rclnodejs, and bags. */
  CameraImageReader: async (image, reading) => {
    const reader = new CameraImageReader(1, reading);
    const frame = await Promise.resolve(image).then((arrived) => reader.read(arrived));
    return {
      nv12: packedBytes(frame),
      picture: frame.picture ?? { width: frame.width, height: frame.height },
      warning: reader.warning,
    };
  },
  'native subscription': async (image, reading) => {
    const { frameInfo, warning } = await throughNativeCamera(image, reading, true);
    const { width, height } = frameInfo;
    return { nv12: new Uint8Array(frameInfo.pixels!).slice(), picture: { width, height }, warning };
  },
};

/** Size of the model that native subscriptions write for here. */
export const MODEL = { width: 64, height: 48 };

/** The path through a native subscription, with the resulting model input; rejects if the image cannot be read. */
export async function throughNativeCamera(
  image: RawImage,
  reading: ImageReading,
  keepPixels: boolean,
  region?: Region,
): Promise<{
  frameInfo: NativeFrameInfo;
  input: Uint8Array;
  warning: string | undefined;
  counters: NativeCameraCounters;
}> {
  const camera = addon().injectCamera();
  let resolveArrived: (frameInfo: NativeFrameInfo) => void;
  const arrived = new Promise<NativeFrameInfo>((resolve) => (resolveArrived = resolve));
  const heapSlots = addon().openHeapSlots(
    1,
    MODEL.width,
    MODEL.height,
    (_slot, _failure, _pre, _inference, frameInfo) => resolveArrived(frameInfo!),
  );
  try {
    heapSlots.ref();
    heapSlots.attach(camera.id);
    camera.setKeepPixels(keepPixels);
    camera.setReading(reading);
    camera.setRegion(region);
    camera.offer({ ...image, sec: 0, nanosec: 0, index: -1 });
    const counters = camera.counters();
    const { lastFailure, warning, failed } = counters;
    if (lastFailure) throw expectation(lastFailure);
    assert.equal(failed, 0);
    const frameInfo = await arrived;
    const input = new Uint8Array(frameInfo.input!).slice();
    const warningText = warning ? expectation(warning).message : undefined;
    return { frameInfo, input, warning: warningText, counters };
  } finally {
    camera.close();
    heapSlots.close();
  }
}

/** An image of noise, with padding of noise, and the expected frame. */
export function sampleImage(
  encoding: string,
  size: PictureSize,
  padding: { readonly stride?: number; readonly rows?: number } = {},
  seed = 1,
): { readonly image: RawImage; readonly nv12: Uint8Array } {
  const { width, height } = size;
  const rows = padding.rows ?? height;
  const common = { width, height, encoding, isBigEndian: false, hasBufferSize: false };
  if (encoding in PIXELS) {
    const format = encoding as PackedFormat;
    const step = padding.stride ?? width * PIXELS[format].bytes;
    const data = randomBytes(step * rows, seed);
    return { image: { ...common, step, data }, nv12: nv12Of({ data, width, height, format, step }, 'full') };
  }
  const stride = padding.stride ?? width;
  const data = randomBytes((stride * rows * 3) / 2, seed);
  const chroma = stride * rows;
  const at: Readonly<Record<string, (x: number, y: number, channel: number) => number>> = {
    nv12: (x, y, channel) => chroma + y * stride + 2 * x + channel,
    nv21: (x, y, channel) => chroma + y * stride + 2 * x + 1 - channel,
    i420: (x, y, channel) => chroma + (channel * stride * rows) / 4 + (y * stride) / 2 + x,
    yv12: (x, y, channel) => chroma + ((1 - channel) * stride * rows) / 4 + (y * stride) / 2 + x,
  };
  const nv12 = nv12OfPlanes(
    width,
    height,
    (x, y) => data[y * stride + x]!,
    (x, y, channel) => data[at[encoding]!(x, y, channel)]!,
  );
  return { image: { ...common, step: stride, data }, nv12 };
}

/** Packed NV12 bytes as a frame. */
export function frameOf(nv12: Uint8Array, width: number, height: number): Nv12Frame {
  const planes = { lumaStride: width, chromaStride: width, lumaOffset: 0, chromaOffset: width * height };
  return { width, height, data: nv12, ...planes };
}
