import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import sharp from 'sharp';
import { imageView, hbmView } from '../../../src/message/read/image-message.js';
import { nv12Frame } from '../../../src/vision/picture/nv12-frame.js';
import type { BadFrame, FrameSource, SourceFrame } from '../../../src/vision/picture/frame-source.js';
import { messageForm } from '../../../src/node/camera/camera-messages.js';
import type { MessageForm } from '../../../src/message/write/image-form.js';
import { SENSOR_QOS } from '../../../src/message/qos.js';
import { Playlist, type PlaylistOptions } from '../../../src/node/camera/camera-playlist.js';

interface TestFrame {
  readonly pixel: number;
  readonly seconds: number;
  readonly width?: number;
  readonly height?: number;
}

/** A source of small frames of one value each, in one buffer that is used for all, as the rings of real sources are. */
class Frames implements FrameSource {
  /** Frames handed out. */
  read = 0;
  readonly count: number | undefined;

  /** @param counted whether it tells its number of frames */
  constructor(
    readonly name: string,
    private readonly items: readonly (TestFrame | Error)[],
    counted = true,
  ) {
    this.count = counted ? items.length : undefined;
  }

  async *frames(): AsyncGenerator<SourceFrame | BadFrame> {
    const bytes = new Uint8Array(4096);
    for (const [index, item] of this.items.entries()) {
      await Promise.resolve();
      const place = { source: this.name, index };
      if (item instanceof Error) {
        if (item.message === 'break') throw item;
        yield { ...place, error: item };
        continue;
      }
      const { pixel, seconds, width = 4, height = 2 } = item;
      this.read++;
      bytes.fill(pixel);
      const frame = nv12Frame(bytes.subarray(0, (width * height * 3) / 2), { width, height });
      const stamp = { sec: Math.floor(seconds), nanosec: Math.round((seconds % 1) * 1e9) };
      yield { ...place, frame, stamp, frameId: `${this.name}_frame` };
    }
  }
}

const frames = (...pixels: number[]): TestFrame[] => pixels.map((pixel) => ({ pixel, seconds: pixel / 20 }));

interface Played {
  pixels: number[];
  pauses: number[];
  frameIds: string[];
  reports: string[];
}

/** The first frames of a playlist, whose messages must be whole: pixels of one value. */
async function play(
  sources: readonly FrameSource[],
  limit: number,
  { form = messageForm('image', 'auto'), ...options }: Partial<PlaylistOptions> & { form?: MessageForm } = {},
): Promise<Played> {
  const played: Played = { pixels: [], pauses: [], frameIds: [], reports: [] };
  const playlist = new Playlist(sources, form, {
    loop: false,
    frameId: 'camera',
    cacheBytes: 0,
    report: (name, error) => played.reports.push(`${name}: ${error.message}`),
    ...options,
  });
  for await (const { message, pause, size } of playlist.frames()) {
    const image = form.type === 'sensor_msgs/msg/Image' ? imageView(message) : undefined;
    const { width, height, data } = image ?? hbmView(message);
    assert.deepEqual({ width, height }, size);
    assert.equal(data.length, (width * height * 3) / 2);
    assert.ok(data.every((byte) => byte === data[0]));
    played.pixels.push(data[0]!);
    played.pauses.push(Math.round(pause));
    if (image) played.frameIds.push(image.frameId);
    if (played.pixels.length === limit) break;
  }
  return played;
}

describe('Playlist', () => {
  it('plays the sources one after the other, once', async () => {
    const { pixels, reports } = await play([new Frames('a', frames(1, 2)), new Frames('b', frames(3))], 10);
    assert.deepEqual(pixels, [1, 2, 3]);
    assert.deepEqual(reports, []);
  });

  it('uses the given frame_id, or that of the source', async () => {
    const source = new Frames('a', frames(1));
    assert.deepEqual((await play([source], 1)).frameIds, ['camera']);
    assert.deepEqual((await play([source], 1, { frameId: '' })).frameIds, ['a_frame']);
  });

  for (const message of ['image', 'hbm480p'] as const) {
    it(`reads sources that fit into the cache once, and repeats them: ${message}`, async () => {
      const a = new Frames('a', frames(1, 2, 3));
      const b = new Frames('b', frames(4, 5), false);
      const options = { form: messageForm(message, 'auto'), loop: true, cacheBytes: 10_000 };
      const { pixels } = await play([a, b], 12, options);
      assert.deepEqual(pixels, [1, 2, 3, 4, 5, 1, 2, 3, 4, 5, 1, 2]);
      assert.deepEqual([a.read, b.read], [3, 2]);
    });
  }

  it('reads sources in advance if their number of frames is known', async () => {
    for (const [counted, read] of [
      [true, 3],
      [false, 1],
    ] as const) {
      const source = new Frames('a', frames(1, 2, 3), counted);
      await play([source], 1, { loop: true, cacheBytes: 10_000 });
      assert.equal(source.read, read);
    }
  });

  it('reads sources that do not fit into the cache again while they are played', async () => {
    const a = new Frames('a', frames(1, 2, 3));
    const b = new Frames('b', frames(4));
    const { pixels } = await play([a, b], 6, { loop: true, cacheBytes: 30 });
    assert.deepEqual(pixels, [1, 2, 3, 4, 1, 2]);
    assert.equal(a.read, 5);
    const c = new Frames('c', frames(1, 2, 3));
    assert.deepEqual((await play([c], 5, { loop: true })).pixels, [1, 2, 3, 1, 2]);
    assert.equal(c.read, 5);
  });

  it('shares the cache among the sources', async () => {
    const [a, b] = [new Frames('a', frames(1, 2, 3)), new Frames('b', frames(4, 5, 6))];
    const { pixels } = await play([a, b], 12, { loop: true, cacheBytes: 300 }); // 72 bytes a frame
    assert.deepEqual(pixels, [1, 2, 3, 4, 5, 6, 1, 2, 3, 4, 5, 6]);
    assert.deepEqual([a.read, b.read], [3, 6]);
  });

  it('handles a source that is larger than announced', async () => {
    const growing = [...frames(1, 2), { pixel: 3, seconds: 0, width: 32, height: 32 }, ...frames(4)];
    for (const counted of [true, false]) {
      const source = new Frames('a', growing, counted);
      const { pixels } = await play([source], 9, { loop: true, cacheBytes: 600 });
      assert.deepEqual(pixels, [1, 2, 3, 4, 1, 2, 3, 4, 1]);
    }
  });

  it('uses stamps within a source, and the last pause between sources', async () => {
    const a = new Frames('a', frames(10, 11, 13));
    const b = new Frames('b', frames(1, 2));
    const { pauses } = await play([a, b], 7, { loop: true });
    assert.deepEqual(pauses, [100, 50, 100, 100, 50, 50, 50]);
  });

  it('ignores stamps that stand still, go back or jump', async () => {
    const at = (...seconds: number[]): TestFrame[] => seconds.map((s) => ({ pixel: 1, seconds: s }));
    const { pauses } = await play([new Frames('a', at(5, 5.04, 5.04, 4, 4.02, 2e9, 2e9 + 0.5))], 9);
    assert.deepEqual(pauses, [100, 40, 40, 40, 20, 10_000, 500]);
  });

  it('reports bad frames once and plays the others', async () => {
    for (const cacheBytes of [0, 10_000]) {
      const bad = new Frames('bad', [new Error('torn'), ...frames(1), new Error('torn')]);
      const broken = new Frames('broken', [...frames(2), new Error('break'), ...frames(9)]);
      const sources = [bad, broken, new Frames('good', frames(3))];
      const { pixels, reports } = await play(sources, 7, { loop: true, cacheBytes });
      assert.deepEqual(pixels, [1, 2, 3, 1, 2, 3, 1]);
      assert.deepEqual(reports, ['bad, frame 0: torn', 'bad, frame 2: torn', 'broken, frame 1: break']);
    }
  });

  it('leaves out frames that are too large for the message', async () => {
    const bytes = new Uint8Array(960 * 642 * 1.5);
    const large = nv12Frame(bytes, { width: 960, height: 642 });
    const small = nv12Frame(bytes, { width: 4, height: 2 });
    const source: FrameSource = {
      name: 'a',
      async *frames() {
        for (const [index, frame] of [large, small, large].entries()) {
          yield { frame, index, source: 'a', stamp: { sec: 0, nanosec: 0 }, frameId: '' };
          await Promise.resolve();
        }
      },
    };
    const { pixels, reports } = await play([source], 3, { form: messageForm('hbm480p', 'auto'), loop: true });
    assert.equal(pixels.length, 3);
    assert.equal(reports.length, 1);
    assert.match(
      reports[0]!,
      /^a: Expected a frame of at most 921600 bytes for HbmMsg480P but received 960x642/,
    );
  });

  it('ends a loop without frames', async () => {
    const sources = [new Frames('a', [new Error('torn')]), new Frames('b', [])];
    assert.deepEqual((await play(sources, 1, { loop: true })).pixels, []);
  });
});

describe('a playlist of JPEG', () => {
  it('caches encoded frames, and reports those that are too large for the message', async () => {
    const large = nv12Frame(new Uint8Array(64 * 32 * 1.5).fill(128), { width: 64, height: 32 });
    const place = { source: 'large', index: 0, frameId: '' };
    let reads = 0;
    const source: FrameSource = {
      name: 'large',
      count: 1,
      async *frames() {
        reads++;
        await Promise.resolve();
        yield { ...place, frame: large, stamp: { sec: 1, nanosec: 0 } };
      },
    };
    const reports: string[] = [];
    for (const message of ['compressed', 'hbm1080p'] as const) {
      reads = 0;
      const playlist = new Playlist([source], messageForm(message, 'auto', 'jpeg'), {
        ...{ loop: true, frameId: 'cam', cacheBytes: 1e6 },
        report: (name, error) => void reports.push(`${name}: ${error.message}`),
      });
      let seen = 0;
      for await (const { message, size } of playlist.frames()) {
        const file = Buffer.from(message).indexOf(Buffer.of(0xff, 0xd8, 0xff));
        assert.ok(file > 0, 'a JPEG file');
        // As cameras send it.
        const { chromaSubsampling } = await sharp(Buffer.from(message.subarray(file))).metadata();
        assert.equal(chromaSubsampling, '4:2:0');
        assert.deepEqual(size, { width: 64, height: 32 });
        if (++seen === 3) break;
      }
      assert.equal(reads, 1, 'the second round comes from memory');
    }
    assert.equal(reports.length, 0);
    const failing: MessageForm<Buffer, Buffer> = {
      ...{ type: '', topic: '', qos: SENSOR_QOS, encoding: 'jpeg' },
      write: () => Promise.reject(new Error('no room')),
      keep: (message) => message,
      restore: (kept) => kept,
      setStamp() {},
    };
    const playlist = new Playlist([source], failing, {
      ...{ loop: false, frameId: '', cacheBytes: 0 },
      report: (name, error) => void reports.push(`${name}: ${error.message}`),
    });
    assert.equal((await playlist.frames().next()).done, true, 'nothing can be written');
    assert.deepEqual(reports, ['large: no room']);
  });
});

describe('MessageForm', () => {
  const frame = nv12Frame(Uint8Array.of(1, 2, 3, 4, 5, 6), { width: 2, height: 2 });
  const stamp = { sec: 1_700_000_000, nanosec: 999_999_999 };

  it('writes the stamp of an Image where subscribers look for it', async () => {
    for (const frameId of ['', 'cam', 'camera']) {
      const form = messageForm('image', 'auto');
      const message = form.restore(form.keep(await form.write(frame, frameId)));
      form.setStamp(message, stamp, 5);
      const { data, ...rest } = imageView(message);
      const size = { width: 2, height: 2, step: 2 };
      assert.deepEqual(rest, {
        stamp,
        frameId,
        ...size,
        encoding: 'nv12',
        isBigEndian: false,
        hasBufferSize: false,
      });
      assert.deepEqual([...data], [1, 2, 3, 4, 5, 6]);
    }
  });

  it('writes stamp and index of an HbmMsg where subscribers look for them', async () => {
    const form = messageForm('hbm540p', 'auto');
    const kept = form.keep(await form.write(frame, 'cam'));
    await form.write(nv12Frame(new Uint8Array(24), { width: 4, height: 4 }), '');
    const message = form.restore(kept);
    assert.equal(message.length, 44 + 1_555_200);
    form.setStamp(message, stamp, 2 ** 31 + 7); // the counter of a very old camera begins again, below zero
    const { data, ...rest } = hbmView(message);
    const size = { width: 2, height: 2, step: 2 };
    const rows = { isBigEndian: false, hasBufferSize: true };
    assert.deepEqual(rest, { index: 7 - 2 ** 31, stamp, ...size, encoding: 'nv12', ...rows });
    assert.deepEqual([...data], [1, 2, 3, 4, 5, 6]);
  });

  it('caches only the used part of an HbmMsg', async () => {
    const form = messageForm('hbm1080p', 'auto');
    assert.equal(form.keep(await form.write(frame, '')).buffer.byteLength, 44 + 6);
  });

  it('uses the topics and QoS of real cameras', () => {
    const image = messageForm('image', 'auto');
    const hbm = messageForm('hbm1080p', 'auto');
    assert.deepEqual([image.topic, image.qos.reliability], ['image', 'reliable']);
    assert.deepEqual([hbm.topic, hbm.qos.reliability], ['/hbmem_img', 'best_effort']);
    const compressed = messageForm('compressed', 'auto');
    assert.deepEqual([compressed.topic, compressed.qos.reliability], ['image/compressed', 'reliable']);
    assert.equal(messageForm('image', 'sensor_data').qos.reliability, 'best_effort');
    assert.equal(messageForm('hbm1080p', 'reliable').qos.reliability, 'reliable');
  });
});
