/** The pictures' thread without its encoder, of which there is none where instructions are counted: contours, scaling, conversion, and a file of zeros. */
import { parentPort } from 'node:worker_threads';
import { allocateNv12, letterboxNv12, nv12ToRgb } from '../../src/native/convert.js';
import { Letterbox } from '../../src/vision/picture/letterbox.js';
import { nv12Frame } from '../../src/vision/picture/nv12-frame.js';
import type { PictureAnswer, PictureOrder, PictureRequest } from '../../src/web/feed/picture-protocol.js';
import { ContourWriter } from '../../src/web/protocol/frame-contours.js';
import { framed } from '../../src/web/protocol/websocket-frame.js';

/** Bytes of a JPEG file of 960x540. */
const FILE = 60_000;

const contours = new ContourWriter();

parentPort!.on('message', ({ id, start: { frame, masks, tolerance }, picture }: PictureRequest) => {
  if (picture) convert(picture);
  const head = masks ? contours.add(frame, masks, tolerance) : frame;
  const { bytes, fileAt } = framed(head, new Uint8Array(picture ? FILE : 0));
  parentPort!.postMessage({ id, bytes, fileAt, failure: '' } satisfies PictureAnswer, [bytes.buffer]);
});

function convert({ memory, width, height, scaled, range }: PictureOrder): void {
  const frame = nv12Frame(new Uint8Array(memory), { width, height });
  let source = frame;
  if (scaled) {
    source = allocateNv12(scaled.width, scaled.height);
    letterboxNv12(frame, new Letterbox(width, height, scaled.width, scaled.height, 'stretch'), source);
  }
  nv12ToRgb(source, range);
}
