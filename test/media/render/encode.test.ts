import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import sharp from 'sharp';
import { encodeGray16, encodeJpeg, encodePng, shrinkToFit } from '../../../src/media/render/encode.js';
import { fillRectangle, rgbPicture, type RgbPicture } from '../../../src/media/render/rgb-picture.js';
import type { Rgb } from '../../../src/vision/picture/palette.js';

const RED: Rgb = [250, 0, 0];

function plain(width: number, height: number, color: Rgb): RgbPicture {
  const picture = rgbPicture(width, height);
  fillRectangle(picture, 0, 0, width, height, color);
  return picture;
}

describe('encodePng and encodeJpeg', () => {
  it('keep every pixel (PNG), or nearly so (JPEG)', async () => {
    const picture = plain(31, 17, [10, 200, 90]);
    const png = await sharp(await encodePng(picture))
      .raw()
      .toBuffer({ resolveWithObject: true });
    assert.deepEqual([png.info.width, png.info.height, png.info.channels], [31, 17, 3]);
    assert.deepEqual(new Uint8Array(png.data), picture.data);
    const file = await encodeJpeg(picture);
    assert.equal((await sharp(file).metadata()).format, 'jpeg');
    const jpeg = await sharp(file).raw().toBuffer();
    assert.ok(jpeg.every((byte, i) => Math.abs(byte - picture.data[i]!) <= 3));
  });

  it('encode JPEG with full or subsampled chroma', async () => {
    // Red and blue columns of the same brightness: without their color they are one gray.
    const picture = rgbPicture(32, 16);
    for (let x = 0; x < 32; x++)
      fillRectangle(picture, x, 0, x + 1, 16, x % 2 === 0 ? [200, 0, 0] : [0, 60, 220]);
    const reds = async (chroma?: '4:2:0'): Promise<number[]> => {
      const file = await encodeJpeg(picture, 95, chroma);
      assert.equal((await sharp(file).metadata()).chromaSubsampling, chroma ?? '4:4:4');
      const pixels = await sharp(file).raw().toBuffer();
      return [pixels[3 * 16]!, pixels[3 * 17]!];
    };
    const [red, blue] = await reds();
    assert.ok(red! - blue! > 150, `${red} and ${blue}`);
    const [left, right] = await reds('4:2:0');
    assert.ok(left! - right! < 100, `${left} and ${right} are mixed`);
  });

  it('encode JPEG with the Huffman tables of the standard, or their own, which changes no pixel', async () => {
    const picture = plain(64, 48, [10, 200, 90]);
    fillRectangle(picture, 7, 5, 40, 30, RED);
    const file = await encodeJpeg(picture, 80, '4:4:4', 'standard');
    const tight = await encodeJpeg(picture, 80);
    assert.deepEqual(await sharp(file).raw().toBuffer(), await sharp(tight).raw().toBuffer());
    // ITU-T T.81, K.3: two tables of 12 and two of 162 codes, each with 17 bytes before them.
    assert.equal(tableBytes(file), 2 * (17 + 12) + 2 * (17 + 162));
    assert.ok(tableBytes(tight) < 200, 'its own tables');
  });
});

/** Bytes of all Huffman tables of a JPEG file (the DHT segments, without their lengths). */
function tableBytes(file: Buffer): number {
  let bytes = 0;
  for (let at = 2; file[at + 1] !== 0xda; at += 2 + file.readUInt16BE(at + 2))
    if (file[at + 1] === 0xc4) bytes += file.readUInt16BE(at + 2) - 2;
  return bytes;
}

describe('encodeGray16', () => {
  it('keeps all 16-bit values in a 16-bit PNG file', async () => {
    const values = Uint16Array.from({ length: 2 ** 16 }, (_, at) => (at * 40503) % 2 ** 16);
    const file = await encodeGray16(values, 512, 128);
    // PNG's header chunk: width, height, bit depth, color type, which is 0 for gray.
    assert.deepEqual(
      [file.readUInt32BE(16), file.readUInt32BE(20), file.readUInt8(24), file.readUInt8(25)],
      [512, 128, 16, 0],
    );
    const raw = await sharp(file).toColourspace('grey16').raw({ depth: 'ushort' }).toBuffer();
    assert.deepEqual(new Uint16Array(raw.buffer, raw.byteOffset, raw.length / 2), values);
  });

  it('accepts part of a larger buffer, of any shape', async () => {
    const memory = Uint16Array.from({ length: 100 }, (_, at) => 1000 + at);
    for (const [width, height] of [
      [1, 1],
      [1, 7],
      [13, 1],
      [5, 3],
    ] as const) {
      const values = memory.subarray(11, 11 + width * height);
      const file = await encodeGray16(values, width, height);
      const raw = await sharp(file).toColourspace('grey16').raw({ depth: 'ushort' }).toBuffer();
      assert.deepEqual(
        new Uint16Array(raw.buffer, raw.byteOffset, raw.length / 2),
        values,
        `${width}x${height}`,
      );
    }
  });
});

describe('shrinkToFit', () => {
  it('keeps the aspect ratio and never enlarges', async () => {
    const small = await shrinkToFit(plain(400, 100, RED), 200, 200);
    assert.deepEqual([small.width, small.height, small.data.length], [200, 50, 200 * 50 * 3]);
    const same = await shrinkToFit(plain(40, 10, RED), 200, 200);
    assert.deepEqual([same.width, same.height], [40, 10]);
  });
});
