import { ExpectationError, messageOf } from '../base/expect.js';

/** No model has more classes. */
const MOST_CLASSES = 100_000;

/** Class names from a model's metadata, or why they cannot be read. */
export interface ClassNames {
  /** By class id; empty if there are none or they cannot be read. */
  readonly names: readonly string[];
  /** Why they cannot be read. */
  readonly problem: string | undefined;
}

/** Like parseClassNames(), but does not throw: a model whose names cannot be read is still usable. */
export function readClassNames(text: string): ClassNames {
  try {
    return { names: parseClassNames(text), problem: undefined };
  } catch (error) {
    return { names: [], problem: messageOf(error) };
  }
}

/**
 * Parses class names in the forms that exporters write into a model's metadata: the repr of a Python dict as Ultralytics
 * writes it, `{0: 'person', 1: "driver's seat"}`, JSON `{"0": "person"}`, a list or tuple `['person', 'bicycle']`, an
 * OrderedDict, names followed by their ids `{'person': 0}`, `None`, or names separated by commas.
 *
 * @returns names by class id; if ids begin with 1, the first is class 0; missing ids have their number as a name
 * @throws ExpectationError for anything else
 *
 * @example
 * parseClassNames(`{0: 'person', 1: 'bicycle'}`); // ['person', 'bicycle']
 */
export function parseClassNames(text: string): string[] {
  const trimmed = text.trim();
  if (/^(None|null)?$/.test(trimmed)) return [];
  if (!/^[[{(]|['"]|^\w+\s*\(/.test(trimmed)) return trimmed.split(/[,\n]/).map((name) => name.trim());
  return new Literals(text).parse();
}

const ESCAPES: Readonly<Record<string, string>> = {
  ...{ '\\': '\\', "'": "'", '"': '"', '/': '/' },
  ...{ n: '\n', r: '\r', t: '\t', a: '\x07', b: '\b', f: '\f', v: '\v' },
};

/** Digits that follow \x, \u and \U. */
const HEX_DIGITS: Readonly<Record<string, number>> = { x: 2, u: 4, U: 8 };
const CLOSING: Readonly<Record<string, string>> = { '{': '}', '[': ']', '(': ')' };

/** Parses the subset of Python's and JSON's literals that such names need. */
class Literals {
  #at = 0;
  readonly #names = new Map<number, string>();

  constructor(readonly text: string) {}

  parse(): string[] {
    this.#space();
    const call = /^(?:collections\.)?\w+\s*\(\s*(?=[[{])/.exec(this.text.slice(this.#at, this.#at + 64))?.[0];
    this.#at += call?.length ?? 0;
    this.#container();
    if (call !== undefined) this.#expect(')');
    this.#space();
    if (this.#at < this.text.length) this.#fail('the end');
    return this.#byId();
  }

  #byId(): string[] {
    const ids = [...this.#names.keys()];
    // The model has N classes whose ids run from 1 to N.
    const first = ids.length > 0 && !ids.includes(0) && Math.max(...ids) === ids.length ? 1 : 0;
    const count = ids.length === 0 ? 0 : Math.max(...ids) + 1 - first;
    return Array.from({ length: count }, (_, id) => this.#names.get(id + first) ?? String(id));
  }

  /** A dict, or a sequence of names or of pairs. */
  #container(): void {
    this.#space();
    const open = this.text[this.#at] ?? '';
    const close = CLOSING[open];
    if (close === undefined) this.#fail('"{"');
    let next = 0;
    this.#items(open, close, () => {
      const pair = this.text[this.#at] === '(' || this.text[this.#at] === '[' ? this.text[this.#at]! : '';
      if (open === '{') this.#entry(':');
      else if (pair !== '') {
        this.#expect(pair);
        this.#entry(',');
        this.#expect(CLOSING[pair]!);
      } else this.#add(next++, this.#name());
    });
  }

  /** An id and its name, in either order. */
  #entry(separator: string): void {
    this.#space();
    const quoted = this.#quoted() ? this.#string() : undefined;
    const id = quoted === undefined ? this.#integer() : /^\d{1,9}$/.test(quoted) ? Number(quoted) : undefined;
    this.#expect(separator);
    if (id !== undefined) this.#add(id, this.#name());
    else this.#add(this.#integer(), quoted);
  }

  #add(id: number, name: string | undefined): void {
    if (id >= MOST_CLASSES) this.#fail(`a class id below ${MOST_CLASSES}`);
    this.#names.set(id, name ?? String(id));
  }

  /** Items between brackets, separated by commas, with an optional trailing comma. */
  #items(open: string, close: string, item: () => void): void {
    this.#expect(open);
    while (!this.#accept(close)) {
      item();
      if (this.#accept(close)) return;
      this.#expect(',');
      this.#space();
    }
  }

  #integer(): number {
    this.#space();
    const digits = /^\d{1,9}/.exec(this.text.slice(this.#at, this.#at + 9))?.[0];
    if (digits === undefined) this.#fail('a class id');
    this.#at += digits.length;
    return Number(digits);
  }

  /** A quoted name, or a number instead; undefined for None. */
  #name(): string | undefined {
    this.#space();
    if (this.#quoted()) return this.#string();
    const word = /^(?:None|null|-?\d[\w.]*)/.exec(this.text.slice(this.#at, this.#at + 32))?.[0];
    if (word === undefined) this.#fail('a quoted name');
    this.#at += word.length;
    return /^[Nn]/.test(word) ? undefined : word;
  }

  #quoted(): boolean {
    return this.text[this.#at] === "'" || this.text[this.#at] === '"';
  }

  #string(): string {
    const quote = this.text[this.#at]!;
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
      "Class names look like {0: 'person', 1: 'bicycle'}; give them with labels instead, one name per line.",
    );
  }
}
