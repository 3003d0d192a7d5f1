import type { FrameHeader } from '../../vision/picture/frame-source.js';
import type { Segmentation } from '../../vision/mask/segmentation.js';
import { messageType } from '../message-type.js';
import { cdrText } from './cdr-encoder.js';
import { CdrOutput } from './cdr-output.js';
import { HeaderEncoder } from './header.js';
import { InstalledLayout } from './installed-layout.js';
import type { Labels } from './labels.js';

const TYPE = messageType('tros_yolo_seg/ZoneArray');
const ENTERED = 1;
const LEFT = 2;
/** Bytes of a zone, a class and an event without texts; padding included. */
const BYTES = 96;

/** Writes tros_yolo_seg/msg/ZoneArray: what zones and lines have counted. */
export class ZoneArrayWriter {
  readonly #out = new CdrOutput();
  readonly #header = new HeaderEncoder();
  readonly #layout: InstalledLayout | undefined;
  readonly #names = new Map<string, Uint8Array>();

  constructor(
    readonly labels: Labels,
    readonly type = TYPE,
  ) {
    this.#layout = InstalledLayout.between(TYPE, type);
  }

  /** @returns CDR bytes, valid until the next call */
  write(header: FrameHeader, { zones = [], zoneEvents = [] }: Segmentation): Uint8Array {
    const out = this.#out;
    out.begin();
    this.#header.write(header, out);
    out.reserve(BYTES);
    out.uint32(zones.length);
    for (const { name, kind, classes } of zones) {
      const text = this.#nameOf(name);
      out.reserve(BYTES + text.length);
      out.text(text);
      out.uint8(kind === 'line' ? 1 : 0);
      out.uint32(classes.length);
      for (const { classId, present, entered, left, meanDwell, longestStay } of classes) {
        const className = this.labels.text(classId);
        out.reserve(BYTES + className.length);
        out.uint16(classId);
        out.text(className);
        out.uint32(present);
        out.uint64(entered);
        out.uint64(left);
        out.float32(meanDwell);
        out.float32(longestStay);
      }
      out.reserve(BYTES);
      let events = 0;
      for (const { zone } of zoneEvents) if (zone === name) events++;
      out.uint32(events);
      for (const { zone, type, trackId, classId, dwell } of zoneEvents) {
        if (zone !== name) continue;
        const className = this.labels.text(classId);
        out.reserve(BYTES + className.length);
        out.uint8(type === 'entered' ? ENTERED : LEFT);
        out.digits(trackId);
        out.uint16(classId);
        out.text(className);
        out.float32(dwell);
      }
    }
    return this.#layout ? this.#layout.convert(out.end()) : out.end();
  }

  #nameOf(name: string): Uint8Array {
    let text = this.#names.get(name);
    if (!text) this.#names.set(name, (text = cdrText(name)));
    return text;
  }
}
