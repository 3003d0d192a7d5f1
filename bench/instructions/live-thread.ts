/** The pictures' thread without its encoder, of which there is none where instructions are counted: scales, converts, and answers with noise. */
import { parentPort } from 'node:worker_threads';
import { allocateNv12, letterboxNv12, nv12ToRgb } from '../../src/native/convert.js';
import { Letterbox } from '../../src/vision/picture/letterbox.js';
import { nv12Frame } from '../../src/vision/picture/nv12-frame.js';
import type { PictureAnswer, PictureRequest } from '../../src/web/feed/picture-protocol.js';

/** Bytes of a JPEG file of 960x540. */
const FILE = 60_000;

parentPort!.on('message', ({ id, memory, width, height, scaled, range }: PictureRequest) => {
  const frame = nv12Frame(new Uint8Array(memory), { width, height });
  let source = frame;
  if (scaled) {
    source = allocateNv12(scaled.width, scaled.height);
    letterboxNv12(frame, new Letterbox(width, height, scaled.width, scaled.height, 'stretch'), source);
  }
  nv12ToRgb(source, range);
  const file = new Uint8Array(FILE);
  parentPort!.postMessage({ id, file, failure: '' } satisfies PictureAnswer, [file.buffer]);
});
