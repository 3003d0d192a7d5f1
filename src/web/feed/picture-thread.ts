/** Scales, converts and compresses pictures on a separate thread: calling the encoder takes longer than everything else done for a frame. */
import { parentPort } from 'node:worker_threads';
import sharp from 'sharp';
import { messageOf } from '../../base/expect.js';
import { allocateNv12, letterboxNv12, nv12ToRgb } from '../../native/convert.js';
import { Letterbox } from '../../vision/picture/letterbox.js';
import { nv12Frame, type Nv12Frame } from '../../vision/picture/nv12-frame.js';
import type { PictureSize } from '../../vision/picture/picture-size.js';
import type { PictureAnswer, PictureRequest } from './picture-protocol.js';

/** Buffers for one picture, reused for the next. */
interface Buffers {
  scaled: Nv12Frame | undefined;
  rgb: Uint8Array;
}

const port = parentPort!;
const free: Buffers[] = [];

port.on('message', (request: PictureRequest) => void answer(request));

async function answer(request: PictureRequest): Promise<void> {
  const { id } = request;
  try {
    // A copy of exactly the file's length, whose buffer can be transferred.
    const file = new Uint8Array(await compress(request));
    port.postMessage({ id, file, failure: '' } satisfies PictureAnswer, [file.buffer]);
  } catch (error) {
    port.postMessage({ id, file: undefined, failure: messageOf(error) } satisfies PictureAnswer);
  }
}

async function compress({
  memory,
  scaled,
  picture,
  range,
  quality,
  ...size
}: PictureRequest): Promise<Buffer> {
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
    if (picture) made = made.extract({ left: 0, top: 0, ...picture });
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
