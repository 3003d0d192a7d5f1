/** The thread of pages (thread-work.ts), which compresses pictures. */
import { allocateNv12, letterboxNv12 } from '../../native/convert.js';
import { Letterbox } from '../../vision/picture/letterbox.js';
import { nv12Frame, type Nv12Frame } from '../../vision/picture/nv12-frame.js';
import type { PictureSize } from '../../vision/picture/picture-size.js';
import { newPictureEncoder, type PictureEncoder } from './picture-encoders.js';
import type { PictureOrder } from './thread-protocol.js';
import { work } from './thread-work.js';

/** Memory for one picture, reused for the next. */
interface Tools {
  scaled: Nv12Frame | undefined;
  readonly encoder: PictureEncoder;
}

const free: Tools[] = [];

work(compress);

async function compress(order: PictureOrder): Promise<Uint8Array> {
  const { memory, scaled, part, range, quality, width, height } = order;
  const tools = free.pop() ?? { scaled: undefined, encoder: newPictureEncoder() };
  try {
    const frame = nv12Frame(new Uint8Array(memory), { width, height });
    const source = scaled ? scale(frame, scaled, tools) : frame;
    return await tools.encoder.encode(part ? { ...source, picture: part } : source, quality, range);
  } finally {
    free.push(tools);
  }
}

function scale(frame: Nv12Frame, { width, height }: PictureSize, tools: Tools): Nv12Frame {
  if (tools.scaled?.width !== width || tools.scaled.height !== height)
    tools.scaled = allocateNv12(width, height);
  letterboxNv12(frame, new Letterbox(frame.width, frame.height, width, height, 'stretch'), tools.scaled);
  return tools.scaled;
}
