import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

/** Where a glyph of a shaped text lies. In units of the font; y grows upward. */
export interface PlacedGlyph {
  /** 0: the font has no glyph for the character. */
  readonly id: number;
  readonly x: number;
  readonly y: number;
}

/** A shaped text. */
export interface ShapedText {
  readonly glyphs: readonly PlacedGlyph[];
  /** From its begin to that of what follows. */
  readonly advance: number;
}

/** Told of the outline of a glyph, in units of the font. */
export interface OutlinePen {
  moveTo(x: number, y: number): void;
  lineTo(x: number, y: number): void;
  quadTo(cx: number, cy: number, x: number, y: number): void;
  cubicTo(ax: number, ay: number, bx: number, by: number, x: number, y: number): void;
}

/** What is called of WebAssembly, which neither TypeScript's library without DOM nor Node's types declare. */
interface WasmMemory {
  readonly buffer: ArrayBuffer;
  grow(pages: number): number;
}
interface WasmTable {
  grow(elements: number): number;
  set(index: number, value: unknown): void;
}
type Imports = Readonly<Record<string, Readonly<Record<string, (...args: number[]) => unknown>>>>;
const { WebAssembly } = globalThis as unknown as {
  readonly WebAssembly: {
    readonly Module: new (bytes: Uint8Array) => object;
    readonly Instance: new (
      module: object,
      imports: Imports,
    ) => { readonly exports: Record<string, unknown> };
  };
};

/** The functions of HarfBuzz's C interface that are called (harfbuzz.github.io). Pointers and numbers are numbers. */
type Call = (...args: number[]) => number;
interface Exports {
  readonly memory: WasmMemory;
  readonly __indirect_function_table: WasmTable;
  readonly [name: string]: unknown;
}

const HB_MEMORY_MODE_READONLY = 1;
/** Bytes of hb_glyph_info_t and of hb_glyph_position_t: five 32-bit numbers each. */
const STRUCT_WORDS = 5;
/** Numbers that each of the pen's functions is given, behind three pointers and in front of one. */
const PEN_ARGUMENTS = [2, 2, 4, 6, 0] as const;
const PEN_SETTERS = ['move_to', 'line_to', 'quadratic_to', 'cubic_to', 'close_path'] as const;

/**
 * HarfBuzz, which shapes text and knows the outlines of fonts, as the package harfbuzzjs compiles it to WebAssembly.
 *
 * The package's own JavaScript loads it with a top-level await, after which our library could not be used with
 * require(), and every program would pay for it at its start. Here it is instantiated at the first text, without waiting.
 */
class HarfBuzz {
  readonly #exports: Exports;
  #pen: OutlinePen | undefined;
  readonly drawFunctions: number;

  constructor() {
    const path = createRequire(import.meta.url).resolve('harfbuzzjs/dist/harfbuzz.wasm');
    const fail = (): never => {
      throw new Error('HarfBuzz ran into an error of its own');
    };
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(readFileSync(path)), {
      env: {
        _abort_js: fail,
        _emscripten_runtime_keepalive_clear: () => undefined,
        _setitimer_js: () => 0,
        emscripten_resize_heap: (bytes = 0) => this.#grow(bytes),
      },
      wasi_snapshot_preview1: { proc_exit: fail },
    });
    this.#exports = exports as unknown as Exports;
    this.call('__wasm_call_ctors');
    this.drawFunctions = this.#drawFunctions();
  }

  call(name: string, ...args: number[]): number {
    return (this.#exports[name] as Call)(...args);
  }

  /** Copies bytes into the module's memory. @returns their address */
  keep(bytes: Uint8Array): number {
    const address = this.call('malloc', Math.max(1, bytes.length));
    new Uint8Array(this.#exports.memory.buffer).set(bytes, address);
    return address;
  }

  words(address: number, count: number): Int32Array {
    return new Int32Array(this.#exports.memory.buffer, address, count);
  }

  draw(font: number, glyph: number, pen: OutlinePen): void {
    this.#pen = pen;
    try {
      this.call('hb_font_draw_glyph', font, glyph, this.drawFunctions, 0);
    } finally {
      this.#pen = undefined;
    }
  }

  #grow(bytes: number): number {
    const { memory } = this.#exports;
    const pages = Math.ceil((bytes - memory.buffer.byteLength) / 65536);
    try {
      if (pages > 0) memory.grow(pages);
      return 1;
    } catch {
      return 0;
    }
  }

  /** An hb_draw_funcs_t that leads to the pen. */
  #drawFunctions(): number {
    const functions: ((...args: number[]) => void)[] = [
      (_f, _d, _s, x, y) => this.#pen!.moveTo(x, y),
      (_f, _d, _s, x, y) => this.#pen!.lineTo(x, y),
      (_f, _d, _s, cx, cy, x, y) => this.#pen!.quadTo(cx, cy, x, y),
      (_f, _d, _s, ax, ay, bx, by, x, y) => this.#pen!.cubicTo(ax, ay, bx, by, x, y),
      () => undefined,
    ];
    const table = this.#exports.__indirect_function_table;
    const first = table.grow(functions.length);
    const wrapped = callable(functions);
    const draw = this.call('hb_draw_funcs_create');
    PEN_SETTERS.forEach((name, i) => {
      table.set(first + i, wrapped[i]);
      this.call(`hb_draw_funcs_set_${name}_func`, draw, first + i, 0, 0);
    });
    return draw;
  }
}

/**
 * JavaScript functions as WebAssembly's: only those can be in the table through which C calls functions. A module is assembled that
 * imports and exports them (WebAssembly's binary format, 5.5).
 */
function callable(functions: readonly ((...args: number[]) => void)[]): unknown[] {
  const [I32, F32] = [0x7f, 0x7d];
  const section = (id: number, entries: number[][]): number[] => {
    const content = [entries.length, ...entries.flat()];
    return [id, content.length, ...content];
  };
  const types = PEN_ARGUMENTS.map((numbers) => {
    const parameters = [I32, I32, I32, ...new Array<number>(numbers).fill(F32), I32];
    return [0x60, parameters.length, ...parameters, 0];
  });
  const name = (i: number): number[] => [1, 0x61 + i];
  const bytes = Uint8Array.from([
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, types),
    ...section(
      2,
      types.map((_, i) => [1, 0x65, ...name(i), 0, i]),
    ),
    ...section(
      7,
      types.map((_, i) => [...name(i), 0, i]),
    ),
  ]);
  const names = functions.map((_, i) => String.fromCharCode(0x61 + i));
  const imports = { e: Object.fromEntries(functions.map((call, i) => [names[i]!, call])) };
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes), imports);
  return names.map((each) => exports[each]);
}

let harfBuzz: HarfBuzz | undefined;

/** A font of HarfBuzz. It lives as long as the process. */
export class Font {
  readonly #hb: HarfBuzz;
  readonly #font: number;
  readonly #buffer: number;
  /** Units of the font in an em. */
  readonly unitsPerEm: number;

  /** @param bytes of a TrueType or OpenType font */
  constructor(bytes: Uint8Array) {
    this.#hb = harfBuzz ??= new HarfBuzz();
    const hb = this.#hb;
    const blob = hb.call('hb_blob_create', hb.keep(bytes), bytes.length, HB_MEMORY_MODE_READONLY, 0, 0);
    const face = hb.call('hb_face_create', blob, 0);
    this.#font = hb.call('hb_font_create', face);
    this.#buffer = hb.call('hb_buffer_create');
    this.unitsPerEm = hb.call('hb_face_get_upem', face);
  }

  /** @param text of one script, in one direction */
  shape(text: string): ShapedText {
    const hb = this.#hb;
    const buffer = this.#buffer;
    const units = Buffer.from(text, 'utf16le');
    const address = hb.keep(units);
    hb.call('hb_buffer_add_utf16', buffer, address, text.length, 0, text.length);
    hb.call('free', address);
    hb.call('hb_buffer_guess_segment_properties', buffer);
    hb.call('hb_shape', this.#font, buffer, 0, 0);
    const count = hb.call('hb_buffer_get_length', buffer);
    const [info, position] = [
      hb.call('hb_buffer_get_glyph_infos', buffer, 0),
      hb.call('hb_buffer_get_glyph_positions', buffer, 0),
    ];
    // Views end when the memory grows, so nothing is called from here on.
    const infos = hb.words(info, STRUCT_WORDS * count);
    const positions = hb.words(position, STRUCT_WORDS * count);
    const glyphs: PlacedGlyph[] = [];
    let [x, y] = [0, 0];
    for (let at = 0; at < STRUCT_WORDS * count; at += STRUCT_WORDS) {
      glyphs.push({ id: infos[at]!, x: x + positions[at + 2]!, y: y + positions[at + 3]! });
      x += positions[at]!;
      y += positions[at + 1]!;
    }
    hb.call('hb_buffer_clear_contents', buffer);
    return { glyphs, advance: x };
  }

  /** Draws the outline of a glyph; contours are closed. */
  draw(glyph: number, pen: OutlinePen): void {
    this.#hb.draw(this.#font, glyph, pen);
  }
}
