import { Buffer } from 'node:buffer';
import { join } from 'node:path';
import { addon } from '../../src/native/addon.js';
import { EMULATOR } from '../engine/bpu/emulator.js';
import { writePlaybackModel } from '../engine/bpu/playback-model.js';
import { randomBytes } from '../native/frames.js';
import { Choices } from './choices.js';
import { Hostile, tolerate } from './hostile.js';
import type { FuzzSeed, FuzzTarget } from './target.js';

type Anything = (...values: unknown[]) => unknown;
type Exports = Readonly<Record<string, Anything>>;

/** Maximum number of objects of each kind, and of calls, for one input. */
const MOST_OPEN = 3;
const MOST_CALLS = 40;
/** Frames that a camera sends at one call. */
const MOST_FRAMES = 8;

const ENCODINGS = [
  'nv12',
  'bgr8',
  'rgb8',
  'mono8',
  'nv21',
  'yuyv',
  'uyvy',
  'i420',
  'mono16',
  'bgra8',
  '8UC3',
  'jpeg',
];

/** Calls the addon's functions with invalid arguments; an input is a sequence of decisions. */
export function addonTarget(folder: string): Promise<FuzzTarget> {
  const model = writePlaybackModel(join(folder, 'heads.bin'));
  const before = process.env['TROS_YOLO_SEG_EMULATOR'];
  process.env['TROS_YOLO_SEG_EMULATOR'] = 'clock=fast,play_unknown=1';
  return Promise.resolve({
    name: 'addon',
    seeds: seeds(),
    async run(input) {
      await new Session(new Choices(input), model).run();
      return true;
    },
    close() {
      if (before === undefined) delete process.env['TROS_YOLO_SEG_EMULATOR'];
      else process.env['TROS_YOLO_SEG_EMULATOR'] = before;
    },
  });
}

/** Rows of random decisions; those with many zeros do as they should for the most part. */
function seeds(): FuzzSeed[] {
  return Array.from({ length: 24 }, (_, seed) => {
    const bytes = Buffer.from(randomBytes(400, seed));
    for (let i = 0; i < bytes.length; i++) if ((bytes[i]! ^ i) % 8 < seed % 4) bytes[i] = 0;
    return { bytes };
  });
}

/** The actions of one input. */
class Session {
  readonly #native = addon() as unknown as Exports;
  readonly #choices: Choices;
  readonly #hostile: Hostile;
  /** Slot tables, from openHeapSlots() and openBpu(). */
  readonly #tables: Exports[] = [];
  readonly #cameras: Exports[] = [];
  readonly #closing: (() => void)[] = [];
  readonly #promises: Promise<unknown>[] = [];
  readonly #leases: [lease: number, buffer: ArrayBuffer][] = [];
  /** Slots reported by `done`. */
  readonly #slots: number[] = [];

  constructor(
    choices: Choices,
    private readonly model: string,
  ) {
    this.#choices = choices;
    this.#hostile = new Hostile(choices, this.#closing);
  }

  async run(): Promise<void> {
    const calls = [
      () => this.letterbox(),
      () => this.floats(),
      () => this.bytes(),
      () => this.packed(),
      () => this.preprocess(),
      () => this.jpeg(),
      () => this.scale(),
      () => this.contours(),
      () => this.decode(),
      () => this.decode(),
      () => this.depth(),
      () => this.image(),
      () => this.other(),
      () => this.openHeapSlots(),
      () => this.openCamera(),
      () => this.openBpu(),
      () => this.offer(),
      () => this.offer(),
      () => this.runSlot(),
      () => this.useTable(),
      () => this.useTable(),
    ];
    for (let i = 0; i < MOST_CALLS && this.#choices.left; i++) {
      tolerate(this.#choices.of(calls));
      if (this.#choices.seldom(8)) this.#hostile.change();
      // Pending work continues and reports its end.
      if (this.#choices.seldom(6)) await new Promise(setImmediate);
    }
    for (const settled of await Promise.allSettled(this.#promises)) {
      if (settled.status === 'rejected')
        tolerate(() => {
          throw settled.reason;
        });
    }
    for (const close of this.#closing) close();
    await new Promise(setImmediate);
  }

  #size(): number {
    return 2 + 2 * this.#choices.below(20);
  }

  /** An Nv12Frame. */
  #frame(width = this.#size(), height = this.#size()): object {
    const lumaStride = width + this.#choices.below(2) * 6;
    const chromaOffset = lumaStride * height;
    const data = this.#hostile.bytes(chromaOffset + lumaStride * (height / 2));
    return this.#odd({
      width,
      height,
      data,
      lumaStride,
      chromaStride: lumaStride,
      lumaOffset: 0,
      chromaOffset,
    });
  }

  /** The object with, seldom, one property of another value, or getters. */
  #odd(object: Record<string, unknown>): object {
    const changed = { ...object };
    if (this.#choices.seldom(3)) {
      const key = this.#choices.of(Object.keys(object));
      changed[key] = this.#choices.below(2) === 0 ? this.#hostile.number() : this.#hostile.value();
    }
    return this.#hostile.object(changed);
  }

  #content(width: number, height: number): object {
    return this.#odd({ left: 0, top: 0, width, height });
  }

  #range(): unknown {
    return this.#hostile.seldom(this.#choices.of(['full', 'limited']));
  }

  letterbox(): void {
    const [width, height] = [this.#size(), this.#size()];
    this.#native['letterbox']!(
      this.#hostile.seldom(this.#frame()),
      this.#hostile.seldom(this.#content(width, height)),
      this.#hostile.seldom(this.#frame(width, height)),
    );
  }

  floats(): void {
    const [width, height] = [this.#size(), this.#size()];
    const target = this.#hostile.array(Float32Array, 3 * width * height);
    this.#native['nv12ToPlanarFloat']!(
      this.#frame(width, height),
      this.#range(),
      this.#hostile.seldom(target),
    );
  }

  bytes(): void {
    const [width, height] = [this.#size(), this.#size()];
    const target = this.#hostile.bytes(3 * width * height);
    this.#native['nv12ToRgb8']!(this.#frame(width, height), this.#range(), this.#hostile.seldom(target));
  }

  packed(): void {
    const [width, height] = [this.#size(), this.#size()];
    const [format, channels] = this.#choices.of([
      ['rgb8', 3],
      ['bgr8', 3],
      ['mono8', 1],
      ['mono16', 2],
    ] as const);
    const step = width * channels;
    const data = this.#hostile.bytes(step * height);
    const source = this.#odd({ width, height, format, step, offset: 0, data, white: 255, bigEndian: false });
    this.#native['packedToNv12']!(source, this.#range(), this.#frame(width, height));
  }

  preprocess(): void {
    const [width, height] = [this.#size(), this.#size()];
    const planes = this.#hostile.array(Float32Array, 3 * width * height);
    const [source, content, model] = [
      this.#frame(),
      this.#content(width, height),
      this.#frame(width, height),
    ];
    const done = this.#native['preprocess']!(
      source,
      content,
      model,
      this.#range(),
      this.#hostile.seldom(planes),
    );
    const promise = done as Promise<unknown>;
    promise.catch(() => undefined);
    this.#promises.push(promise);
  }

  /** A frame as arguments. */
  #planes(width: number, height: number): unknown[] {
    const stride = width + this.#choices.below(2) * 6;
    const chromaOffset = stride * height;
    const data = this.#hostile.bytes(chromaOffset + stride * (height / 2));
    return [data, width, height, 0, stride, chromaOffset, stride].map((value) =>
      this.#hostile.seldom<unknown>(value, 40),
    );
  }

  jpeg(): void {
    const [width, height] = [this.#size(), this.#size()];
    const picture = [width, height].map((size) => this.#hostile.seldom<unknown>(size));
    const quality = this.#hostile.seldom(1 + this.#choices.below(100));
    const done = this.#native['jpegEncode']!(
      ...this.#planes(width, height),
      ...picture,
      this.#range(),
      quality,
    );
    const promise = done as Promise<unknown>;
    promise.catch(() => undefined);
    this.#promises.push(promise);
  }

  scale(): void {
    const [width, height] = [this.#size(), this.#size()];
    const at = this.#choices.below(20);
    const target = this.#hostile.bytes(at + (width * height * 3) / 2);
    const rest = [target, at, width, height].map((value) => this.#hostile.seldom<unknown>(value));
    this.#native['scaleNv12']!(...this.#planes(this.#size(), this.#size()), ...rest);
  }

  /** Of a message of three instances, which lie in two rows of five cells. */
  contours(): void {
    const message = this.#hostile.bytes(76 + 3 * 36 + 8);
    if (message.length >= 76) {
      message[60] = this.#choices.seldom(6) ? this.#choices.byte() : 3;
      message[68] = this.#choices.seldom(6) ? this.#choices.byte() : 76 + 3 * 36;
    }
    const mask = [0, 0, 5, 2, 4, 0, 3, 6, 8];
    const masks = this.#hostile.array(Int32Array, 4 + 3 * mask.length);
    put(masks, [10, 4, 5, 2, ...mask, ...mask, ...mask]);
    if (this.#choices.seldom(2) && masks.length > 0)
      masks[this.#choices.below(masks.length)] = Number(this.#hostile.number());
    const limits = [1, 4].map((limit) => this.#hostile.seldom<unknown>(limit));
    this.#native['addContours']!(message, masks, ...limits);
  }

  /** The decoder's kernels, on a head of a few cells. */
  decode(): void {
    const hostile = this.#hostile;
    const below = (most: number): number => 1 + this.#choices.below(most);
    const [height, width, classes] = [below(6), below(6), below(12)];
    const cells = width * height;
    const numbers = hostile.array(Int32Array, 9);
    put(numbers, [1, this.#choices.below(2), height, width, classes, width * classes, classes, 1, 0]);
    if (this.#choices.seldom(3)) numbers[this.#choices.below(9)] = Number(hostile.number());
    const scales = hostile.array(Float64Array, this.#choices.of([0, 2 * classes]));
    const values =
      numbers[1] === 0
        ? hostile.array(Float32Array, cells * classes)
        : hostile.array(Int8Array, cells * classes);
    const floats = (): unknown => hostile.seldom<unknown>(hostile.array(Float32Array, cells), 20);
    const integers = (length: number): Int32Array => hostile.array(Int32Array, length);
    const seldom = (number: number): unknown => hostile.seldom<unknown>(number, 10);
    const [ids, valid] = [hostile.array(Uint16Array, cells), hostile.bytes(cells)];
    const call = (name: string, ...values: unknown[]): unknown => this.#native[name]!(...values);
    switch (this.#choices.below(6)) {
      case 0: {
        const limits = hostile.array(Float64Array, classes);
        call(
          'decodeScan',
          values,
          numbers,
          scales,
          limits,
          seldom(0),
          floats(),
          ids,
          integers(cells),
          seldom(0),
        );
        break;
      }
      case 1: {
        const corners = [floats(), floats(), floats(), floats()];
        const candidates = [integers(cells), seldom(0), seldom(cells)];
        call('decodeBoxes', values, numbers, scales, seldom(8), seldom(1), ...candidates, ...corners, valid);
        break;
      }
      case 2: {
        const all = [floats(), ids, floats(), floats(), floats(), floats(), valid];
        call('decodeSuppress', ...all, seldom(cells), seldom(0.5), seldom(cells), integers(cells));
        break;
      }
      case 3: {
        const area = integers(4);
        put(area, [0, width - 1, 0, height - 1]);
        if (this.#choices.seldom(3)) area[this.#choices.below(4)] = Number(hostile.number());
        const factors = hostile.array(Float32Array, classes);
        call('decodeCombine', values, numbers, scales, factors, seldom(0), area, floats());
        break;
      }
      case 4: {
        const crop = integers(8);
        put(crop, [0, 0, 4 * width, 4 * height, 0, width - 1, 0, height - 1]);
        if (this.#choices.seldom(3)) crop[this.#choices.below(8)] = this.#choices.below(300) - 2;
        const firsts = [width, height].map((protos) => {
          const first = integers(protos + 2);
          for (let k = 0; k < first.length; k++) first[k] = 4 * k;
          if (first.length > 0 && this.#choices.seldom(3)) first[0] = Number(hostile.number());
          return first;
        });
        const maps = hostile.array(Float64Array, 4);
        for (let i = 0; i < maps.length; i++)
          maps[i] = Number(this.#choices.seldom(4) ? hostile.number() : 0.25);
        call('decodeRuns', crop, floats(), ...firsts, maps, integers(64));
        break;
      }
      default: {
        const runs = integers(2 * below(8));
        let cell = 0;
        for (let i = 0; i < runs.length; i++) runs[i] = cell += below(5);
        if (runs.length > 0 && this.#choices.seldom(3)) runs[runs.length - 1] = Number(hostile.number());
        const place = [seldom(0), seldom(0)];
        const options = [seldom(1), seldom(1)];
        call(
          'decodeOutlines',
          runs,
          seldom(width),
          ...place,
          ...options,
          integers(256),
          seldom(0),
          integers(32),
        );
      }
    }
  }

  /** The kernels of depth, on a picture of a few pixels. */
  depth(): void {
    const hostile = this.#hostile;
    const below = (most: number): number => 1 + this.#choices.below(most);
    const [width, height, rows] = [below(7), below(5), below(4)];
    const cells = width * height;
    const seldom = (number: number): unknown => hostile.seldom<unknown>(number, 12);
    const integers = (values: readonly number[]): Int32Array => {
      const array = hostile.array(Int32Array, values.length);
      put(array, values);
      if (array.length > 0 && this.#choices.seldom(8))
        array[this.#choices.below(array.length)] = Number(hostile.number());
      return array;
    };
    const doubles = (length: number): Float64Array => {
      const array = hostile.array(Float64Array, length);
      for (let i = 0; i < array.length; i++)
        array[i] = this.#choices.seldom(6) ? Number(hostile.number()) : this.#choices.below(3);
      return array;
    };
    const runs = (): Int32Array[] => [
      integers(Array.from({ length: 2 * rows }, (_, i) => (i % 2 === 0 ? 0 : width))),
      integers(Array.from({ length: rows + 1 }, (_, i) => 2 * i)),
      integers([0, Math.min(rows, height), 0, width, width * rows]),
    ];
    const disc = integers([this.#choices.below(3), this.#choices.below(2)]);
    const floats = (length = cells): Float32Array => hostile.array(Float32Array, length);
    const words = (): Uint32Array => hostile.array(Uint32Array, cells);
    const shorts = (): Uint16Array => hostile.array(Uint16Array, cells);
    const data = this.#choices.below(2) === 0 ? floats() : shorts();
    const target = this.#choices.below(2) === 0 ? floats() : shorts();
    const sides = [seldom(width), seldom(height)];
    const call = (name: string, ...values: unknown[]): unknown => this.#native[name]!(...values);
    switch (this.#choices.below(9)) {
      case 0: {
        const axis = (count: number): Int32Array => integers(Array.from({ length: count + 1 }, (_, i) => i));
        const crop = integers([0, 0, width, height]);
        call('depthLay', integers([0, cells]), crop, axis(width), axis(height), ...runs());
        break;
      }
      case 1:
        call('depthErode', ...runs(), disc, ...sides, ...runs());
        break;
      case 2:
        call('depthFill', ...runs(), disc, ...sides, target, seldom(1));
        break;
      case 3:
        call('depthCopy', ...runs(), disc, ...sides, data, target);
        break;
      case 4:
        call('depthLabel', ...runs(), ...sides, shorts(), seldom(1));
        break;
      case 5: {
        const memory = [words(), floats(), seldom(0), doubles(1)];
        call('depthCollect', data, ...sides, shorts(), seldom(1), ...runs(), seldom(1), ...memory);
        break;
      }
      case 6: {
        const points = [words(), floats(), seldom(0), seldom(cells), seldom(width)];
        const cloud = [words(), seldom(0), floats(7 * cells), seldom(0), doubles(13)];
        call('depthPlace', ...points, floats(this.#choices.of([0, 2 * cells])), doubles(13), ...cloud);
        break;
      }
      case 7: {
        const strips = [doubles(128), doubles(128), doubles(4)];
        call(
          'depthOutline',
          floats(7 * cells),
          seldom(0),
          seldom(7 * cells),
          seldom(7),
          doubles(8),
          ...strips,
        );
        break;
      }
      default: {
        const rays = floats(this.#choices.of([0, 2 * cells]));
        if (this.#choices.below(2) === 0) {
          const marks = hostile.bytes(cells);
          call('depthCut', data, ...sides, rays, doubles(29), marks, ...sides, seldom(1), target);
        } else {
          const near = [floats(), seldom(width), seldom(0)];
          const found = [
            doubles(1)[0],
            seldom(0),
            seldom(1),
            hostile.array(Int32Array, cells),
            words(),
            floats(),
          ];
          const map = [shorts(), ...sides];
          call('depthProject', data, ...sides, seldom(1), rays, doubles(29), ...map, ...near, ...found);
        }
      }
    }
  }

  /** What a decoder asks of an engine, of heads that hardly fit its outputs. */
  #plan(): unknown[] {
    const hostile = this.#hostile;
    const block = (height: number, width: number, channels: number): Int32Array => {
      const numbers = hostile.array(Int32Array, 9);
      put(numbers, [1, 0, height, width, channels, width * channels, channels, 1, 0]);
      if (this.#choices.seldom(8)) numbers[this.#choices.below(9)] = Number(hostile.number());
      return numbers;
    };
    const blocks = [block(2, 2, 1), block(1, 1, 2), block(1, 1, 4), block(1, 1, 1)];
    const numbers = Int32Array.of(1, 1, 10, 1, 4, 0, 1, 8, 0, 0, 0);
    if (this.#choices.seldom(3)) numbers[this.#choices.below(11)] = Number(hostile.number());
    const scales = blocks.map(() => hostile.array(Float64Array, 0));
    const lists = [hostile.object(blocks), hostile.object(scales)];
    const limits = hostile.array(Float64Array, 2);
    const seldom = (number: number): unknown => hostile.seldom<unknown>(number, 10);
    return [seldom(1), hostile.seldom<unknown>(numbers), ...lists, limits, seldom(0), seldom(0.5)];
  }

  /** A message as cameras send it. */
  #message(width = this.#size(), height = this.#size()): object {
    const data = this.#hostile.bytes(width * height * 3);
    const encoding = this.#choices.of(ENCODINGS);
    const stamp = { sec: 7, nanosec: 8, index: -1, frameId: this.#choices.of(['front', undefined]) };
    const rest = { isBigEndian: false, hasBufferSize: this.#choices.below(2) === 0 };
    return this.#odd({
      width,
      height,
      step: this.#choices.of([0, width, 3 * width]),
      encoding,
      data,
      ...stamp,
      ...rest,
    });
  }

  /** The user's description of images. */
  #reading(): object {
    return this.#odd({ step: 0, rows: 0, white: 65535 });
  }

  /** A region of interest. */
  #region(): object {
    const [x, y] = [this.#choices.below(70), this.#choices.below(70)];
    return this.#odd({ x, y, width: this.#size(), height: this.#size() });
  }

  image(): void {
    switch (this.#choices.below(4)) {
      case 0:
        this.#native['hbmEncoding']!(this.#hostile.seldom(this.#hostile.bytes(this.#choices.below(14))));
        break;
      case 1:
        this.#native['inspectImage']!(this.#message(), this.#hostile.seldom(this.#reading()));
        break;
      case 2:
        this.#native['clipRegion']!(this.#region(), this.#hostile.seldom(this.#size()), this.#size());
        break;
      default: {
        const [width, height] = [this.#size(), this.#size()];
        const message = this.#message(width, height);
        const region = this.#choices.of([undefined, undefined, this.#region()]);
        this.#native['imageToNv12']!(message, this.#reading(), this.#frame(width, height), region);
      }
    }
  }

  other(): void {
    switch (this.#choices.below(4)) {
      case 0:
        this.#native['letterboxContent']!(
          ...Array.from({ length: 4 }, () => this.#hostile.seldom(this.#size())),
        );
        break;
      case 1: {
        const name = this.#choices.of([undefined, 'portable', 'avx2', 'ssse3', 'neon']);
        this.#native['pixelKernels']!(this.#hostile.seldom(name));
        break;
      }
      case 2: {
        // Paths are dlopen's affair.
        const library = this.#hostile.value();
        if (typeof library !== 'string') this.#native['openEmulator']!(library);
        break;
      }
      default:
        this.#native[this.#choices.of(['nativeCameras', 'imageEncodings', 'aliveObjects'])]!();
    }
  }

  openHeapSlots(): void {
    if (this.#tables.length >= MOST_OPEN) return;
    const seldom = <T>(value: T): T => this.#hostile.seldom(value, 6);
    // One side is small, so that no picture of 16384 x 16384 is asked for 32 times.
    const slots = seldom<unknown>(1 + this.#choices.below(4));
    this.#keepTable(
      this.#native['openHeapSlots']!(slots, this.#size(), seldom(this.#size()), this.#done()) as Exports,
    );
  }

  openBpu(): void {
    if (this.#tables.length >= MOST_OPEN) return;
    const options = this.#odd({
      ...{ library: EMULATOR, file: this.model, model: undefined, slots: 1 + this.#choices.below(3) },
      ...{ spare: this.#choices.below(2), core: 0, priority: 0, timeout: 60_000 },
    });
    this.#keepTable(this.#native['openBpu']!(this.#hostile.seldom(options), this.#done()) as Exports);
  }

  #keepTable(table: Exports): void {
    this.#tables.push(table);
    this.#closing.push(() => table['close']!());
  }

  #done(): unknown {
    const done = (
      slot: number,
      _failure: unknown,
      _a: number,
      _b: number,
      frameInfo?: { lease?: number; pixels?: ArrayBuffer },
    ) => {
      this.#slots.push(slot);
      if (frameInfo?.pixels) this.#leases.push([frameInfo.lease!, frameInfo.pixels]);
    };
    return this.#hostile.seldom<unknown>(done, 20);
  }

  openCamera(): void {
    if (this.#cameras.length >= MOST_OPEN) return;
    const camera = this.#native['injectCamera']!() as Exports;
    this.#cameras.push(camera);
    this.#closing.push(() => camera['close']!());
  }

  offer(): void {
    if (this.#cameras.length === 0) return;
    const camera = this.#choices.of(this.#cameras);
    const message = this.#message();
    const count = fewer(this.#hostile.seldom<unknown>(this.#choices.below(MOST_FRAMES)));
    switch (this.#choices.below(8)) {
      case 0:
        camera['play']!(message, this.#hostile.seldom(this.#choices.of([0, 0, 0.5, 60_000])), count);
        break;
      case 1:
        camera['step']!(message, count);
        break;
      case 2:
        camera['setKeepPixels']!(this.#hostile.seldom<unknown>(true, 3));
        break;
      case 3:
        camera['counters']!();
        break;
      case 4:
        camera['setReading']!(this.#reading());
        break;
      case 5:
        camera['setRegion']!(this.#choices.of([undefined, this.#region()]));
        break;
      default:
        camera['offer']!(message);
    }
  }

  runSlot(): void {
    if (this.#tables.length === 0) return;
    const table = this.#choices.of(this.#tables);
    table['run']?.(
      this.#frame(),
      this.#content(64, 64),
      this.#hostile.seldom<unknown>(this.#choices.of([-1, -1, ...this.#slots])),
    );
  }

  useTable(): void {
    if (this.#tables.length === 0) return;
    const table = this.#choices.of(this.#tables);
    const hostile = <T>(value: T): unknown => this.#hostile.seldom<unknown>(value, 6);
    switch (this.#choices.below(14)) {
      case 11:
        table['planAhead']?.();
        break;
      case 12:
        table['planAhead']?.(...this.#plan());
        break;
      case 0:
        table[this.#choices.of(['ref', 'unref', 'free'])]!();
        break;
      case 1:
        this.#slots.push(table['take']!() as number);
        break;
      case 2:
        table[this.#choices.of(['requestSlot', 'cancelRequest'])]!();
        break;
      case 3:
      case 4:
        table['release']!(hostile(this.#slots.shift() ?? 0));
        break;
      case 5:
      case 6:
      case 7:
        if (this.#cameras.length > 0) table['attach']!(hostile(this.#choices.of(this.#cameras)['id']));
        break;
      case 8:
        table['detach']!(hostile(1 + this.#choices.below(3)));
        break;
      case 9: {
        const [lease, buffer] = this.#leases.pop() ?? [1, new ArrayBuffer(8)];
        table['endLease']!(hostile(lease), hostile(buffer));
        break;
      }
      case 10:
        table['closeKeepingBuffers']?.();
        break;
      default:
        table['close']!();
    }
  }
}

/** As many as there is room for: the array may be of another kind, or taken away. */
function put(array: Int32Array, numbers: readonly number[]): void {
  for (let i = 0; i < numbers.length && i < array.length; i++) array[i] = numbers[i]!;
}

/** A count of frames that a test can wait for. */
function fewer(count: unknown): unknown {
  return typeof count === 'number' && count > MOST_FRAMES && Number.isInteger(count) && count < 2 ** 32
    ? MOST_FRAMES
    : count;
}
