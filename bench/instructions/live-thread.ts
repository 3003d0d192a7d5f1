/** The thread of pages without its encoder, of which there is none where instructions are counted: contours, scaling, conversion
 * as for sharp, and a file of zeros. */
import { allocateNv12, letterboxNv12, nv12ToRgb } from '../../src/native/convert.js';
import { Letterbox } from '../../src/vision/picture/letterbox.js';
import { nv12Frame } from '../../src/vision/picture/nv12-frame.js';
import type { PictureOrder } from '../../src/web/feed/thread-protocol.js';
import { work } from '../../src/web/feed/thread-work.js';

/** Bytes of a JPEG file of 960x540. */
const FILE = 60_000;

work((picture) => {
  convert(picture);
  return Promise.resolve(new Uint8Array(FILE));
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
