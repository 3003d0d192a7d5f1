/** The thread of pages without its encoder, of which there is none where instructions are counted: contours, conversion as for sharp, and
 * a file of zeros. */
import { nv12ToRgb } from '../../src/native/convert.js';
import { work } from '../../src/web/feed/thread-work.js';

/** Bytes of a JPEG file of 960x540. */
const FILE = 60_000;

work(({ frame, range }) => {
  nv12ToRgb(frame, range);
  return Promise.resolve(new Uint8Array(FILE));
});
