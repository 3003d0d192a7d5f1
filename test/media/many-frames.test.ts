import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'mocha';
import sharp, { type Sharp } from 'sharp';
import { FILE_EPOCH } from '../../src/media/file-clock.js';
import { openInputs, type InputOptions } from '../../src/media/inputs.js';
import { decodePicture, toBytes } from '../../src/media/picture-file.js';
import { isBadFrame, type SourceFrame } from '../../src/vision/picture/frame-source.js';
import { describeUnless } from '../skips.js';
import { temporaryFolder } from '../temporary-folder.js';

const withoutFfmpeg =
  spawnSync('ffmpeg', ['-version']).status === 0 ? false : 'ffmpeg is not installed (apt-get install ffmpeg)';

const WIDTH = 32;
const HEIGHT = 16;
const GRAYS = [20, 120, 220];

/** A picture of one gray. */
const gray = (value: number, width = WIDTH): Sharp =>
  sharp(Buffer.alloc(width * HEIGHT * 3, value), { raw: { width, height: HEIGHT, channels: 3 } });

/** Pictures of these grays, one page after the other. */
const pages = (): Sharp =>
  sharp(Buffer.concat(GRAYS.map((value) => Buffer.alloc(WIDTH * HEIGHT * 3, value))), {
    raw: { width: WIDTH, height: HEIGHT * GRAYS.length, channels: 3, pageHeight: HEIGHT },
  });

async function framesOf(path: string, options: InputOptions = {}): Promise<SourceFrame[]> {
  const { sources, failed } = await openInputs([path], options);
  assert.deepEqual(failed, []);
  const frames: SourceFrame[] = [];
  for (const source of sources) {
    for await (const item of source.frames()) {
      assert.ok(!isBadFrame(item), isBadFrame(item) ? item.error.message : '');
      // Videos lend their frames for a while only.
      frames.push({ ...item, frame: { ...item.frame, data: item.frame.data.slice() } });
    }
  }
  return frames;
}

const graysOf = (frames: readonly SourceFrame[]): number[] => frames.map(({ frame }) => frame.data[0]!);
const secondsOf = (frames: readonly SourceFrame[]): number[] =>
  frames.map(({ stamp }) => Number((stamp.sec - FILE_EPOCH + stamp.nanosec / 1e9).toFixed(3)));

function expectGrays(frames: readonly SourceFrame[], expected = GRAYS): void {
  const found = graysOf(frames);
  assert.equal(found.length, expected.length, `${found.join()}`);
  for (const [i, value] of found.entries()) assert.ok(Math.abs(value - expected[i]!) <= 2, `${found.join()}`);
}

describeUnless(withoutFfmpeg, 'files of many frames, by ffmpeg', () => {
  const folder = temporaryFolder('many-ffmpeg');

  it('give each frame of raw Motion JPEG, whatever the file name', async () => {
    const jpegs = Buffer.concat(await Promise.all(GRAYS.map((value) => gray(value).jpeg().toBuffer())));
    for (const name of ['a.mjpeg', 'a.mjpg', 'A.MJPG', 'a.avi']) {
      const path = join(folder, name);
      writeFileSync(path, jpegs);
      const frames = await framesOf(path);
      expectGrays(frames);
      assert.deepEqual(secondsOf(frames), [0, 0.04, 0.08]);
      assert.deepEqual(secondsOf(await framesOf(path, { rate: 5 })), [0, 0.2, 0.4]);
    }
  });

  it('give each frame of Motion JPEG of odd size to its last pixel', async () => {
    const jpegs = await Promise.all(
      GRAYS.map((value) =>
        gray(value, WIDTH + 1)
          .jpeg()
          .toBuffer(),
      ),
    );
    writeFileSync(join(folder, 'odd.mjpeg'), Buffer.concat(jpegs));
    const frames = await framesOf(join(folder, 'odd.mjpeg'));
    expectGrays(frames);
    assert.deepEqual(frames[0]!.frame.picture, { width: WIDTH + 1, height: HEIGHT });
  });

  it('give each frame of an animated PNG, with its time', async () => {
    const path = join(folder, 'animated.png');
    const source = `color=black:size=${WIDTH}x${HEIGHT}:rate=4:duration=0.75,geq=lum='20+100*N':cb=128:cr=128`;
    const made = spawnSync('ffmpeg', ['-v', 'error', '-y', '-f', 'lavfi', '-i', source, '-f', 'apng', path]);
    assert.equal(made.status, 0, String(made.stderr));
    const frames = await framesOf(path);
    assert.equal(frames.length, 3);
    const [first, second, third] = graysOf(frames);
    assert.ok(first! < second! && second! < third!, graysOf(frames).join());
    assert.deepEqual(secondsOf(frames), [0, 0.25, 0.5]);
  });
});

const withoutAvif =
  withoutFfmpeg ||
  (/ libaom-av1 /.test(spawnSync('ffmpeg', ['-v', 'error', '-encoders'], { encoding: 'utf8' }).stdout)
    ? false
    : 'ffmpeg has no encoder libaom-av1');

describeUnless(withoutAvif, 'AVIF', () => {
  const folder = temporaryFolder('avif');

  it('gives each frame of a sequence, by ffmpeg', async () => {
    const path = join(folder, 'sequence.avif');
    const source = `color=gray:size=64x64:rate=4:duration=0.75`;
    const encoder = ['-c:v', 'libaom-av1', '-cpu-used', '8', '-f', 'mp4', '-movflags', '+faststart'];
    const made = spawnSync('ffmpeg', ['-v', 'error', '-y', '-f', 'lavfi', '-i', source, ...encoder, path]);
    assert.equal(made.status, 0, String(made.stderr));
    // The same boxes as MP4, under another brand.
    const file = readFileSync(path);
    file.write('avis', 8, 'latin1');
    writeFileSync(path, file);
    assert.equal((await framesOf(path)).length, 3);
  });
});

describe('files of many frames', () => {
  const folder = temporaryFolder('many');

  it('give each frame of an animated WebP, with its time', async () => {
    const path = join(folder, 'animated.webp');
    writeFileSync(
      path,
      await pages()
        .webp({ lossless: true, delay: [100, 250, 50] })
        .toBuffer(),
    );
    const frames = await framesOf(path);
    expectGrays(frames);
    assert.deepEqual(secondsOf(frames), [0, 0.1, 0.35]);
    assert.deepEqual(
      frames.map(({ frame: { width, height }, index }) => [width, height, index]),
      [0, 1, 2].map((index) => [WIDTH, HEIGHT, index]),
    );
  });

  it('give each page of a TIFF, and stamps continue in the next file', async () => {
    writeFileSync(join(folder, 'pages.tif'), await pages().tiff().toBuffer());
    writeFileSync(join(folder, 'still.png'), await gray(50).png().toBuffer());
    const frames = [join(folder, 'pages.tif'), join(folder, 'still.png')];
    const { sources } = await openInputs(frames, { rate: 2 });
    assert.deepEqual(
      sources.map(({ count }) => count),
      [3, 1],
    );
    const items: SourceFrame[] = [];
    for (const source of sources) for await (const item of source.frames()) items.push(item as SourceFrame);
    expectGrays(items, [...GRAYS, 50]);
    assert.deepEqual(secondsOf(items), [0, 0.5, 1, 1.5]);
  });

  it('give one frame of photos with a second picture behind the first, as phones write them', async () => {
    const [photo, gain] = [await gray(120).jpeg().toBuffer(), await gray(20).jpeg().toBuffer()];
    writeFileSync(join(folder, 'photo.jpg'), Buffer.concat([photo, gain]));
    expectGrays(await framesOf(join(folder, 'photo.jpg')), [120]);
  });
});

/** A TIFF file with samples of 32 bits, uncompressed: floats (3) or unsigned integers (1). */
function tiff(
  width: number,
  height: number,
  channels: 1 | 3,
  values: readonly number[],
  sampleFormat: 1 | 3,
): Buffer {
  const pixels = sampleFormat === 3 ? Float32Array.from(values) : Uint32Array.from(values);
  const [short, long] = [3, 4];
  const fields = [
    ...[
      [256, long, width],
      [257, long, height],
      [258, short, 32],
      [259, short, 1],
    ],
    ...[
      [262, short, channels === 3 ? 2 : 1],
      [273, long, 0],
      [277, short, channels],
      [278, long, height],
    ],
    ...[
      [279, long, pixels.byteLength],
      [339, short, sampleFormat],
    ],
  ] as [number, number, number][];
  const header = Buffer.alloc(8 + 2 + 12 * fields.length + 4);
  header.write('II*\0\x08', 0, 'latin1');
  header.writeUInt16LE(fields.length, 8);
  for (const [i, [tag, type, value]] of fields.entries()) {
    const at = 10 + 12 * i;
    header.writeUInt16LE(tag, at);
    header.writeUInt16LE(type, at + 2);
    header.writeUInt32LE(1, at + 4);
    header.writeUInt32LE(tag === 273 ? header.length : value, at + 8);
  }
  return Buffer.concat([header, new Uint8Array(pixels.buffer)]);
}

describe('pictures whose sample format defines no white', () => {
  const lumaOf = async (file: Buffer): Promise<number[]> => {
    const { data, width, height } = await decodePicture(file);
    return [...data.subarray(0, width * height)];
  };

  it('are read with 1 as white if no value is larger', async () => {
    const values = [0, 0.2, 0.4, 1, 0.5, 0.6, 0.8, NaN];
    assert.deepEqual(await lumaOf(tiff(4, 2, 1, values, 3)), [0, 51, 102, 255, 128, 153, 204, 0]);
    const colors = [1, 0, 0, 1, 0, 0, 1, 0, 0, 1, 0, 0];
    assert.deepEqual(
      (await decodePicture(tiff(2, 2, 3, colors, 3))).data,
      Uint8Array.of(76, 76, 76, 76, 85, 255),
    );
  });

  it('are read as bytes if they look like bytes', async () => {
    const values = [0, 10, 20, 30, 40, 50, 75, 250];
    assert.deepEqual(await lumaOf(tiff(4, 2, 1, values, 3)), values);
    assert.deepEqual(await lumaOf(tiff(4, 2, 1, values, 1)), values);
  });

  it('are otherwise scaled from the smallest to the largest value', async () => {
    const values = [-100, -49, 0, 155, Infinity, -Infinity, NaN, 55];
    assert.deepEqual(await lumaOf(tiff(4, 2, 1, values, 3)), [0, 51, 100, 255, 255, 0, 0, 155]);
    assert.deepEqual(await lumaOf(tiff(4, 2, 1, [0, 7000, 70_000, 35_000, 0, 0, 0, 0], 1)), [
      ...[0, 26, 255, 128, 0, 0, 0, 0],
    ]);
  });

  it('are read if all values are equal, or none is a number', () => {
    assert.deepEqual(toBytes(Float32Array.of(7, 7)), Uint8Array.of(0, 0));
    assert.deepEqual(toBytes(Float32Array.of(NaN, NaN)), Uint8Array.of(0, 0));
    assert.deepEqual(toBytes(Float32Array.of(-Infinity, Infinity)), Uint8Array.of(0, 255));
    assert.deepEqual(toBytes(new Float32Array(0)), new Uint8Array(0));
  });
});
