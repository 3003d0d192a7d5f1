import { cdrText, type CdrText } from './cdr-encoder.js';

/** Class names by class id, as strings and as the bytes that go into messages. */
export class Labels {
  readonly #texts: CdrText[];

  constructor(readonly names: readonly string[]) {
    this.#texts = names.map(cdrText);
  }

  /** @returns the name of a class; its number if it has no name, so that no class is unnamed */
  name(classId: number): string {
    return this.names[classId] || String(classId);
  }

  /** @returns `name(classId)` as a CDR string */
  text(classId: number): CdrText {
    // An empty name consists only of its NUL.
    const text = this.#texts[classId];
    return text !== undefined && text.length > 1 ? text : cdrText(String(classId));
  }
}
