import { MessageReader } from '@foxglove/rosmsg2-serialization';
import { CdrEncoder, textAsBytes } from './cdr-encoder.js';
import type { MessageType } from '../message-type.js';

/**
 * Converts bytes of a message from our definition to the installed definition, if they differ: an older
 * foxglove_msgs has fewer fields. Fields that only the installed definition has are zero.
 */
export class InstalledLayout {
  readonly #reader: MessageReader;
  readonly #encoder: CdrEncoder<object>;

  private constructor(known: MessageType, installed: MessageType) {
    this.#reader = new MessageReader([...textAsBytes(known)]);
    this.#encoder = new CdrEncoder(installed);
  }

  /** @returns undefined if both have the same fields */
  static between(known: MessageType, installed: MessageType): InstalledLayout | undefined {
    return fieldsOf(known) === fieldsOf(installed) ? undefined : new InstalledLayout(known, installed);
  }

  /** @returns bytes that are valid until the next call */
  convert(cdr: Uint8Array): Uint8Array {
    return this.#encoder.write(this.#reader.readMessage(cdr));
  }
}

/** The fields, which determine the layout: types and names in order, without constants and defaults. */
function fieldsOf({ definitions }: MessageType): string {
  return JSON.stringify(
    definitions.map(({ name, definitions: fields }, index) => [
      index === 0 ? '' : name,
      fields
        .filter(({ isConstant }) => isConstant !== true)
        .map(({ name: field, type, isArray, arrayLength }) => [field, type, isArray === true, arrayLength]),
    ]),
  );
}
