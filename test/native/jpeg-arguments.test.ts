import assert from 'node:assert/strict';
import { it } from 'mocha';
import { addon } from '../../src/native/addon.js';
import { encodeNv12Jpeg, hasTurboJpeg } from '../../src/native/jpeg.js';
import type { ColorRange } from '../../src/vision/picture/color-range.js';
import type { Nv12Frame } from '../../src/vision/picture/nv12-frame.js';
import { describeUnless } from '../skips.js';
import { packedFrame } from './frames.js';

type Arguments = Parameters<ReturnType<typeof addon>['jpegEncode']>;

describeUnless(hasTurboJpeg() ? false : 'no libturbojpeg', 'arguments of JPEG files', () => {
  const jpegEncode = (...given: Arguments): Promise<Uint8Array> => addon().jpegEncode(...given);
  const frame = packedFrame(64, 48);
  const good = (): Arguments => [frame.data, 64, 48, 0, 64, 64 * 48, 64, 64, 48, 'full', 80];

  it('make a file', async () => {
    const file = await jpegEncode(...good());
    assert.deepEqual([...file.subarray(0, 2), ...file.subarray(-2)], [0xff, 0xd8, 0xff, 0xd9]);
  });

  const resizable = (length: number): Uint8Array =>
    new Uint8Array(
      new (ArrayBuffer as unknown as new (length: number, options: object) => ArrayBuffer)(length, {
        maxByteLength: 2 * length,
      }),
    );
  for (const [what, at, value] of [
    ['no bytes', 0, undefined],
    ['too few bytes', 0, new Uint8Array(10)],
    ['bytes that can be resized', 0, resizable(64 * 48 * 1.5)],
    ['floats', 0, new Float32Array(64 * 48)],
    ['a frame of odd width', 1, 63],
    ['a frame without height', 2, 0],
    ['a luma plane before its bytes', 3, -1],
    ['a luma plane that ends behind its bytes', 3, 64 * 24 + 1],
    ['luma rows shorter than they are wide', 4, 62],
    ['a chroma plane that ends behind its bytes', 5, 64 * 48 + 1],
    ['a chroma plane far away', 5, 2 ** 53],
    ['chroma rows shorter than they are wide', 6, 63],
    ['chroma rows too far apart', 6, 2 ** 31],
    ['a picture without width', 7, 0],
    ['a picture wider than its frame', 7, 65],
    ['a picture that leaves out two columns', 7, 62],
    ['a picture that leaves out two rows', 8, 46],
    ['a width that is no number', 7, '64'],
    ['another range', 9, 'wide'],
    ['quality 0', 10, 0],
    ['quality 101', 10, 101],
  ] as [what: string, at: number, value: unknown][]) {
    it(`must not be ${what}`, () => {
      const given: unknown[] = good();
      given[at] = value;
      assert.throws(() => jpegEncode(...(given as Arguments)), /^TypeError: Expected .* but received /);
    });
  }

  it('reject the promise if the frame is transferred meanwhile', async () => {
    const given = packedFrame(64, 48);
    const made = encodeNv12Jpeg(given, 80);
    // Kept, because its memory is read.
    const kept = structuredClone(given.data, { transfer: [given.data.buffer as ArrayBuffer] });
    await assert.rejects(made, /ExpectationError: Expected the bytes of a frame to stay in place/);
    assert.ok(kept.length > 0);
  });

  it('are checked in the terms of the caller', async () => {
    for (const [wrong, quality, range, message] of [
      [frame, 0, 'full', /an integer from 1 to 100 for the quality of JPEG/],
      [frame, 80, 'wide', /the color range/],
      [{ ...frame, width: 63 }, 80, 'full', /even/],
    ] as [Nv12Frame, number, ColorRange, RegExp][])
      await assert.rejects(encodeNv12Jpeg(wrong, quality, range), message);
  });
});
