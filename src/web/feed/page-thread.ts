/** The thread of pages (thread-work.ts), with sharp to compress pictures. */
import sharp, { type Sharp } from 'sharp';
import { STANDARD_TABLES } from '../../media/render/encode.js';
import { allocateNv12, letterboxNv12, nv12ToRgb } from '../../native/convert.js';
import { Letterbox } from '../../vision/picture/letterbox.js';
import { nv12Frame, type Nv12Frame } from '../../vision/picture/nv12-frame.js';
import type { PictureSize } from '../../vision/picture/picture-size.js';
import type { PictureOrder } from './thread-protocol.js';
import { work } from './thread-work.js';

/** Buffers for one picture, reused for the next. */
interface Buffers {
  scaled: Nv12Frame | undefined;
  encoder: Encoder | undefined;
}

/** Compresses whatever pixels `rgb` holds when it is called. Setting sharp up anew would take this thread 0.15 ms more for each picture. */
interface Encoder {
  readonly rgb: Uint8Array;
  readonly sharp: Sharp;
  /** Size, part and quality that `sharp` is set up for, to tell whether it can be used again. */
  readonly settings: string;
}

const free: Buffers[] = [];

work(compress);

async function compress({ memory, scaled, part, range, quality, ...size }: PictureOrder): Promise<Buffer> {
  const buffers = free.pop() ?? { scaled: undefined, encoder: undefined };
  try {
    const frame = nv12Frame(new Uint8Array(memory), { width: size.width, height: size.height });
    const source = scaled ? scale(frame, scaled, buffers) : frame;
    const encoder = encoderOf(source, part, quality, buffers);
    nv12ToRgb(source, range, encoder.rgb);
    return await encoder.sharp.toBuffer();
  } finally {
    free.push(buffers);
  }
}

function scale(frame: Nv12Frame, { width, height }: PictureSize, buffers: Buffers): Nv12Frame {
  if (buffers.scaled?.width !== width || buffers.scaled.height !== height)
    buffers.scaled = allocateNv12(width, height);
  letterboxNv12(frame, new Letterbox(frame.width, frame.height, width, height, 'stretch'), buffers.scaled);
  return buffers.scaled;
}

function encoderOf(
  { width, height }: PictureSize,
  part: PictureSize | undefined,
  quality: number,
  buffers: Buffers,
): Encoder {
  const settings = `${width}x${height} ${part?.width}x${part?.height} ${quality}`;
  if (buffers.encoder?.settings === settings) return buffers.encoder;
  const rgb = new Uint8Array(3 * width * height);
  let made = sharp(rgb, { raw: { width, height, channels: 3 }, limitInputPixels: false });
  // The last column or row of an odd picture is there twice.
  if (part) made = made.extract({ left: 0, top: 0, ...part });
  return (buffers.encoder = { rgb, sharp: made.jpeg({ quality, ...STANDARD_TABLES }), settings });
}
