import { MessageWriter } from '@foxglove/rosmsg2-serialization';
import { DEFINITIONS } from '../definitions.js';
import type { MessageDefinition, MessageType } from '../message-type.js';

/**
 * A string as CDR stores it: UTF-8 and a NUL.
 *
 * MessageWriter counts a string's UTF-16 units, not its bytes, and so garbles every label beyond ASCII (人, Möwe).
 * Therefore it gets the bytes: an array of uint8 and a string have the same encoding, length first.
 */
export type CdrText = Uint8Array;

/** @returns `value` as a CDR string */
export function cdrText(value: string): CdrText {
  return Buffer.from(`${value}\0`, 'utf8');
}

/** Turns message objects into CDR bytes: the encapsulation header (little-endian), then the fields. */
export class CdrEncoder<T extends object> {
  readonly #writer: MessageWriter;
  /** Grows to the longest message, and is reused for all messages. */
  #buffer = new ArrayBuffer(4096);

  constructor(readonly type: MessageType) {
    this.#writer = new MessageWriter(textAsBytes(type));
  }

  /**
   * @returns the message's bytes, valid until the next call
   * @param message its fields by name; strings as CdrText; absent fields are zero; fields that the definition lacks
   *   are left out (an older foxglove_msgs has fewer)
   */
  write(message: T): Uint8Array {
    // MessageWriter passes `output` to CdrWriter, which needs an ArrayBuffer despite its declaration, and which
    // grows by itself. This also avoids a first pass that counts the bytes.
    const bytes = this.#writer.writeMessage(message, this.#buffer as unknown as Uint8Array);
    this.#buffer = bytes.buffer as ArrayBuffer;
    return bytes;
  }

  /**
   * Writes a message that ends in `uint8[] data`, with room for `length` bytes of it.
   *
   * @param message without its data
   * @returns the message's bytes and, within them, those of the data, not cleared; valid until the next call
   */
  writeWithData(message: T, length: number): { bytes: Uint8Array; data: Uint8Array } {
    const headLength = this.write(message).length;
    if (this.#buffer.byteLength < headLength + length) {
      const larger = new ArrayBuffer(headLength + length);
      new Uint8Array(larger).set(new Uint8Array(this.#buffer, 0, headLength));
      this.#buffer = larger;
    }
    new DataView(this.#buffer).setUint32(headLength - 4, length, true);
    return {
      bytes: new Uint8Array(this.#buffer, 0, headLength + length),
      data: new Uint8Array(this.#buffer, headLength, length),
    };
  }
}

/** The string fields of the definitions we carry, as `package/Type.field`: those that our messages fill with CdrText. */
const TEXT_FIELDS = new Set<string>();
for (const [type, text] of Object.entries(DEFINITIONS)) {
  for (const [, field] of text.matchAll(/^string (\w+)$/gm)) TEXT_FIELDS.add(`${type}.${field}`);
}

/** The definitions of a type with their text fields as arrays of bytes. */
export function textAsBytes(type: MessageType): MessageDefinition[] {
  const root = type.name.replace('/msg/', '/');
  return type.definitions.map((part) => withTextAsBytes(part.name ?? root, part));
}

/** The definition with its text fields as arrays of bytes. Unknown strings are kept and become "". */
function withTextAsBytes(type: string, definition: MessageDefinition): MessageDefinition {
  const definitions = definition.definitions.map((field) =>
    TEXT_FIELDS.has(`${type}.${field.name}`) ? { ...field, type: 'uint8', isArray: true } : field,
  );
  return { ...definition, definitions };
}
