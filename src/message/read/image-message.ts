import { addon } from '../../native/addon.js';
import { CdrCursor } from './cdr-cursor.js';
import type { FrameHeader, Stamp } from '../../vision/picture/frame-source.js';

/** Uncompressed pixels as sent by a camera; nothing is validated. */
export interface RawImage {
  readonly width: number;
  readonly height: number;
  /** The publisher's name of the encoding: nv12, bgr8, 8UC3 ... */
  readonly encoding: string;
  /** Whether the high byte of 16-bit samples comes first. */
  readonly isBigEndian: boolean;
  /**
   * Bytes from one row to the next, according to the publisher. TROS's publishers may send 0, an old value, or the width
   * although rows are longer.
   */
  readonly step: number;
  readonly data: Uint8Array;
  /** Whether `data` is a buffer that may be longer than the image. */
  readonly hasBufferSize: boolean;
}

/** A sensor_msgs/msg/Image as a view on its serialized bytes. */
export interface ImageView extends RawImage, FrameHeader {}

/** A sensor_msgs/msg/CompressedImage as a view on its serialized bytes. */
export interface CompressedImageView extends FrameHeader {
  /** jpeg, png, or longer: "bgr8; jpeg compressed bgr8". */
  readonly format: string;
  readonly data: Uint8Array;
}

/** A hbm_img_msgs/msg/HbmMsg480P, 540P or 1080P as a view on its serialized bytes. It has no frame_id. */
export interface HbmView extends RawImage {
  readonly stamp: Stamp;
  /** The publisher's counter. */
  readonly index: number;
}

/**
 * Views a serialized sensor_msgs/msg/Image, in either byte order. No pixel is copied or read.
 *
 * @throws ExpectationError for bytes that are truncated or not such a message
 */
export function imageView(cdr: Uint8Array): ImageView {
  const cursor = new CdrCursor(cdr, 'sensor_msgs/msg/Image');
  const { stamp, frameId } = cursor.header();
  const height = cursor.uint32('height');
  const width = cursor.uint32('width');
  const encoding = cursor.string('encoding');
  const isBigEndian = cursor.uint8('is_bigendian') !== 0;
  const step = cursor.uint32('step');
  const data = cursor.sequence('data');
  return { stamp, frameId, width, height, encoding, isBigEndian, step, data, hasBufferSize: false };
}

/**
 * Views a serialized sensor_msgs/msg/CompressedImage, in either byte order.
 *
 * @throws ExpectationError for bytes that are truncated or not such a message
 */
export function compressedImageView(cdr: Uint8Array): CompressedImageView {
  const cursor = new CdrCursor(cdr, 'sensor_msgs/msg/CompressedImage');
  const { stamp, frameId } = cursor.header();
  return { stamp, frameId, format: cursor.string('format'), data: cursor.sequence('data') };
}

/**
 * Views a serialized hbm_img_msgs/msg/HbmMsg480P, 540P or 1080P: one layout; only the capacity for pixels differs.
 *
 * Publishers write the encoding into memory that is not cleared, so only its beginning counts. `step` may be stale.
 * `data_size` may be the size of the publisher's buffer, so `data` may be longer than the image.
 *
 * @throws ExpectationError for bytes that end before the pixels
 */
export function hbmView(cdr: Uint8Array): HbmView {
  const cursor = new CdrCursor(cdr, 'hbm_img_msgs/msg/HbmMsg');
  const index = cursor.int32('index');
  const stamp = cursor.stamp('time_stamp');
  const height = cursor.uint32('height');
  const width = cursor.uint32('width');
  const dataSize = cursor.uint32('data_size');
  const step = cursor.uint32('step');
  const encoding = addon().hbmEncoding(cursor.bytes(12, 'encoding'));
  const data = cursor.rest(dataSize);
  return { index, stamp, width, height, encoding, isBigEndian: false, step, data, hasBufferSize: true };
}
