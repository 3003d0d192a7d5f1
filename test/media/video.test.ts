import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'mocha';
import { ExpectationError } from '../../src/base/expect.js';
import { FILE_EPOCH } from '../../src/media/file-clock.js';
import { RING_FRAMES } from '../../src/media/frame-ring.js';
import { decodePicture } from '../../src/media/picture-file.js';
import { isBadFrame, type BadFrame, type SourceFrame } from '../../src/vision/picture/frame-source.js';
import { VideoSource } from '../../src/media/video.js';
import { lastWords } from '../../src/media/video-probe.js';
import { sharedData } from '../data.js';
import { describeUnless, itUnless } from '../skips.js';
import { temporaryFolder } from '../temporary-folder.js';

const withoutFfmpeg =
  spawnSync('ffmpeg', ['-version']).status === 0 ? false : 'ffmpeg is not installed (apt-get install ffmpeg)';

async function read(path: string): Promise<{ frames: SourceFrame[]; bad: BadFrame[] }> {
  const source = await VideoSource.open(path);
  const frames: SourceFrame[] = [];
  const bad: BadFrame[] = [];
  for await (const item of source.frames()) {
    if (isBadFrame(item)) bad.push(item);
    else frames.push(item);
  }
  return { frames, bad };
}

const secondsOf = ({ stamp }: SourceFrame): number => stamp.sec - FILE_EPOCH + stamp.nanosec / 1e9;

/** Running children of this process whose name is ffmpeg. */
function runningFfmpegs(): number {
  const children = readFileSync(`/proc/${process.pid}/task/${process.pid}/children`, 'utf8')
    .trim()
    .split(/\s+/);
  return children.filter((pid) => pid !== '' && /ffmpeg/.test(readFileSync(`/proc/${pid}/comm`, 'utf8')))
    .length;
}

describeUnless(withoutFfmpeg, 'VideoSource', () => {
  const folder = temporaryFolder('video');

  /** A clip made by ffmpeg from a generated picture. */
  function clip(name: string, source: string, ...options: string[]): string {
    const path = join(folder, name);
    const input = ['-f', 'lavfi', '-i', source];
    const made = spawnSync('ffmpeg', ['-v', 'error', '-y', ...input, ...options, path], { encoding: 'utf8' });
    assert.equal(made.status, 0, made.stderr);
    return path;
  }

  it('gives every frame once, with its time and size', async () => {
    const path = clip('count.mp4', 'testsrc=size=64x48:rate=8:duration=2');
    assert.equal((await VideoSource.open(path)).count, 16);
    const { frames, bad } = await read(path);
    assert.deepEqual(bad, []);
    assert.deepEqual(
      frames.map((item) => [item.index, secondsOf(item), item.frameId, item.source]),
      Array.from({ length: 16 }, (_, i) => [i, i / 8, 'count', path]),
    );
    assert.ok(
      frames.every(({ frame }) => frame.width === 64 && frame.height === 48 && frame.data.length === 4608),
    );
  });

  it('keeps the times of a variable frame rate, and every frame once', async () => {
    // Frame N is 16 + 15 N bright, in the limited range.
    const bright = 'nullsrc=size=16x16:rate=10:duration=1.2,geq=lum=16+15*N:cb=128:cr=128';
    const kept = [0, 1, 4, 9, 10, 11];
    const filter = `select='${kept.map((n) => `eq(n,${n})`).join('+')}'`;
    const path = clip('variable.mkv', bright, '-vf', filter, '-c:v', 'ffv1');
    const { frames, bad } = await read(path);
    assert.deepEqual(bad, []);
    assert.deepEqual(
      frames.map((item) => [Math.round(secondsOf(item) * 1000), item.frame.data[0]]),
      kept.map((n) => [n * 100, Math.round((15 * n * 255) / 219)]),
    );
  });

  it('converts to full-range BT.601, from the limited range and from BT.709', async () => {
    const expected: [string, string[], number[]][] = [
      ['white', [], [255, 128, 128]],
      ['black', [], [0, 128, 128]],
      ['red', [], [76, 85, 255]],
      ['blue', [], [29, 255, 107]],
      [
        'red',
        ['-vf', 'scale=out_color_matrix=bt709', '-colorspace', 'bt709', '-color_range', 'tv'],
        [76, 85, 255],
      ],
    ];
    for (const [i, [color, options, yuv]] of expected.entries()) {
      const { frames } = await read(
        clip(`color${i}.mp4`, `color=${color}:size=64x48:rate=1:duration=1`, ...options),
      );
      const { data, chromaOffset } = frames[0]!.frame;
      [data[0]!, data[chromaOffset]!, data[chromaOffset + 1]!].forEach((value, channel) => {
        assert.ok(
          Math.abs(value - yuv[channel]!) <= 3,
          `${color} ${options.join(' ')}: ${value} for ${yuv[channel]}`,
        );
      });
    }
  });

  it('reads untagged high definition as BT.709, as players do', async () => {
    const options = ['-vf', 'scale=out_color_matrix=bt709', '-c:v', 'rawvideo', '-pix_fmt', 'yuv420p'];
    const { frames } = await read(clip('hd.avi', 'color=red:size=1280x720:rate=1:duration=1', ...options));
    assert.ok(Math.abs(frames[0]!.frame.data[0]! - 76) <= 3, `${frames[0]!.frame.data[0]}`);
  });

  it('keeps every pixel of odd sizes', async () => {
    const { frames } = await read(
      clip('odd.mkv', 'testsrc=size=65x49:rate=5:duration=1', '-c:v', 'ffv1', '-pix_fmt', 'bgr0'),
    );
    assert.equal(frames.length, 5);
    const { frame } = frames[0]!;
    assert.deepEqual([frame.width, frame.height, frame.picture], [66, 50, { width: 65, height: 49 }]);
    const png = join(folder, 'odd.png');
    execFileSync('ffmpeg', ['-v', 'error', '-y', '-i', join(folder, 'odd.mkv'), '-frames:v', '1', png]);
    assert.deepEqual(frame.data, (await decodePicture(await readFile(png))).data);
  });

  it('rotates recordings of phones upright', async () => {
    // The left half is white, as recorded.
    const halves = 'color=black:size=64x32:rate=5:duration=1,drawbox=0:0:32:32:white:fill';
    const plain = clip('plain.mp4', halves);
    // The track's display matrix (tkhd), 90 degrees clockwise; ffmpeg's option to write it differs between versions.
    const file = await readFile(plain);
    const matrix = file.indexOf('tkhd') + 4 + 40;
    const fixed = [0, 0x10000, 0, -0x10000, 0, 0, 0, 0, 0x40000000];
    fixed.forEach((value, i) => file.writeInt32BE(value, matrix + 4 * i));
    const path = join(folder, 'turned.mp4');
    await writeFile(path, file);
    const { frame } = (await read(path)).frames[0]!;
    assert.deepEqual([frame.width, frame.height], [32, 64]);
    const luma = (x: number, y: number): number => frame.data[y * frame.lumaStride + x]!;
    assert.ok(luma(16, 10) > 200 && luma(16, 54) < 50, 'the left side is on top');
  });

  it('gives all frames that can be decoded of a truncated video, then a bad frame', async () => {
    const whole = clip('whole.mp4', 'testsrc=size=320x240:rate=10:duration=5', '-movflags', 'faststart');
    const file = await readFile(whole);
    const path = join(folder, 'cut.mp4');
    await writeFile(path, file.subarray(0, Math.floor(file.length * 0.6)));
    const { frames, bad } = await read(path);
    assert.ok(frames.length > 5 && frames.length < 50, `${frames.length} frames`);
    assert.equal(bad.length, 1);
    assert.equal(bad[0]!.index, frames.length);
    assert.match(bad[0]!.error.message, /decoded to its end but received \d+ frames, then: .*partial file/);
  });

  it('keeps the size of the first frame when the stream changes its size', async () => {
    const files = ['64x48', '32x80'].map((size) =>
      clip(`${size}.h264`, `testsrc=size=${size}:rate=5:duration=1`),
    );
    const path = join(folder, 'joined.h264');
    await writeFile(path, Buffer.concat(await Promise.all(files.map((file) => readFile(file)))));
    const { frames } = await read(path);
    assert.equal(frames.length, 10);
    assert.ok(frames.every(({ frame }) => frame.width === 64 && frame.height === 48));
  });

  it('reports what ffmpeg says about files that are not videos', async () => {
    const text = join(folder, 'text.mp4');
    await writeFile(text, 'hello');
    const message = async (path: string): Promise<string> => {
      const error: unknown = await VideoSource.open(path).catch((thrown: unknown) => thrown);
      assert.ok(error instanceof ExpectationError, String(error));
      return error.message;
    };
    assert.match(await message(text), /Expected a video in .*text.mp4 but received .*Invalid data found/);
    assert.match(await message(join(folder, 'missing.mp4')), /No such file/);
    assert.match(await message(clip('sound.mp4', 'sine=duration=0.2')), /without a video stream/);
  });

  it('reads file names as file names, not as options or addresses', async () => {
    const file = await readFile(clip('plain name.mp4', 'color=red:size=16x16:rate=2:duration=1'));
    for (const name of ['-i.mp4', 'http:x.mp4', "it's 100%d [a].mp4"]) {
      await writeFile(join(folder, name), file);
      const before = process.cwd();
      process.chdir(folder);
      try {
        assert.equal((await read(name)).frames.length, 2, name);
      } finally {
        process.chdir(before);
      }
    }
  });

  it('waits for its reader, and ends ffmpeg with the iteration', async () => {
    const path = clip('long.mp4', 'testsrc=size=320x240:rate=25:duration=20');
    const source = await VideoSource.open(path);
    const lent: { item: SourceFrame; first: number }[] = [];
    for await (const item of source.frames()) {
      assert.ok(!isBadFrame(item));
      lent.push({ item, first: item.frame.data[5000]! });
      for (const { item: earlier, first } of lent.slice(-RING_FRAMES))
        assert.equal(earlier.frame.data[5000], first);
      if (item.index === 10) {
        assert.equal(runningFfmpegs(), 1, 'ffmpeg waits for the reader');
        break;
      }
    }
    assert.equal(runningFfmpegs(), 0);
  });

  it('says how to install ffmpeg if it is missing', async () => {
    const path = clip('here.mp4', 'color=red:size=16x16:rate=2:duration=1');
    const source = await VideoSource.open(path);
    const before = process.env['PATH'];
    process.env['PATH'] = folder;
    try {
      await assert.rejects(
        VideoSource.open(path),
        /Expected the programs ffmpeg and ffprobe.*apt-get install ffmpeg/,
      );
      const items = [];
      for await (const item of source.frames()) items.push(item);
      assert.match((items[0] as BadFrame).error.message, /apt-get install ffmpeg/);
    } finally {
      process.env['PATH'] = before;
    }
  });

  itUnless(sharedData.skip, 'reads a real clip', async () => {
    const source = await VideoSource.open(sharedData.path('video/bottle-detection.mp4'));
    assert.equal(source.count, 1189);
    let count = 0;
    for await (const item of source.frames()) {
      assert.ok(!isBadFrame(item));
      // 179/6 frames a second; the clip's own clock ticks 11456 times a second.
      assert.ok(Math.abs(secondsOf(item) - (count * 6) / 179) < 1e-4);
      count++;
    }
    assert.equal(count, 1189);
  });
});

describe('lastWords', () => {
  it('are the last two messages without addresses, once each', () => {
    assert.equal(
      lastWords('[a @ 0x1] first\n[b @ 0x2] moov atom not found\n\nx.mp4: Invalid data\n'),
      'moov atom not found; x.mp4: Invalid data',
    );
    assert.equal(lastWords('[a @ 0x1] same\n[a @ 0x1] same\n'), 'same');
    assert.equal(lastWords(''), '');
  });
});
