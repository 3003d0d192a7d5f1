import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, it } from 'mocha';
import { inspect } from 'node:util';
import { Worker } from 'node:worker_threads';
import { Letterbox } from '../../src/vision/picture/letterbox.js';
import type { Nv12Frame } from '../../src/vision/picture/nv12-frame.js';
import { addon, loadAddon, type Addon } from '../../src/native/addon.js';
import { repository } from '../data.js';
import { noiseFrame, packedFrame } from './frames.js';
import { letterboxed, planarFloatOf } from './reference.js';

/** The addon as JavaScript sees it: it must stand any argument. */
const native = addon() as unknown as Record<keyof Addon, (...args: unknown[]) => unknown>;

describe('loading the addon', () => {
  it('lists the tried paths and says what to do', () => {
    const root = mkdtempSync(join(tmpdir(), 'tros-yolo-seg-'));
    try {
      assert.throws(() => loadAddon(root), {
        name: 'ExpectationError',
        message:
          /^Expected the native addon for .*Release\/tros_yolo_seg.node: not there\n.*Debug.*npm run build:native/s,
      });
      mkdirSync(join(root, 'build/native/Release'), { recursive: true });
      writeFileSync(join(root, 'build/native/Release/tros_yolo_seg.node'), 'not a shared library');
      assert.throws(() => loadAddon(root), {
        message: /Release\/tros_yolo_seg.node: .*(too short|invalid ELF)/,
      });
    } finally {
      rmSync(root, { recursive: true });
    }
  });

  it('recognizes a build of another commit, and says what to do', () => {
    const root = mkdtempSync(join(tmpdir(), 'tros-yolo-seg-'));
    try {
      const name = 'build/native/Release/tros_yolo_seg.node';
      // This build, but for the name under which it tells its number.
      const built = readFileSync(join(repository, name));
      for (let at = built.indexOf('interface\0'); at >= 0; at = built.indexOf('interface\0', at))
        built[at] = 0x49;
      mkdirSync(join(root, dirname(name)), { recursive: true });
      writeFileSync(join(root, name), built);
      assert.throws(() => loadAddon(root), {
        name: 'ExpectationError',
        message: /tros_yolo_seg.node: built from another version of its sources .*npm run build:native/s,
      });
    } finally {
      rmSync(root, { recursive: true });
    }
  });

  it('asks for the ROS 2 whose library it does not find', () => {
    const root = mkdtempSync(join(tmpdir(), 'tros-yolo-seg-'));
    try {
      const name = 'build/native/Release/tros_yolo_seg.node';
      const built = readFileSync(join(repository, name));
      built[built.indexOf('libc.so.6\0') + 'lib'.length] = 'q'.charCodeAt(0);
      mkdirSync(join(root, dirname(name)), { recursive: true });
      writeFileSync(join(root, name), built);
      assert.throws(() => loadAddon(root), {
        message:
          /Possible solutions:\n {2}- Source the ROS 2 or TROS that has libq\.so\.6, in this shell: source \/opt\/ros\/humble\/setup\.bash\n/,
      });
    } finally {
      rmSync(root, { recursive: true });
    }
  });

  it('uses the prebuilt addon of the npm package if none was built, and says what to do if it fails', () => {
    const root = join(mkdtempSync(join(tmpdir(), 'tros-yolo-seg-')), 'node_modules', 'tros-yolo-seg');
    try {
      const folder = join(root, 'prebuilds', `${process.platform}-${process.arch}`);
      mkdirSync(folder, { recursive: true });
      writeFileSync(join(folder, 'tros_yolo_seg.node'), 'for glibc, and this is musl');
      assert.throws(() => loadAddon(root), {
        name: 'ExpectationError',
        message: /prebuilds\/linux-\w+\/tros_yolo_seg.node: .*npm rebuild tros-yolo-seg/s,
      });
      copyFileSync(
        join(repository, 'build/native/Release/tros_yolo_seg.node'),
        join(folder, 'tros_yolo_seg.node'),
      );
      assert.equal(loadAddon(root).interface, addon().interface);
    } finally {
      rmSync(dirname(dirname(root)), { recursive: true });
    }
  });

  it('works in several threads at once', async () => {
    const code = `
      import { addon } from ${JSON.stringify(new URL('../../src/native/addon.js', import.meta.url).href)};
      const rgb = new Uint8Array(12);
      const frame = { width: 2, height: 2, data: Uint8Array.of(9, 9, 9, 9, 128, 128), lumaStride: 2, chromaStride: 2,
        lumaOffset: 0, chromaOffset: 4 };
      addon().nv12ToRgb8(frame, 'full', rgb);
      if (rgb.some((value) => value !== 9)) throw new Error(rgb.join());
    `;
    const url = new URL(`data:text/javascript,${encodeURIComponent(code)}`);
    const exits = Array.from({ length: 3 }, () => {
      const worker = new Worker(url);
      return new Promise((resolve, reject) => worker.on('exit', resolve).on('error', reject));
    });
    assert.deepEqual(await Promise.all(exits), [0, 0, 0]);
  });
});

describe('arguments of the addon', () => {
  const frame = (): Nv12Frame => packedFrame(4, 4);
  const content = { left: 0, top: 0, width: 4, height: 4 };
  const floats = new Float32Array(48);
  const packed = {
    ...{ width: 4, height: 4, format: 'rgb8', step: 12, offset: 0, data: new Uint8Array(48) },
    ...{ white: 65535, bigEndian: false },
  };
  const image = { width: 4, height: 4, step: 4, encoding: 'nv21', data: new Uint8Array(24) };
  const reading = { step: 0, rows: 0, white: 65535 };

  /** A call that is right but for `broken`, for every function and every frame it takes. */
  const calls: Record<string, (broken: unknown) => unknown> = {
    'source of letterbox': (broken) => native.letterbox(broken, content, frame()),
    'target of letterbox': (broken) => native.letterbox(frame(), content, broken),
    'source of nv12ToPlanarFloat': (broken) => native.nv12ToPlanarFloat(broken, 'full', floats),
    'source of nv12ToRgb8': (broken) => native.nv12ToRgb8(broken, 'full', new Uint8Array(48)),
    'target of packedToNv12': (broken) => native.packedToNv12(packed, 'full', broken),
    'target of imageToNv12': (broken) => native.imageToNv12(image, reading, broken),
    'source of preprocess': (broken) => native.preprocess(broken, content, frame(), 'full', floats),
    'model of preprocess': (broken) => native.preprocess(frame(), content, broken, 'full', floats),
  };
  const detached = new Uint8Array(24);
  structuredClone(detached.buffer, { transfer: [detached.buffer] });

  for (const [where, call] of Object.entries(calls)) {
    it(`are checked: ${where}`, async () => {
      const result = call(frame());
      if (result instanceof Promise) await result;
      for (const value of [undefined, null, 7, 'frame', () => 0, [], {}, new Uint8Array(24)]) {
        assert.throws(() => call(value), { name: 'TypeError', message: /^Expected .* but received .*\.$/s });
      }
      for (const key of ['width', 'height', 'lumaStride', 'chromaStride', 'lumaOffset', 'chromaOffset']) {
        for (const value of [
          ...[-1, -4, 0.5, 3, NaN, Infinity, -Infinity, 16386, 2 ** 31, 2 ** 32, 2 ** 32 + 4, 2 ** 53, 1e300],
          ...[undefined, null, '4', 4n, {}, [], true],
        ]) {
          if (key.endsWith('Offset') && value === 3) continue; // odd offsets are fine; see below for what is too far
          assert.throws(
            () => call({ ...frame(), [key]: value }),
            { name: 'TypeError', message: /^Expected .* but received .*\.$/s },
            `${key} of ${inspect(value)}`,
          );
        }
      }
      for (const data of [undefined, null, [], 'x', new Uint8Array(23), new Uint8Array(0), detached]) {
        assert.throws(() => call({ ...frame(), data }), { name: 'TypeError' });
      }
      const buffer = new ArrayBuffer(96);
      for (const data of [
        ...[
          new Int8Array(buffer),
          new Uint8ClampedArray(buffer),
          new Uint16Array(buffer),
          new Float32Array(buffer),
        ],
        ...[new DataView(buffer), buffer],
      ]) {
        assert.throws(() => call({ ...frame(), data }), { name: 'TypeError', message: /a Uint8Array for/ });
      }
      for (const beyond of [
        { lumaStride: 6, chromaStride: 6 },
        { chromaOffset: 17 },
        { lumaOffset: 9 },
        { lumaStride: 2 ** 30 },
        { chromaStride: 2 ** 30 },
        { lumaOffset: Number.MAX_SAFE_INTEGER },
        { chromaOffset: Number.MAX_SAFE_INTEGER, chromaStride: 2 ** 30 },
      ]) {
        assert.throws(() => call({ ...frame(), ...beyond }), {
          message: /Expected at least \d+ bytes in .*data/,
        });
      }
    });
  }

  it('are checked: content', () => {
    for (const change of [
      { left: 2 },
      { top: 2 },
      { width: 6 },
      { height: 6 },
      { width: 0 },
      { width: 3 },
      { height: 1 },
      { left: 1, width: 2 },
      { top: -2 },
      { left: NaN },
    ]) {
      for (const call of [
        () => native.letterbox(frame(), { ...content, ...change }, frame()),
        () => native.preprocess(frame(), { ...content, ...change }, frame(), 'full', floats),
      ]) {
        assert.throws(call, { name: 'TypeError', message: /content\.(left|top|width|height)/ });
      }
    }
  });

  it('are checked: ranges, targets and packed pictures', () => {
    for (const range of [undefined, 'Full', 'pc', 0, null]) {
      assert.throws(() => native.nv12ToRgb8(frame(), range, new Uint8Array(48)), {
        message: /full or limited/,
      });
    }
    for (const target of [
      undefined,
      new Uint8Array(47),
      new Uint8Array(49),
      new Float32Array(48),
      detached,
    ]) {
      assert.throws(() => native.nv12ToRgb8(frame(), 'full', target), { name: 'TypeError' });
    }
    for (const target of [undefined, new Float32Array(47), new Float32Array(49), new Float64Array(48)]) {
      assert.throws(() => native.nv12ToPlanarFloat(frame(), 'full', target), { name: 'TypeError' });
      assert.throws(() => native.preprocess(frame(), content, frame(), 'full', target), {
        name: 'TypeError',
      });
    }
    for (const change of [
      { format: 'rgb' },
      { format: 3 },
      { width: 2 },
      { height: 6 },
      { width: 5 },
      { width: 0 },
      { format: 'yuyv', width: 3 },
      { white: 0 },
      { white: 65536 },
      { white: 1.5 },
      { step: 11 },
      { step: 13 },
      { offset: 1 },
      { offset: -1 },
      { data: new Uint8Array(47) },
      { data: new Float32Array(48) },
    ]) {
      assert.throws(() => native.packedToNv12({ ...packed, ...change }, 'full', frame()), {
        name: 'TypeError',
      });
    }
    assert.throws(() => native.packedToNv12(packed, 'full', packedFrame(4, 6)), {
      message: 'Expected a target of 4x4 but received 4x6.',
    });
  });

  it('are checked: images of cameras', () => {
    native.inspectImage(image, reading);
    const evil = [undefined, null, -1, 0.5, 4294967296, NaN, 'x', {}, [], () => 0];
    for (const value of evil) {
      for (const call of [
        () => native.inspectImage(value, reading),
        () => native.inspectImage(image, value),
        () => native.imageToNv12(value, reading, frame()),
        () => native.hbmEncoding(value),
        ...['width', 'height', 'step', 'encoding', 'data'].map((key) => () => {
          if (key === 'encoding' && value === 'x') throw new TypeError('the one that is a string');
          native.inspectImage({ ...image, [key]: value }, reading);
        }),
        ...['step', 'rows', 'white'].map(
          (key) => () => native.inspectImage(image, { ...reading, [key]: value }),
        ),
      ]) {
        assert.throws(call, { name: 'TypeError' });
      }
    }
    assert.throws(() => native.inspectImage({ ...image, data: detached }, reading), /24 bytes|nv21/);
    assert.throws(() => native.imageToNv12(image, reading, packedFrame(4, 6)), /a target of 4x4/);
    const target = frame();
    assert.throws(
      () => native.imageToNv12({ ...image, data: target.data }, reading, target),
      /shares no memory with the source/,
    );
    // A getter that takes the bytes away.
    const data = new Uint8Array(24);
    const trap = {
      ...image,
      data,
      get hasBufferSize() {
        structuredClone(data.buffer, { transfer: [data.buffer] });
        return false;
      },
    };
    assert.throws(() => native.imageToNv12(trap, reading, frame()), Error);
  });

  it('may not overlap between source and target, or between the planes of a target', () => {
    const both = noiseFrame(4, 4, 1, { gap: 40 });
    const apart = { ...packedFrame(4, 4), data: both.data, lumaOffset: 0, chromaOffset: 16 };
    native.letterbox({ ...both, lumaOffset: 40, chromaOffset: 56 }, content, apart);
    const overlap = { message: /shares no memory with the source/ };
    assert.throws(() => native.letterbox(both, content, both), overlap);
    assert.throws(
      () => native.letterbox(apart, content, { ...apart, lumaOffset: 23, chromaOffset: 40 }),
      overlap,
    );
    const shared = new ArrayBuffer(192);
    const view = { ...packedFrame(4, 4), data: new Uint8Array(shared) };
    assert.throws(() => native.nv12ToPlanarFloat(view, 'full', new Float32Array(shared)), overlap);
    assert.throws(() => native.nv12ToRgb8(view, 'full', new Uint8Array(shared, 0, 48)), overlap);
    assert.throws(
      () =>
        native.packedToNv12({ ...packed, data: new Uint8Array(shared) }, 'full', {
          ...view,
          data: view.data,
        }),
      overlap,
    );
    assert.throws(() => native.preprocess(frame(), content, view, 'full', new Float32Array(shared)), overlap);
    assert.throws(() => native.letterbox(frame(), content, { ...frame(), chromaOffset: 8 }), {
      message: 'Expected separate luma and chroma planes in target but received planes that overlap.',
    });
  });

  it('are safe when a getter detaches a buffer in between', () => {
    const source = frame();
    const evil = {
      ...frame(),
      get chromaOffset() {
        structuredClone(source.data.buffer, { transfer: [source.data.buffer as ArrayBuffer] });
        return 16;
      },
    };
    assert.throws(() => native.letterbox(source, content, evil), {
      message: /at least 24 bytes .* received 0 bytes/,
    });
  });

  it('pass on errors of getters', () => {
    const evil = {
      get width(): number {
        throw new RangeError('mine');
      },
    };
    assert.throws(() => native.letterbox(evil, content, frame()), { name: 'RangeError', message: 'mine' });
  });

  it('may lie in shared memory', () => {
    const data = new Uint8Array(new SharedArrayBuffer(24)).fill(50);
    const target = { ...packedFrame(4, 4), data: new Uint8Array(new SharedArrayBuffer(24)) };
    native.letterbox({ ...packedFrame(4, 4), data }, content, target);
    assert.deepEqual([...target.data], [...data]);
  });
});

describe('preprocess', () => {
  it('letterboxes and converts on other threads, several frames at once', async () => {
    const jobs = Array.from({ length: 12 }, (_, i) => {
      const source = noiseFrame(40 + 2 * i, 80 - 4 * i, i, { luma: i, chroma: 2 * i, gap: i });
      const model = noiseFrame(64, 32, i, { luma: 3, chroma: 5 });
      const letterbox = new Letterbox(source.width, source.height, 64, 32);
      const planes = new Float32Array(3 * 64 * 32);
      const range = i % 2 === 0 ? 'full' : 'limited';
      return {
        source,
        model,
        letterbox,
        planes,
        range,
        done: addon().preprocess(source, letterbox, model, range, planes),
      } as const;
    });
    for (const { source, model, letterbox, planes, range, done } of jobs) {
      const elapsed = await done;
      assert.ok(elapsed > 0 && elapsed < 10_000, `${elapsed} ms`);
      const expected = { ...packedFrame(64, 32), data: letterboxed(source, letterbox, 64, 32) };
      assert.deepEqual(planes, planarFloatOf(expected, range));
      assert.deepEqual(model.data.subarray(0, 64), expected.data.subarray(0, 64));
    }
  });

  it('keeps its arrays alive while it works', async () => {
    const letterbox = new Letterbox(640, 480, 320, 320);
    const pending = Array.from({ length: 40 }, () =>
      addon().preprocess(
        packedFrame(640, 480),
        letterbox,
        packedFrame(320, 320),
        'full',
        new Float32Array(307200),
      ),
    );
    for (let i = 0; i < 20; i++) new Uint8Array(4 << 20).fill(i); // garbage, so that the collector runs
    assert.equal((await Promise.all(pending)).length, 40);
  });
});

describe('the addon', () => {
  it('is in the folder where the loader looks', () => {
    assert.equal(typeof loadAddon(repository).letterbox, 'function');
  });
});
