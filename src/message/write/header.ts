import type { FrameHeader, Stamp } from '../../vision/picture/frame-source.js';
import { cdrText, type CdrText } from './cdr-encoder.js';

/** std_msgs/Header as CdrEncoder takes it. */
export interface HeaderMessage {
  readonly stamp: Stamp;
  readonly frame_id: CdrText;
}

/** Makes headers of messages. Keeps the bytes of the last frame_id, which hardly ever changes. */
export class HeaderEncoder {
  #frameId = '';
  #text = cdrText('');

  encode(header: FrameHeader): HeaderMessage {
    if (header.frameId !== this.#frameId) {
      this.#frameId = header.frameId;
      this.#text = cdrText(header.frameId);
    }
    return { stamp: header.stamp, frame_id: this.#text };
  }
}
