import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'mocha';
import sharp, { type Sharp } from 'sharp';
import { ExpectationError } from '../../src/base/expect.js';
import { PictureSource, decodePicture } from '../../src/media/picture-file.js';
import type { Nv12Frame } from '../../src/vision/picture/nv12-frame.js';
import { isBadFrame, type BadFrame, type SourceFrame } from '../../src/vision/picture/frame-source.js';
import { sharedData } from '../data.js';
import { itUnless } from '../skips.js';
import { temporaryFolder } from '../temporary-folder.js';

/** A red picture; as full-range BT.601 red is Y 76, U 85, V 255. */
function red(width: number, height: number, alpha?: number): Sharp {
  const background = { r: 255, g: 0, b: 0, ...(alpha === undefined ? {} : { alpha }) };
  return sharp({ create: { width, height, channels: alpha === undefined ? 3 : 4, background } });
}

function firstPixel({ data, chromaOffset }: Nv12Frame): number[] {
  return [data[0]!, data[chromaOffset]!, data[chromaOffset + 1]!];
}

/** Stripes that compress badly, so that a cut file lacks pixels. */
function noise(width: number, height: number): Sharp {
  const data = Buffer.from(Uint8Array.from({ length: width * height * 3 }, (_, i) => (i * i * 37) >> 4));
  return sharp(data, { raw: { width, height, channels: 3 } });
}

async function items(source: PictureSource): Promise<(SourceFrame | BadFrame)[]> {
  const all = [];
  for await (const item of source.frames()) all.push(item);
  return all;
}

describe('decodePicture', () => {
  const formats: Record<string, Sharp> = {
    JPEG: red(20, 10).jpeg(),
    PNG: red(20, 10).png(),
    'PNG with a palette': red(20, 10).png({ palette: true }),
    'PNG of 16 bits': red(20, 10).toColorspace('rgb16').png(),
    WebP: red(20, 10).webp({ lossless: true }),
    TIFF: red(20, 10).tiff(),
    'TIFF of 16 bits': red(20, 10).toColorspace('rgb16').tiff(),
    GIF: red(20, 10).gif(),
    AVIF: red(20, 10).avif(),
  };
  for (const [name, picture] of Object.entries(formats)) {
    it(`reads ${name}`, async () => {
      const decoded = await decodePicture(await picture.toBuffer());
      const { width, height, data, picture: size } = decoded;
      assert.deepEqual([width, height, data.length, size], [20, 10, 300, undefined]);
      firstPixel(decoded).forEach((value, i) =>
        assert.ok(Math.abs(value - [76, 85, 255][i]!) <= 2, `${value}`),
      );
    });
  }

  it('converts CMYK', async () => {
    const [y, u, v] = firstPixel(
      await decodePicture(await red(20, 10).toColorspace('cmyk').jpeg().toBuffer()),
    );
    assert.ok(y! > 50 && y! < 110 && u! < 110 && v! > 220, `${y} ${u} ${v}`);
  });

  it('reads grayscale of 8 and 16 bits, with and without alpha', async () => {
    const gray = sharp({
      create: { width: 8, height: 8, channels: 3, background: { r: 100, g: 100, b: 100 } },
    });
    for (const picture of [
      gray.clone().grayscale().png(),
      gray.clone().toColorspace('grey16').png(),
      gray.clone().ensureAlpha().toColorspace('b-w').png(),
    ]) {
      assert.deepEqual(firstPixel(await decodePicture(await picture.toBuffer())), [100, 128, 128]);
    }
  });

  it('blends transparent pictures with gray', async () => {
    assert.deepEqual(firstPixel(await decodePicture(await red(8, 8, 0).png().toBuffer())), [114, 128, 128]);
    assert.deepEqual(firstPixel(await decodePicture(await red(8, 8, 1).png().toBuffer())), [76, 85, 255]);
  });

  it('rotates pictures according to EXIF', async () => {
    // Left half white, right half black; orientation 6 turns the left side up.
    const data = Buffer.from(Uint8Array.from({ length: 16 * 8 * 3 }, (_, i) => ((i / 3) % 16 < 8 ? 255 : 0)));
    const picture = sharp(data, { raw: { width: 16, height: 8, channels: 3 } });
    const frame = await decodePicture(await picture.withMetadata({ orientation: 6 }).png().toBuffer());
    assert.deepEqual([frame.width, frame.height], [8, 16]);
    assert.deepEqual([frame.data[0], frame.data[7], frame.data[15 * 8]], [255, 255, 0]);
  });

  it('repeats the last column and row of odd pictures, reports their true size and shifts no pixel', async () => {
    const data = Buffer.from(Uint8Array.from({ length: 7 * 5 * 3 }, (_, i) => Math.floor(i / 3) * 7));
    const picture = sharp(data, { raw: { width: 7, height: 5, channels: 3 } });
    for (const file of [
      await picture.clone().png().toBuffer(),
      await picture.clone().grayscale().png().toBuffer(),
    ]) {
      const frame = await decodePicture(file);
      assert.deepEqual([frame.width, frame.height, frame.picture], [8, 6, { width: 7, height: 5 }]);
      for (let y = 0; y < 6; y++) {
        for (let x = 0; x < 8; x++) {
          assert.equal(frame.data[y * 8 + x], (Math.min(y, 4) * 7 + Math.min(x, 6)) * 7, `${x},${y}`);
        }
      }
    }
  });

  it('reports the size of an odd picture after its rotation', async () => {
    const frame = await decodePicture(await red(7, 4).jpeg().withMetadata({ orientation: 6 }).toBuffer());
    assert.deepEqual([frame.width, frame.height, frame.picture], [4, 8, { width: 4, height: 7 }]);
    const dot = await decodePicture(await red(1, 1).png().toBuffer());
    assert.deepEqual([dot.width, dot.height, dot.picture], [2, 2, { width: 1, height: 1 }]);
  });

  const refuses = (file: Uint8Array, expected: RegExp): Promise<void> =>
    assert.rejects(decodePicture(file), (error) => {
      assert.ok(error instanceof ExpectationError);
      assert.match(error.message, expected);
      return true;
    });

  it('says why a file is not a picture', async () => {
    await refuses(new Uint8Array(0), /an empty file/);
    await refuses(Buffer.from('hello, world'), /Expected a picture in JPEG, PNG/);
  });

  it('refuses truncated pictures', async () => {
    for (const picture of [noise(200, 100).jpeg(), noise(200, 100).png(), noise(200, 100).webp()]) {
      const file = await picture.toBuffer();
      await refuses(file.subarray(0, Math.floor(file.length * 0.6)), /truncated or damaged/);
      await refuses(file.subarray(0, 40), /truncated or damaged|only a piece/);
    }
  });

  it('accepts stray bytes after a JPEG, as cameras send them', async () => {
    const file = await red(20, 10).jpeg().toBuffer();
    assert.equal((await decodePicture(Buffer.concat([file, Buffer.alloc(500, 7)]))).width, 20);
  });

  it('refuses huge pictures before decoding them', async () => {
    await refuses(await red(17000, 2).png().toBuffer(), /16384 a side but received 17000x2/);
    await refuses(await red(16000, 9000).png().toBuffer(), /at most 134217728 pixels.*16000x9000/);
  });

  itUnless(sharedData.skip, 'reads a real photo', async () => {
    const frame = await decodePicture(await readFile(sharedData.path('photos/bus.jpg')));
    assert.deepEqual([frame.width, frame.height], [810, 1080]);
  });
});

describe('PictureSource', () => {
  const folder = temporaryFolder('picture');

  it('says so if only the first of several pictures is used', async () => {
    const pictures = await Promise.all(
      [0, 200].map((gray) =>
        sharp({ create: { width: 8, height: 8, channels: 3, background: { r: gray, g: gray, b: gray } } })
          .png()
          .toBuffer(),
      ),
    );
    const path = join(folder, 'several.gif');
    await writeFile(
      path,
      await sharp(pictures, { join: { animated: true } })
        .gif()
        .toBuffer(),
    );
    const source = await PictureSource.open(path);
    assert.equal(source.count, 1);
    const [item, ...more] = await items(source);
    assert.deepEqual(more, []);
    assert.equal((item as SourceFrame).frame.data[0], 0);
    assert.match(
      (item as SourceFrame).warning!,
      /^Only the first of 2 pictures in .*several\.gif is taken: those of gif/,
    );
  });

  it('gives one frame with the given stamp and the name of the file', async () => {
    const path = join(folder, 'front door.png');
    await writeFile(path, await red(20, 10).png().toBuffer());
    const [item, ...more] = await items(await PictureSource.open(path, { rate: 2, first: 3 }));
    assert.equal(more.length, 0);
    assert.ok(item && !isBadFrame(item));
    assert.deepEqual(
      [item.frameId, item.source, item.index, item.stamp],
      ['front door', path, 0, { sec: 1704067201, nanosec: 500_000_000 }],
    );
  });

  it('gives a bad frame for a picture that cannot be read', async () => {
    const path = join(folder, 'cut.jpg');
    await writeFile(path, (await noise(200, 100).jpeg().toBuffer()).subarray(0, 2000));
    for (const name of [path, join(folder, 'missing.jpg')]) {
      const [item, ...more] = await items(await PictureSource.open(name));
      assert.equal(more.length, 0);
      assert.ok(item && isBadFrame(item) && item.source === name);
    }
  });
});
