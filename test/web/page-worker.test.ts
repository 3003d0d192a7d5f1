import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { after, describe, it } from 'mocha';
import sharp from 'sharp';
import { allocateNv12, letterboxNv12, nv12ToRgb } from '../../src/native/convert.js';
import { Letterbox } from '../../src/vision/picture/letterbox.js';
import { nv12Frame, type Nv12Frame } from '../../src/vision/picture/nv12-frame.js';
import { PageWorker } from '../../src/web/feed/page-worker.js';
import { noiseFrame } from '../native/frames.js';
import { temporaryFolder } from '../temporary-folder.js';

const QUALITY = 80;
const CLOSED = /^ExpectationError: Expected a page worker that is open/;

/** The file that a frame should become. */
async function expected(frame: Nv12Frame, scaled?: readonly [number, number]): Promise<Buffer> {
  let source = frame;
  if (scaled) {
    source = allocateNv12(...scaled);
    letterboxNv12(frame, new Letterbox(frame.width, frame.height, ...scaled, 'stretch'), source);
  }
  const { width, height } = source;
  const picture = sharp(nv12ToRgb(source, 'limited'), { raw: { width, height, channels: 3 } });
  if (!scaled && frame.picture) picture.extract({ left: 0, top: 0, ...frame.picture });
  return picture.jpeg({ quality: QUALITY }).toBuffer();
}

describe('the thread of pages, asked for files,', () => {
  const folder = temporaryFolder('pictures');
  const encoders: PageWorker[] = [];
  const encoderOf = (thread?: string): PageWorker => {
    const file = join(folder, `thread-${encoders.length}.mjs`);
    if (thread !== undefined) writeFileSync(file, thread);
    const encoder = new PageWorker({ quality: QUALITY, ...(thread === undefined ? {} : { thread: pathToFileURL(file) }) });
    encoders.push(encoder);
    return encoder;
  };
  after(async () => {
    for (const encoder of encoders) await encoder.close();
  });

  it('makes the files that this one would, small and full, of rows with gaps and of odd pictures, all at once', async () => {
    const encoder = encoderOf();
    const odd = { ...noiseFrame(322, 202, 3), picture: { width: 321, height: 201 } };
    const cases: [frame: Nv12Frame, size: 'small' | 'full', scaled?: readonly [number, number]][] = [
      [noiseFrame(640, 360, 1), 'small'],
      [noiseFrame(1280, 720, 2), 'small', [960, 540]],
      [noiseFrame(1280, 720, 2), 'full'],
      // Of a picture this large, the calling thread scales.
      [noiseFrame(2560, 1440, 4), 'small', [960, 540]],
      [odd, 'full'],
      [odd, 'small'],
    ];
    const files = await Promise.all(cases.map(([frame, size]) => encoder.encode(frame, 'limited', size)));
    for (const [i, [frame, , scaled]] of cases.entries())
      assert.ok((await expected(frame, scaled)).equals(files[i]!), `case ${i}`);
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
      const encoder = encoderOf(thread);
      const frame = noiseFrame(64, 64, 1);
      for (let round = 0; round < 2; round++) {
        const both = [encoder.encode(frame, 'full', 'full'), encoder.encode(frame, 'full', 'small')];
        for (const picture of both) await assert.rejects(picture, reason);
        assert.equal(encoder.running, false);
      }
    });
  }
});
