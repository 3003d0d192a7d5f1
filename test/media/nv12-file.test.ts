import assert from 'node:assert/strict';
import { truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'mocha';
import { ExpectationError } from '../../src/base/expect.js';
import { FILE_EPOCH } from '../../src/media/file-clock.js';
import { RING_FRAMES } from '../../src/media/frame-ring.js';
import { Nv12FileSource, plausibleSizes, sizeInName } from '../../src/media/nv12-file.js';
import { parseSize } from '../../src/vision/picture/picture-size.js';
import { isBadFrame, type BadFrame, type SourceFrame } from '../../src/vision/picture/frame-source.js';
import { sharedData } from '../data.js';
import { itUnless } from '../skips.js';
import { temporaryFolder } from '../temporary-folder.js';

async function items(source: Nv12FileSource): Promise<(SourceFrame | BadFrame)[]> {
  const all = [];
  for await (const item of source.frames()) all.push(item);
  return all;
}

describe('sizes', () => {
  it('are read from text and file names', () => {
    assert.deepEqual(parseSize(' 1920x1080 '), { width: 1920, height: 1080 });
    for (const text of ['', '1920', 'x1080', '1920x', '-2x4', '1.5x2', '123456x2', '2x2x2']) {
      assert.equal(parseSize(text), undefined, text);
    }
    assert.deepEqual(sizeInName('/1x1/people_960x544.nv12'), { width: 960, height: 544 });
    assert.deepEqual(sizeInName('from_640x480_to_320X240_v2.nv12'), { width: 320, height: 240 });
    for (const name of ['people.nv12', '/640x480/people.nv12', '1234567x8.nv12']) {
      assert.equal(sizeInName(name), undefined, name);
    }
  });

  it('are suggested for a file size, fewest frames first', () => {
    assert.equal(plausibleSizes(3110400)[0], '1920x1080 (1 frame)');
    assert.deepEqual(plausibleSizes(2 * 460800).slice(0, 2), ['640x480 (2 frames)', '320x240 (8 frames)']);
    assert.deepEqual(plausibleSizes(1000), []);
    assert.deepEqual(plausibleSizes(0), []);
  });
});

describe('Nv12FileSource', () => {
  const folder = temporaryFolder('nv12');

  /** `count` frames of 8x4 whose bytes are their number, and `extra` bytes. */
  async function file(name: string, count: number, extra = 0): Promise<string> {
    const path = join(folder, name);
    await writeFile(
      path,
      Uint8Array.from({ length: count * 48 + extra }, (_, i) => Math.floor(i / 48) + 1),
    );
    return path;
  }

  it('gives every frame of a file with stamps at its rate', async () => {
    const source = await Nv12FileSource.open(await file('a_8x4.nv12', 3), { rate: 4, first: 2 });
    assert.equal(source.count, 3);
    const frames = (await items(source)).filter((item): item is SourceFrame => !isBadFrame(item));
    assert.deepEqual(
      frames.map(({ frame, index, frameId, stamp }) => [
        frame.data[0],
        frame.data[47],
        index,
        frameId,
        stamp,
      ]),
      [
        [1, 1, 0, 'a_8x4', { sec: FILE_EPOCH, nanosec: 500_000_000 }],
        [2, 2, 1, 'a_8x4', { sec: FILE_EPOCH, nanosec: 750_000_000 }],
        [3, 3, 2, 'a_8x4', { sec: FILE_EPOCH + 1, nanosec: 0 }],
      ],
    );
  });

  it('lends a frame for the five iterations that follow', async () => {
    const source = await Nv12FileSource.open(await file('ring.nv12', 8), { size: { width: 8, height: 4 } });
    const lent: SourceFrame[] = [];
    for await (const item of source.frames()) {
      assert.ok(!isBadFrame(item));
      lent.push(item);
      for (const earlier of lent.slice(-RING_FRAMES)) assert.equal(earlier.frame.data[0], earlier.index + 1);
    }
    assert.equal(lent.length, 8);
    assert.equal(lent[0]!.frame, lent[6]!.frame, 'memory is reused');
  });

  it('gives a bad frame for a truncated one', async () => {
    const source = await Nv12FileSource.open(await file('cut_8x4.nv12', 2, 7));
    const all = await items(source);
    assert.deepEqual(all.map(isBadFrame), [false, false, true]);
    assert.match((all[2] as BadFrame).error.message, /48 bytes for frame 2 of .* but received 7 bytes/);
  });

  it('gives a bad frame when the file shrinks while it is read', async () => {
    const path = await file('shrinks_8x4.nv12', 4);
    const source = await Nv12FileSource.open(path);
    const seen: boolean[] = [];
    for await (const item of source.frames()) {
      seen.push(isBadFrame(item));
      if (item.index === 1) await truncate(path, 2 * 48 + 5);
    }
    assert.deepEqual(seen, [false, false, true]);
  });

  it('suggests sizes when the size is missing or wrong', async () => {
    const path = join(folder, 'frame.nv12');
    await writeFile(path, new Uint8Array(460800));
    const message = async (options: Parameters<typeof Nv12FileSource.open>[1]): Promise<string> => {
      const error: unknown = await Nv12FileSource.open(path, options).catch((thrown: unknown) => thrown);
      assert.ok(error instanceof ExpectationError);
      return error.message;
    };
    assert.match(await message({}), /the size of the raw NV12 frames.*640x480 \(1 frame\)/s);
    assert.match(
      await message({ size: { width: 1920, height: 1080 } }),
      /at least 3110400 bytes.*460800 bytes.*640x480 \(1 frame\)/,
    );
    assert.match(
      await message({ size: { width: 641, height: 480 } }),
      /an even width for NV12 but received 641/,
    );
    for (const width of [0, -2, NaN, 1e9]) {
      assert.match(await message({ size: { width, height: 480 } }), /from 2 to 16384/);
    }
  });

  itUnless(sharedData.skip, 'reads real frames', async () => {
    const source = await Nv12FileSource.open(sharedData.path('nv12/people_960x544.nv12'));
    const [item, ...more] = await items(source);
    assert.ok(item && !isBadFrame(item) && more.length === 0);
    assert.deepEqual([item.frame.width, item.frame.height], [960, 544]);
  });
});
