import { ExpectationError } from '../expect.js';

/**
 * Class names as Ultralytics exports write them into a model's metadata: the repr of a Python dict,
 * `{0: 'person', 1: "driver's seat"}`, or of a list, `['person', 'bicycle']`.
 *
 * @returns names by class id; ids must be 0 to n - 1, in any order
 * @throws ExpectationError for anything else
 */
export function parseClassNames(text: string): string[] {
  return new PythonNames(text).parse();
}

const ESCAPES: Readonly<Record<string, string>> = {
  ...{ '\\': '\\', "'": "'", '"': '"' },
  ...{ n: '\n', r: '\r', t: '\t', a: '\x07', b: '\b', f: '\f', v: '\v' },
};

/** Digits that follow \x, \u and \U. */
const HEX_DIGITS: Readonly<Record<string, number>> = { x: 2, u: 4, U: 8 };

/** The little of Python's literals that repr() makes of such names. */
class PythonNames {
  #at = 0;

  constructor(readonly text: string) {}

  parse(): string[] {
    this.#space();
    const names = this.text[this.#at] === '[' ? this.#list() : this.#dict();
    this.#space();
    if (this.#at < this.text.length) this.#fail('the end');
    return names;
  }

  #list(): string[] {
    const names: string[] = [];
    this.#items('[', ']', () => names.push(this.#string()));
    return names;
  }

  #dict(): string[] {
    const names = new Map<number, string>();
    this.#items('{', '}', () => {
      const id = this.#integer();
      this.#expect(':');
      names.set(id, this.#string());
    });
    return Array.from({ length: names.size }, (_, id) => {
      const name = names.get(id);
      if (name === undefined) this.#fail(`class ids 0 to ${names.size - 1}, and so a class ${id},`);
      return name;
    });
  }

  /** Items between brackets, with commas between them and perhaps one after the last. */
  #items(open: string, close: string, item: () => void): void {
    this.#expect(open);
    while (!this.#accept(close)) {
      item();
      if (this.#accept(close)) return;
      this.#expect(',');
    }
  }

  #integer(): number {
    this.#space();
    const digits = /^\d{1,9}/.exec(this.text.slice(this.#at, this.#at + 9))?.[0];
    if (digits === undefined) this.#fail('a class id');
    this.#at += digits.length;
    return Number(digits);
  }

  #string(): string {
    this.#space();
    const quote = this.text[this.#at];
    if (quote !== "'" && quote !== '"') this.#fail('a quoted name');
    this.#at++;
    let value = '';
    for (;;) {
      const char = this.text[this.#at];
      if (char === undefined) this.#fail('a closing quote');
      this.#at++;
      if (char === quote) return value;
      value += char === '\\' ? this.#escape() : char;
    }
  }

  #escape(): string {
    const kind = this.text[this.#at] ?? '';
    const plain = ESCAPES[kind];
    if (plain !== undefined) {
      this.#at++;
      return plain;
    }
    const digits = this.text.slice(this.#at + 1, this.#at + 1 + (HEX_DIGITS[kind] ?? 0));
    const code = Number.parseInt(digits, 16);
    if (!/^[0-9a-fA-F]+$/.test(digits) || digits.length !== HEX_DIGITS[kind] || code > 0x10ffff) {
      this.#fail('an escape such as \\n, \\xe9 or \\u00e9');
    }
    this.#at += 1 + digits.length;
    return String.fromCodePoint(code);
  }

  #space(): void {
    while (/^\s$/.test(this.text[this.#at] ?? '')) this.#at++;
  }

  #accept(token: string): boolean {
    this.#space();
    if (this.text[this.#at] !== token) return false;
    this.#at++;
    return true;
  }

  #expect(token: string): void {
    if (!this.#accept(token)) this.#fail(`"${token}"`);
  }

  #fail(expected: string): never {
    const from = Math.max(0, this.#at - 20);
    throw new ExpectationError(
      `${expected} at character ${this.#at + 1} of the class names`,
      this.text.slice(from, this.#at + 20),
      "Class names look like {0: 'person', 1: 'bicycle'}.",
    );
  }
}
