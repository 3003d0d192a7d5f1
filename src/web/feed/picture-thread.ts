/**
 * Makes the messages of pages on a separate thread: contours, and pictures scaled, converted and compressed. Its answers need only be
 * written to the network.
 */
import { parentPort } from 'node:worker_threads';
import sharp from 'sharp';
import { messageOf } from '../../base/expect.js';
import { allocateNv12, letterboxNv12, nv12ToRgb } from '../../native/convert.js';
import { Letterbox } from '../../vision/picture/letterbox.js';
import { nv12Frame, type Nv12Frame } from '../../vision/picture/nv12-frame.js';
import type { PictureSize } from '../../vision/picture/picture-size.js';
import { ContourWriter } from '../protocol/frame-contours.js';
import { framed } from '../protocol/websocket-frame.js';
import type { PictureAnswer, PictureOrder, PictureRequest } from './picture-protocol.js';

/** Buffers for one picture, reused for the next. */
interface Buffers {
  scaled: Nv12Frame | undefined;
  rgb: Uint8Array;
}

const port = parentPort!;
const free: Buffers[] = [];
const contours = new ContourWriter();
const NOTHING = new Uint8Array(0);

port.on('message', (request: PictureRequest) => void answer(request));

async function answer(request: PictureRequest): Promise<void> {
  const { id, start, picture } = request;
  try {
    const compressing = picture ? compress(picture) : Promise.resolve(NOTHING);
    // If the contours fail, nobody waits for the picture any more; its error must not end the thread.
    compressing.catch(() => undefined);
    // While others compress the picture.
    const head = start.masks ? contours.add(start.frame, start.masks, start.tolerance) : start.frame;
    const { bytes, fileAt } = framed(head, await compressing);
    port.postMessage({ id, bytes, fileAt, failure: '' } satisfies PictureAnswer, [bytes.buffer]);
  } catch (error) {
    const failure = messageOf(error);
    port.postMessage({ id, bytes: undefined, fileAt: 0, failure } satisfies PictureAnswer);
  }
}

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
