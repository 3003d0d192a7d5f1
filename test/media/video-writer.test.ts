import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'mocha';
import { VideoWriter, encoderArguments, videoSuffix } from '../../src/media/video-writer.js';
import { probeVideo } from '../../src/media/video-probe.js';
import type { RgbPicture } from '../../src/media/render/rgb-picture.js';
import { withVariables } from '../environment.js';
import { describeUnless } from '../skips.js';
import { temporaryFolder } from '../temporary-folder.js';

const withoutFfmpeg =
  spawnSync('ffmpeg', ['-version']).status === 0 ? false : 'ffmpeg is not installed (apt-get install ffmpeg)';

/** A picture of one color. */
function plain(width: number, height: number, [r, g, b]: readonly [number, number, number]): RgbPicture {
  const data = new Uint8Array(3 * width * height);
  for (let i = 0; i < data.length; i += 3) data.set([r, g, b], i);
  return { width, height, data };
}

/** The color of the middle of each frame, as ffmpeg decodes it. */
function colors(path: string): number[][] {
  const filter = 'crop=2:2,scale=1:1:in_color_matrix=auto,format=rgb24';
  const { stdout } = spawnSync('ffmpeg', ['-v', 'error', '-i', path, '-vf', filter, '-f', 'rawvideo', '-'], {
    maxBuffer: 1 << 20,
  });
  return Array.from({ length: stdout.length / 3 }, (_, i) => [...stdout.subarray(3 * i, 3 * i + 3)]);
}

describeUnless(withoutFfmpeg, 'VideoWriter', () => {
  const folder = temporaryFolder('video-writer');
  const RED = [200, 40, 30] as const;
  const BLUE = [20, 60, 210] as const;

  for (const suffix of ['.mp4', '.mkv', '.webm']) {
    it(`writes ${suffix} at the given rate and in the right colors`, async () => {
      const path = join(folder, `föö bar${suffix}`);
      const video = new VideoWriter(path, { width: 65, height: 49, rate: 12.5 });
      for (const color of [RED, RED, BLUE, BLUE, BLUE]) await video.write(plain(65, 49, color));
      assert.ok(!readdirSync(folder).includes(`föö bar${suffix}`), 'it appears when it is complete');
      await video.close();
      const { width, height, rate } = await probeVideo(path);
      assert.deepEqual([width, height, rate], [66, 50, 12.5]);
      const found = colors(path);
      assert.equal(found.length, 5);
      for (const [i, color] of [RED, RED, BLUE, BLUE, BLUE].entries()) {
        color.forEach((value, k) =>
          assert.ok(Math.abs(found[i]![k]! - value) <= 6, `${i}: ${found[i]!.join()}`),
        );
      }
      const streams = ['-v', 'error', '-show_entries', 'stream=codec_type', '-of', 'csv=p=0', path];
      assert.equal(spawnSync('ffprobe', streams, { encoding: 'utf8' }).stdout.trim(), 'video');
    });
  }

  it('reports the errors of ffmpeg, and leaves no file behind', async () => {
    const path = join(folder, 'none.mp4');
    const video = new VideoWriter(path, { width: 64, height: 48, rate: 10, encoder: 'h264_nowhere' });
    const work = async (): Promise<void> => {
      for (let i = 0; i < 100; i++) await video.write(plain(64, 48, RED));
      await video.close();
    };
    await assert.rejects(work(), /ffmpeg to write .*none\.mp4 but received .*h264_nowhere.*--video-encoder/);
    assert.deepEqual(
      readdirSync(folder).filter((name) => /none|part/.test(name)),
      [],
    );
  });
});

describeUnless(withoutFfmpeg, 'VideoWriter on a full disk', () => {
  const folder = temporaryFolder('video-full');
  const bin = join(folder, 'bin');
  // The real ffmpeg, for which a file of more than 8 blocks gives an error, as a full disk does.
  mkdirSync(bin);
  const found = spawnSync('sh', ['-c', 'command -v ffmpeg'], { encoding: 'utf8' }).stdout.trim();
  const limited = `#!/bin/sh\ntrap '' XFSZ\nulimit -f 8\nexec ${found} "$@"\n`;
  writeFileSync(join(bin, 'ffmpeg'), limited, { mode: 0o755 });
  withVariables({ PATH: `${bin}:${process.env.PATH}` });

  for (const suffix of ['.mp4', '.mkv', '.webm']) {
    it(`reports that the end of ${suffix} found no room, and leaves no file`, async () => {
      const video = new VideoWriter(join(folder, `full${suffix}`), { width: 320, height: 240, rate: 10 });
      const picture = plain(320, 240, [0, 0, 0]);
      for (let i = 0, seed = 1; i < picture.data.length; i++) {
        seed = (seed * 16807) % 2147483647;
        picture.data[i] = seed;
      }
      // Few frames: the room is missing only when the file is finished.
      const work = async (): Promise<void> => {
        for (let i = 0; i < 3; i++) await video.write(picture);
        await video.close();
      };
      await assert.rejects(work(), /full\.\w+ but received .*[Ff]ile too large.* Free some space/);
      assert.deepEqual(readdirSync(folder), ['bin']);
    });
  }
});

describe('arguments of the encoder', () => {
  const video = { width: 640, height: 480, rate: 30 };
  const given = (encoder?: string, path = 'a.mp4'): string =>
    encoderArguments(path, 'part', { ...video, encoder }).join(' ');

  it('fit each kind of encoder', () => {
    // No such hardware here: only what ffmpeg is told.
    assert.match(given(), /-an .*format=yuv420p -c:v libx264 .*-crf 20 .*\+faststart -f mp4 part$/);
    assert.match(given(undefined, 'a.WEBM'), /-c:v libvpx-vp9 .*-f webm part$/);
    assert.match(
      given('h264_vaapi'),
      /-vaapi_device \/dev\/dri\/renderD128 .*format=nv12,hwupload -c:v h264_vaapi -qp/,
    );
    assert.match(given('hevc_nvenc'), /-c:v hevc_nvenc -cq 23/);
    assert.match(given('h264_v4l2m2m'), /-c:v h264_v4l2m2m -b:v 1382400/);
  });

  it('need a known file suffix', () => {
    assert.equal(videoSuffix('a/b.MKV'), '.mkv');
    for (const path of ['a', 'a.avi', ''])
      assert.throws(() => videoSuffix(path), /suffix \.mp4, \.mkv, \.webm/);
  });
});
