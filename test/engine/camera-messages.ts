import type { Nv12Frame } from '../../src/vision/picture/nv12-frame.js';
import type { InjectedMessage } from '../../src/native/camera.js';
import { packedBytes } from '../native/frames.js';

/** The frame as a camera sends it, as nv12 with packed rows. */
export function messageOf(frame: Nv12Frame, fields: Partial<InjectedMessage> = {}): InjectedMessage {
  const { width, height } = frame;
  return {
    ...{ width, height, step: width, encoding: 'nv12', data: packedBytes(frame) },
    ...{ sec: 7, nanosec: 8, index: -1, frameId: 'front' },
    ...fields,
  };
}
