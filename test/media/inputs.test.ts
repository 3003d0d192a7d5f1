import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdir, rm, writeFile, symlink } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { describe, it } from 'mocha';
import sharp from 'sharp';
import { ExpectationError } from '../../src/base/expect.js';
import { FILE_EPOCH } from '../../src/media/file-clock.js';
import { fileKind, type FileKind } from '../../src/media/file-kind.js';
import { openInputs, type InputOptions } from '../../src/media/inputs.js';
import { isBadFrame, type FrameSource } from '../../src/vision/picture/frame-source.js';
import { temporaryFolder } from '../temporary-folder.js';

const latin = (text: string): Uint8Array => Buffer.from(text, 'latin1');

describe('fileKind', () => {
  it('recognizes files by their signature, whatever their name', () => {
    const signatures: [FileKind, Uint8Array][] = [
      ['png', latin('\x89PNG\r\n\x1a\n')],
      ['picture', latin('RIFF\x10\0\n\0WEBPVP8 ')],
      ['picture', latin('II*\0\x08')],
      ['picture', latin('\0\0\0\x1cftypavif')],
      ['video', latin('\0\0\0\x1cftypisom')],
      ['video', latin('\x1a\x45\xdf\xa3')],
      ['video', latin('RIFF\x10\0\0\0AVI LIST')],
      ['video', latin('GIF89a')],
      ['bag', latin('\x89MCAP0\r\n')],
      ['bag', latin('SQLite format 3\0')],
    ];
    for (const [kind, begin] of signatures) {
      for (const name of ['a', 'a.jpg', 'a.mp4', 'a.mcap']) assert.equal(fileKind(name, begin), kind);
    }
  });

  it('recognizes JPEG files by their name, because they may contain several pictures', () => {
    for (const name of ['a.mjpeg', 'a.MJPG', 'a.avi', 'a.mp4'])
      assert.equal(fileKind(name, latin('\xff\xd8\xff\xe0')), 'mjpeg');
    for (const name of ['a.jpg', 'a', 'a.png', 'a.mcap'])
      assert.equal(fileKind(name, latin('\xff\xd8\xff\xe0')), 'picture');
    assert.equal(fileKind('a.mjpeg', latin('--boundary')), 'video');
  });

  it('recognizes raw NV12 by its name, because it may begin with any bytes', () => {
    assert.equal(fileKind('frame_640x480.nv12', latin('\xff\xd8\xff\xe0')), 'nv12');
    assert.equal(fileKind('frame.YUV', latin('\x10\x10')), 'nv12');
  });

  it('uses the file name if the signature is unknown', () => {
    assert.equal(fileKind('a.JPG', latin('nonsense')), 'picture');
    assert.equal(fileKind('a.ts', latin('G@\x11')), 'video');
    assert.equal(fileKind('a.txt', latin('nonsense')), undefined);
    assert.equal(fileKind('README', latin('')), undefined);
    assert.equal(fileKind('a.jpg.txt', latin('RIFF')), undefined);
  });
});

describe('openInputs', () => {
  const folder = temporaryFolder('inputs');

  const png = (): Promise<Buffer> =>
    sharp({ create: { width: 8, height: 6, channels: 3, background: 'red' } })
      .png()
      .toBuffer();

  async function write(name: string, content: string | Uint8Array): Promise<string> {
    const path = join(folder, name);
    await mkdir(join(path, '..'), { recursive: true });
    await writeFile(path, content);
    return path;
  }

  /** Stamps in seconds since FILE_EPOCH of all frames. */
  async function times(sources: readonly FrameSource[]): Promise<number[]> {
    const all = [];
    for (const source of sources) {
      for await (const item of source.frames()) {
        assert.ok(!isBadFrame(item));
        all.push(item.stamp.sec - FILE_EPOCH + item.stamp.nanosec / 1e9);
      }
    }
    return all;
  }

  /** The message of the one input that failed. */
  async function failure(name: string, options: InputOptions = {}): Promise<string> {
    const { sources, failed } = await openInputs([name], options);
    assert.deepEqual([sources.length, failed.length], [0, 1]);
    assert.ok(failed[0]!.error instanceof ExpectationError, failed[0]!.error.stack);
    return failed[0]!.error.message;
  }

  it('opens files in the given order, with stamps that continue from one to the next', async () => {
    const names = [
      await write('b.png', await png()),
      await write('raw_4x2.nv12', new Uint8Array(36)),
      await write('a.png', await png()),
    ];
    const { sources, failed } = await openInputs(names, { rate: 4 });
    assert.deepEqual(failed, []);
    assert.deepEqual(
      sources.map(({ name, count }) => [name, count]),
      [
        [names[0], 1],
        [names[1], 3],
        [names[2], 1],
      ],
    );
    assert.deepEqual(await times(sources), [0, 0.25, 0.5, 0.75, 1]);
  });

  it('opens the supported files of a folder, in natural order', async () => {
    for (const name of ['f/10.png', 'f/2.png', 'f/1.png', 'f/deeper/3.png']) await write(name, await png());
    await write('f/notes.txt', 'notes');
    await write('f/.hidden.png', await png());
    const empty = await write('f/7.png', '');
    const { sources, failed } = await openInputs([join(folder, 'f')]);
    assert.deepEqual(
      sources.map(({ name }) => basename(name)),
      ['1.png', '2.png', '10.png'],
    );
    assert.deepEqual(
      failed.map(({ name }) => name),
      [empty],
    );
  });

  it('continues after inputs that cannot be read', async () => {
    const good = await write('good.png', await png());
    const missing = join(folder, 'missing.png');
    const text = await write('text.txt', 'hello');
    const { sources, failed } = await openInputs([missing, good, text, good]);
    assert.deepEqual(
      sources.map(({ name }) => name),
      [good, good],
    );
    assert.deepEqual(
      failed.map(({ name }) => name),
      [missing, text],
    );
  });

  it('reports errors in an input', async () => {
    assert.match(await failure(join(folder, 'missing.png')), /a file or folder but received .*missing.png/);
    assert.match(await failure(''), /a file or folder/);
    assert.match(await failure(await write('empty.jpg', '')), /empty.jpg, which is empty/);
    assert.match(await failure(await write('note.txt', 'hello')), /picture \(\.jpg.*received .*note.txt/);
    assert.match(
      await failure(await write('raw.nv12', new Uint8Array(100))),
      /the size of the raw NV12 frames/,
    );
    assert.match(
      await failure(join(folder, '*.none')),
      /files that match .*\*\.none but received none\. Check/,
    );
    assert.match(
      await failure('missing.png'),
      /which cannot be found\. Check the name; it is looked for in \//,
    );
    // A link to itself cannot be followed: for root no folder is locked.
    await symlink('loop.png', join(folder, 'loop.png'));
    assert.match(await failure(join(folder, 'loop.png')), /to find .*loop\.png but received ELOOP/);
    await mkdir(join(folder, 'nothing'));
    assert.match(await failure(join(folder, 'nothing')), /files to read in .*nothing.* but received none/);
  });

  it('does not wait for pipes', async () => {
    const path = join(folder, 'pipe.png');
    assert.equal(spawnSync('mkfifo', [path]).status, 0);
    assert.match(await failure(path), /a regular file/);
    await rm(path);
  });

  it('recognizes folders with metadata.yaml and MCAP files as bags', async () => {
    await write(
      'bag/metadata.yaml',
      'rosbag2_bagfile_information:\n  relative_file_paths:\n    - bag_0.mcap\n',
    );
    assert.match(await failure(join(folder, 'bag')), /bag_0.mcap.*metadata.yaml lists/s);
    const sqlite = await write('old.db3', latin('SQLite format 3\0'));
    assert.match(await failure(sqlite), /MCAP file but received an SQLite database/);
    assert.match(await failure(`${sqlite}#/camera`), /MCAP file but received an SQLite database/);
  });

  it('opens scenes, with their own settings or the common ones', async () => {
    const { sources, failed } = await openInputs(
      ['scene:', 'scene:?frames=2&seed=4&size=128x96&rate=5', 'scene:?objects=0'],
      { frames: 3, size: { width: 64, height: 64 } },
    );
    assert.deepEqual(failed, []);
    assert.deepEqual(
      sources.map(({ count }) => count),
      [3, 2, 3],
    );
    const [, second] = sources;
    const stamps = [];
    for await (const item of second!.frames()) {
      assert.ok(!isBadFrame(item));
      assert.deepEqual([item.frame.width, item.frame.height], [128, 96]);
      stamps.push(item.stamp);
    }
    assert.equal(Math.round((stamps[1]!.nanosec - stamps[0]!.nanosec) / 1e6), 200);
  });

  it('reports errors in the settings of a scene', async () => {
    assert.match(
      await failure('scene:?color=red'),
      /frames, seed, rate, objects, size but received scene:\?color=red/,
    );
    assert.match(await failure('scene:frames=2'), /scene:\?name=value/);
    assert.match(await failure('scene:?size=big'), /a size such as 640x480 but received big/);
    for (const setting of [
      'frames=0',
      'frames=',
      'frames=x',
      'seed=-1',
      'rate=0',
      'size=3x3',
      'objects=1.5',
    ]) {
      await failure(`scene:?${setting}`);
    }
  });

  it('refuses an invalid frame rate', async () => {
    for (const rate of [0, -1, NaN, Infinity])
      await assert.rejects(openInputs([], { rate }), ExpectationError);
  });
});
