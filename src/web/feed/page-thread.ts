/** The thread of pages (thread-work.ts), which compresses pictures. */
import { newPictureEncoder, type PictureEncoder } from './picture-encoders.js';
import { work } from './thread-work.js';

/** Those that make no file at the moment. */
const free: PictureEncoder[] = [];

work(async ({ frame, quality, range }) => {
  const encoder = free.pop() ?? newPictureEncoder();
  try {
    return await encoder.encode(frame, quality, range);
  } finally {
    free.push(encoder);
  }
});
