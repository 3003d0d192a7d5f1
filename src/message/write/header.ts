import type { FrameHeader, Stamp } from '../../vision/picture/frame-source.js';
import { cdrText, type CdrText } from './cdr-encoder.js';
import type { CdrOutput } from './cdr-output.js';

/** std_msgs/Header for CdrEncoder. */
export interface HeaderMessage {
  readonly stamp: Stamp;
  readonly frame_id: CdrText;
}

/** Makes headers of messages. Keeps the bytes of the last frame_id, which rarely changes. */
export class HeaderEncoder {
  #frameId = '';
  #text = cdrText('');

  encode(header: FrameHeader): HeaderMessage {
    return { stamp: header.stamp, frame_id: this.#textOf(header) };
  }

  /** Writes the fields of a header, and makes room for them. */
  write(header: FrameHeader, out: CdrOutput): void {
    const text = this.#textOf(header);
    out.reserve(24 + text.length);
    out.stamp(header.stamp);
    out.text(text);
  }

  #textOf({ frameId }: FrameHeader): CdrText {
    if (frameId !== this.#frameId) {
      this.#frameId = frameId;
      this.#text = cdrText(frameId);
    }
    return this.#text;
  }
}
