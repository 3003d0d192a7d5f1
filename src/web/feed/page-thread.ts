/** The thread of pages (thread-work.ts), with sharp to compress pictures. */
import sharp from 'sharp';
import { allocateNv12, letterboxNv12, nv12ToRgb } from '../../native/convert.js';
import { Letterbox } from '../../vision/picture/letterbox.js';
import { nv12Frame, type Nv12Frame } from '../../vision/picture/nv12-frame.js';
import type { PictureSize } from '../../vision/picture/picture-size.js';
import type { PictureOrder } from './thread-protocol.js';
import { work } from './thread-work.js';

/** Buffers for one picture, reused for the next. */
interface Buffers {
  scaled: Nv12Frame | undefined;
  rgb: Uint8Array;
}

const free: Buffers[] = [];

work(compress);

async function compress({ memory, scaled, part, range, quality, ...size }: PictureOrder): Promise<Buffer> {
  const buffers = free.pop() ?? { scaled: undefined, rgb: new Uint8Array(0) };
  try {
    const frame = nv12Frame(new Uint8Array(memory), { width: size.width, height: size.height });
    const source = scaled ? scale(frame, scaled, buffers) : frame;
    const { width, height } = source;
    const length = 3 * width * height;
    if (buffers.rgb.length !== length) buffers.rgb = new Uint8Array(length);
    nv12ToRgb(source, range, buffers.rgb);
    let made = sharp(buffers.rgb, { raw: { width, height, channels: 3 }, limitInputPixels: false });
    // The last column or row of an odd picture is there twice.
    if (part) made = made.extract({ left: 0, top: 0, ...part });
    return await made.jpeg({ quality }).toBuffer();
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
