import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { after, describe, it } from 'mocha';
import { allocateNv12, letterboxNv12 } from '../../src/native/convert.js';
import { Letterbox } from '../../src/vision/picture/letterbox.js';
import { nv12Frame, type Nv12Frame } from '../../src/vision/picture/nv12-frame.js';
import { NO_START, PageWorker, type PageWorkerOptions } from '../../src/web/feed/page-worker.js';
import { newPictureEncoder } from '../../src/web/feed/picture-encoders.js';
import { FrameMemory } from '../../src/web/feed/frame-memory.js';
import type { MessageStart } from '../../src/web/feed/thread-protocol.js';
import { noiseFrame, packedFrame } from '../native/frames.js';
import { temporaryFolder } from '../temporary-folder.js';
import { bareThread, fileOrder } from './bare-thread.js';
import { within } from './patience.js';

const QUALITY = 80;
const CLOSED = /^ExpectationError: Expected a page worker that is open/;

/** The file that a frame should become, by the encoder of the thread, which picture-encoders.test.ts tests. */
async function expected(frame: Nv12Frame, scaled?: readonly [number, number]): Promise<Buffer> {
  let source = frame;
  if (scaled) {
    source = allocateNv12(...scaled);
    letterboxNv12(frame, new Letterbox(frame.width, frame.height, ...scaled, 'stretch'), source);
  }
  const picture = scaled ? undefined : frame.picture;
  const given = picture ? { ...source, picture } : source;
  return Buffer.from(await newPictureEncoder().encode(given, QUALITY, 'limited'));
}

/** Of a frame of 64x64 with 10 bytes. */
const TOO_FEW =
  'Expected at least 6144 bytes for the frame, NV12 of 64x64, but received 10 bytes. Check width, height, step and encoding.';

describe('the thread of pages, asked for files,', () => {
  const folder = temporaryFolder('pictures');
  const encoders: PageWorker[] = [];
  const encoderOf = (
    thread?: string,
    failed?: PageWorkerOptions['failed'],
    ended?: PageWorkerOptions['ended'],
  ): PageWorker => {
    const file = join(folder, `thread-${encoders.length}.mjs`);
    if (thread !== undefined) writeFileSync(file, thread);
    const encoder = new PageWorker({
      quality: QUALITY,
      ...(thread === undefined ? {} : { thread: pathToFileURL(file) }),
      ...(failed && { failed }),
      ...(ended && { ended }),
    });
    encoders.push(encoder);
    return encoder;
  };
  after(async () => {
    for (const encoder of encoders) await encoder.close();
  });

  it('makes the files that this one would, small and full, of rows with gaps and of odd pictures, at once and one by one', async () => {
    const encoder = encoderOf();
    const odd = { ...noiseFrame(322, 202, 3), picture: { width: 321, height: 201 } };
    const cases: [frame: Nv12Frame, size: 'small' | 'full', scaled?: readonly [number, number]][] = [
      [noiseFrame(640, 360, 1), 'small'],
      [noiseFrame(640, 480, 7), 'small'],
      [noiseFrame(1280, 720, 2), 'small', [960, 540]],
      [noiseFrame(1280, 720, 2), 'full'],
      [noiseFrame(2560, 1440, 4), 'small', [960, 540]],
      [odd, 'full'],
      [odd, 'small'],
      [noiseFrame(322, 202, 6), 'full'],
    ];
    const wanted = await Promise.all(cases.map(([frame, , scaled]) => expected(frame, scaled)));
    const files = await Promise.all(cases.map(([frame, size]) => encoder.encode(frame, 'limited', size)));
    for (const [i, file] of files.entries()) assert.ok(wanted[i]!.equals(file), `case ${i}`);
    // One by one, in the memory of those before.
    for (const [i, [frame, size]] of [...cases, ...cases].entries())
      assert.ok(wanted[i % cases.length]!.equals(await encoder.encode(frame, 'limited', size)), `case ${i}`);
  });

  it('makes files of one size at once, each of its own pixels', async () => {
    const encoder = encoderOf();
    const frames = [1, 2, 3, 4].map((seed) => noiseFrame(640, 360, seed));
    const wanted = await Promise.all(frames.map((frame) => expected(frame)));
    for (let round = 0; round < 3; round++) {
      const files = await Promise.all(frames.map((frame) => encoder.encode(frame, 'limited', 'full')));
      for (const [i, file] of files.entries()) assert.ok(wanted[i]!.equals(file), `round ${round}, ${i}`);
    }
  });

  it('reads a frame only until the call returns', async () => {
    const encoder = encoderOf();
    const frame = noiseFrame(640, 360, 5);
    const wanted = await expected(frame);
    for (let round = 0; round < 3; round++) {
      const copy = nv12Frame(frame.data.slice(), frame);
      const file = encoder.encode(copy, 'limited', 'full');
      copy.data.fill(0);
      assert.ok(wanted.equals(await file));
    }
  });

  it('refuses frames that do not hold what they say, and goes on', async () => {
    const encoder = encoderOf();
    const frame = noiseFrame(640, 360, 5);
    for (const wrong of [
      { ...frame, data: frame.data.subarray(1) },
      { ...frame, data: new Uint8Array(0) },
      { ...frame, width: 641 },
      { ...frame, height: 1e9 },
      { ...frame, lumaOffset: -1 },
      { ...frame, chromaStride: NaN },
      { ...frame, picture: { width: 0, height: 359 } },
      { ...frame, picture: { width: NaN, height: 360 } },
    ]) {
      await assert.rejects(encoder.encode(wrong, 'limited', 'full'), /^ExpectationError: Expected/);
    }
    await assert.rejects(encoder.encode(frame, 'wide' as 'full', 'full'), /the color range/);
    assert.ok((await expected(frame)).equals(await encoder.encode(frame, 'limited', 'full')));
  });

  it('ends when it is to rest, but not before it has answered, and begins again', async () => {
    const encoder = encoderOf();
    assert.equal(encoder.running, false);
    for (let round = 0; round < 2; round++) {
      const file = encoder.encode(noiseFrame(64, 64, 1), 'full', 'full');
      encoder.rest();
      assert.equal(encoder.running, true);
      assert.ok((await file).length > 0);
      assert.equal(encoder.running, false);
    }
    const last = encoder.encode(noiseFrame(64, 64, 1), 'full', 'full');
    await encoder.close();
    assert.equal(encoder.running, false);
    assert.ok((await last).length > 0);
  });

  it('is not started again by a call during or after the close', async () => {
    const encoder = encoderOf();
    const frame = noiseFrame(64, 64, 1);
    const last = encoder.encode(frame, 'full', 'full');
    const closing = encoder.close();
    // The call that comes between the last answer and the end of the thread is the one that would never be answered.
    const late = last.then(() => encoder.encode(frame, 'full', 'full'));
    await assert.rejects(encoder.encode(frame, 'full', 'full'), CLOSED);
    await assert.rejects(late, CLOSED);
    await closing;
    await assert.rejects(encoder.encode(frame, 'full', 'full'), CLOSED);
    assert.equal(encoder.running, false);
  });

  /** Counts the memories that are made for frames meanwhile. */
  async function memoriesOf(use: () => Promise<void>): Promise<number> {
    let made = 0;
    const of = FrameMemory.of.bind(FrameMemory);
    FrameMemory.of = (number, bytes) => {
      made++;
      return of(number, bytes);
    };
    try {
      await use();
    } finally {
      FrameMemory.of = of;
    }
    return made;
  }

  const fileOf = (worker: PageWorker, start: MessageStart, data?: Uint8Array): Promise<unknown> =>
    new Promise((resolve) => {
      const frame = noiseFrame(64, 64, 1);
      const pixels = data ? { ...frame, data } : frame;
      worker.make(
        { ...{ camera: 0, sequence: 1, pixels, range: 'full', size: 'full', start }, pages: [77] },
        (error, file) => resolve(error ?? file),
      );
    });

  it('uses its memories again, each for frames of about its size', async () => {
    const encoder = encoderOf();
    const small = noiseFrame(64, 64, 1);
    const large = noiseFrame(1280, 720, 1);
    const made = await memoriesOf(async () => {
      for (let round = 0; round < 5; round++) {
        for (const frame of [small, large]) {
          await encoder.encode(frame, 'full', 'full');
          await encoder.encode(frame, 'full', 'small');
        }
      }
    });
    // The picture of 960x540 fits in the memory of 1280x720.
    assert.equal(made, 2);
  });

  it('gives no other frame the memory of a picture that is still being made', async () => {
    let begun: () => void = () => undefined;
    const first = new Promise<void>((resolve) => (begun = resolve));
    // Its files are the first bytes of the pictures, read when the second picture has come.
    const encoder = encoderOf(
      `import { parentPort } from 'node:worker_threads';
      import { work } from '${import.meta.resolve('../../src/web/feed/thread-work.js')}';
      const both = [];
      work(({ frame }) => {
        setImmediate(() => parentPort.postMessage({ kind: 'failed', camera: 0, sequence: 0, pages: [] }));
        return new Promise((resolve) => {
          both.push(() => resolve(frame.data.slice(frame.lumaOffset, frame.lumaOffset + 2)));
          if (both.length === 2) for (const finish of both) finish();
        });
      });`,
      () => begun(),
    );
    const filled = (value: number): Nv12Frame => {
      const frame = packedFrame(64, 64);
      frame.data.fill(value);
      return frame;
    };
    const one = encoder.encode(filled(1), 'full', 'full');
    await first;
    const two = encoder.encode(filled(2), 'full', 'full');
    assert.deepEqual([...(await one), ...(await two)], [1, 1, 2, 2]);
  });

  it('begins again with memories of its own after its thread has ended in the midst', async () => {
    const encoder = encoderOf(
      `import { work } from '${import.meta.resolve('../../src/web/feed/thread-work.js')}';
      let calls = 0;
      work(() => {
        if (calls++ < 2) return Promise.resolve(new Uint8Array(3));
        setImmediate(() => { throw new Error('broken'); });
        return new Promise(() => {});
      });`,
    );
    const frame = packedFrame(64, 64);
    for (let round = 0; round < 3; round++) {
      // Of two memories, the next frame uses one, and the other is free when the thread ends.
      const files = await Promise.all([1, 2].map(() => encoder.encode(frame, 'full', 'full')));
      for (const file of files) assert.equal(file.length, 3);
      await assert.rejects(encoder.encode(frame, 'full', 'full'), /broken/);
    }
  });

  it('ends with an error that says so if it is told of a memory that it was told to forget', async () => {
    const thread = bareThread();
    const { number, memory } = fileOrder();
    thread.postMessage({ kind: 'memory', number, memory });
    thread.postMessage({ kind: 'memory', number, memory: undefined });
    thread.postMessage(number);
    // A file, if it has forgotten nothing.
    const told = new Promise((resolve) => thread.once('error', resolve).once('message', resolve));
    try {
      assert.match(
        String(await within('a message or an error', told)),
        /the number of a memory that is in use but received 3/,
      );
    } finally {
      await thread.terminate();
    }
  });

  it('goes on after a frame that is refused, with the same memory', async () => {
    const failed: unknown[] = [];
    const encoder = encoderOf(undefined, (event) => failed.push(event));
    const made = await memoriesOf(async () => {
      for (let round = 0; round < 3; round++) {
        const error = await fileOf(encoder, NO_START, new Uint8Array(10));
        assert.equal(String(error), `ExpectationError: ${TOO_FEW}`);
        assert.equal(encoder.making(0), 0);
        const file = await encoder.encode(noiseFrame(64, 64, 1), 'full', 'full');
        assert.ok(file.length > 0);
      }
    });
    assert.equal(made, 1);
    assert.deepEqual(
      failed,
      [1, 2, 3].map(() => ({ camera: 0, sequence: 1, pages: [77], failure: TOO_FEW })),
    );
  });

  it('goes on after contours that fail, with the same memory, whether or not the picture fails, too', async () => {
    const workUrl = import.meta.resolve('../../src/web/feed/thread-work.js');
    for (const thread of [
      undefined,
      `import { work } from '${workUrl}'; work(() => Promise.reject(new Error('no picture')));`,
    ]) {
      const failed: unknown[] = [];
      const encoder = encoderOf(thread, (event) => failed.push(event));
      // Of a message that ends before its header does.
      const start = { frame: new Uint8Array(3), masks: new Int32Array([64, 64, 64, 64]), tolerance: 1 };
      const made = await memoriesOf(async () => {
        for (let round = 0; round < 2; round++) {
          assert.match(
            String(await fileOf(encoder, start)),
            /Expected a picture.*a header of 76 bytes but received 3 bytes/s,
          );
          assert.equal(encoder.making(0), 0);
        }
        assert.equal(encoder.running, true);
        const file = encoder.encode(noiseFrame(64, 64, 1), 'full', 'full');
        if (thread) await assert.rejects(file, /no picture/);
        else assert.ok((await file).length > 0);
      });
      assert.equal(made, 1);
      assert.deepEqual(
        failed,
        [1, 2].map(() => ({
          ...{ kind: 'failed', camera: 0, sequence: 1, pages: [77] },
          failure: 'Expected a message with a header of 76 bytes but received 3 bytes.',
        })),
      );
    }
  });

  for (const [how, thread, reason] of [
    ['throws', "throw new Error('no libvips')", /no libvips/],
    ['ends', 'process.exit(0)', /its thread has ended/],
    [
      'throws in the midst of its work',
      "import { parentPort } from 'node:worker_threads'; parentPort.on('message', () => { throw new Error('out of memory'); });",
      /out of memory/,
    ],
  ] as const) {
    it(`rejects what waits for a thread that ${how}, and tries another one then`, async () => {
      const reasons: string[] = [];
      const encoder = encoderOf(thread, undefined, (given) => reasons.push(given));
      const frame = noiseFrame(64, 64, 1);
      for (let round = 0; round < 2; round++) {
        const both = [encoder.encode(frame, 'full', 'full'), encoder.encode(frame, 'full', 'small')];
        for (const picture of both) await assert.rejects(picture, reason);
        assert.equal(encoder.running, false);
      }
      assert.equal(reasons.length, 2);
      for (const given of reasons) assert.match(given, reason);
    });
  }
});
