import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createServer as createTcpServer } from 'node:net';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { describe, it } from 'mocha';
import sharp from 'sharp';
import { openInputs } from '../../src/media/inputs.js';
import { StdinSource } from '../../src/media/stdin-source.js';
import { withoutPassword } from '../../src/media/stream-connection.js';
import { isLiveInput } from '../../src/media/stream-address.js';
import { openStream, streamArguments } from '../../src/media/stream-input.js';
import { RemoteVideo } from '../../src/media/remote-video.js';
import { StreamSource } from '../../src/media/stream-source.js';
import {
  type BadFrame,
  type FrameSource,
  isBadFrame,
  type SourceFrame,
} from '../../src/vision/picture/frame-source.js';
import { describeUnless } from '../skips.js';
import { temporaryFolder } from '../temporary-folder.js';

const withoutFfmpeg =
  spawnSync('ffmpeg', ['-version']).status === 0 ? false : 'ffmpeg is not installed (apt-get install ffmpeg)';

describe('cameras and streams', () => {
  it('are recognized by their names', () => {
    for (const name of ['/dev/video0', '/dev/v4l/by-id/usb', 'rtsp://a/b', 'HTTPS://a', 'http://a:80/x.mjpg'])
      assert.ok(isLiveInput(name), name);
    for (const name of ['dev/video0', '/dev/video', 'video0', 'file:a', 'scene:', 'rtsp.mp4'])
      assert.ok(!isLiveInput(name), name);
  });

  it('are read with the ffmpeg options they need', () => {
    // No camera here: only what ffmpeg is told.
    const arguments_ = (...of: Parameters<typeof streamArguments>): string =>
      streamArguments(...of).join(' ');
    assert.equal(arguments_('/dev/video0'), '-f v4l2 -i /dev/video0');
    assert.equal(
      arguments_('/dev/video0', {
        size: { width: 640, height: 480 },
        rate: 30,
        options: ['input_format=mjpeg'],
      }),
      '-f v4l2 -video_size 640x480 -framerate 30 -input_format mjpeg -i /dev/video0',
    );
    assert.match(
      arguments_('rtsp://cam/1'),
      /^-rtsp_transport tcp -protocol_whitelist \S+ -i rtsp:\/\/cam\/1$/,
    );
    assert.match(
      arguments_('rtsp://cam/1', { options: ['rtsp_transport=udp'] }),
      /^-protocol_whitelist \S+ -rtsp_transport udp -i/,
    );
    assert.doesNotMatch(arguments_('http://cam/1'), /file|rtsp_transport/);
    assert.throws(() => streamArguments('http://a', { options: ['udp'] }), /NAME=VALUE for --input-option/);
  });
});

/** No silence is a loss: a busy machine takes long to start ffmpeg. */
const timer = () => () => undefined;

describeUnless(withoutFfmpeg, 'openStream', () => {
  const folder = temporaryFolder('live');

  /** Some frames of a source, which is then left. */
  async function take(source: FrameSource, count: number): Promise<SourceFrame[]> {
    const frames: SourceFrame[] = [];
    for await (const item of source.frames()) {
      assert.ok(!isBadFrame(item));
      frames.push({ ...item });
      if (frames.length === count) break;
    }
    return frames;
  }

  function clip(name: string): string {
    const path = join(folder, name);
    const input = ['-v', 'error', '-y', '-f', 'lavfi', '-i', 'testsrc=size=64x48:rate=10:duration=0.5'];
    assert.equal(spawnSync('ffmpeg', [...input, path]).status, 0);
    return path;
  }

  it('reads http, reconnects after growing pauses when the connection is lost, and says so', async () => {
    const bytes = readFileSync(clip('live.ts'));
    let requests = 0;
    // ffprobe, the stream, two failures, the stream again.
    const server = createServer((_, response) => {
      requests++;
      if (requests === 3 || requests === 4) response.writeHead(503).end();
      else response.end(bytes);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const notes: string[] = [];
    const pauses: number[] = [];
    const pause = (milliseconds: number) => Promise.resolve(pauses.push(milliseconds));
    try {
      const source = await openStream(`http://u:secret@127.0.0.1:${port}/live.ts`, {
        onNote: (text) => notes.push(text),
        now: () => 1_700_000_000_250,
        pause,
        timer,
      });
      const shown = `http://u:***@127.0.0.1:${port}/live.ts`;
      assert.equal(source.name, shown);
      const frames = await take(source, 8);
      assert.deepEqual(
        frames.map(({ index }) => index),
        [0, 1, 2, 3, 4, 5, 6, 7],
      );
      assert.deepEqual(frames[0]!.stamp, { sec: 1_700_000_000, nanosec: 250_000_000 });
      assert.deepEqual(
        [frames[0]!.frame.width, frames[0]!.frame.height, frames[0]!.frameId],
        [64, 48, 'live.ts'],
      );
      assert.deepEqual(pauses, [1000, 2000, 4000]);
      assert.equal(notes.length, 4, notes.join('\n'));
      assert.ok(
        notes.every((note) => note.startsWith(shown)),
        notes.join('\n'),
      );
      assert.match(notes[0]!, /is lost \(it ended\)\. Connecting again in 1 s\.$/);
      assert.match(notes[1]!, /5XX Server Error.*Connecting again in 2 s\.$/);
      assert.ok(!notes.join().includes('secret'), notes.join('\n'));
      assert.match(notes[3]!, /is back\.$/);
    } finally {
      server.close();
    }
  });

  it('ends at the end of a file of a server and keeps its times, also if it is scaled and was not asked before', async () => {
    const bytes = readFileSync(clip('whole.mkv'));
    let requests = 0;
    const server = createServer((_, response) => {
      requests++;
      response.end(bytes);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    try {
      const { port } = server.address() as AddressInfo;
      const pause = () => assert.fail('connects again');
      for (const size of [undefined, { width: 32, height: 24 }]) {
        requests = 0;
        const source = await openStream(`http://127.0.0.1:${port}/whole.mkv`, { size, pause, timer });
        const frames = await take(source, 100);
        assert.equal(frames.length, 5);
        assert.equal(frames[0]!.frame.width, size?.width ?? 64);
        assert.equal(source.rate, 10);
        assert.deepEqual(
          frames.map(({ stamp }) => Math.round(stamp.nanosec / 1e8)),
          [0, 1, 2, 3, 4],
        );
        assert.equal(requests, size ? 1 : 2, 'connections');
      }
    } finally {
      server.close();
    }
  });

  it('gives up a scaled stream over http that never sends anything, and says what it answered', async () => {
    const server = createServer((_, response) => response.writeHead(404).end());
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    try {
      const { port } = server.address() as AddressInfo;
      const pauses: number[] = [];
      const source = await openStream(`http://u:secret@127.0.0.1:${port}/none`, {
        size: { width: 64, height: 48 },
        pause: (milliseconds) => Promise.resolve(pauses.push(milliseconds)),
        timer,
      });
      const items = [];
      for await (const item of source.frames()) items.push(item);
      assert.deepEqual(pauses, [1000, 2000, 4000, 8000, 16000]);
      assert.ok(items.length === 1 && isBadFrame(items[0]!));
      assert.match(items[0].error.message, /a video in http:\/\/u:\*\*\*@\S+ but received .*404 Not Found/);
      assert.ok(!items[0].error.message.includes('secret'));
    } finally {
      server.close();
    }
  });

  for (const size of [undefined, { width: 32, height: 24 }])
    it(`takes the newest picture of Motion JPEG in parts, as cameras send it${size ? ', also with --size' : ''}, and stops waiting for it on a signal`, async () => {
      const jpeg = await sharp({ create: { width: 64, height: 48, channels: 3, background: 'gray' } })
        .jpeg()
        .toBuffer();
      const part = Buffer.concat([
        Buffer.from(`--part\r\nContent-Type: image/jpeg\r\nContent-Length: ${jpeg.length}\r\n\r\n`),
        jpeg,
        Buffer.from('\r\n'),
      ]);
      let requests = 0;
      const server = createServer((_, response) => {
        requests++;
        response.writeHead(200, { 'content-type': 'multipart/x-mixed-replace; boundary=part' });
        const sending = setInterval(() => response.write(part), 5);
        response.on('close', () => clearInterval(sending));
      });
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      try {
        const { port } = server.address() as AddressInfo;
        const stop = new AbortController();
        const notes: string[] = [];
        const onNote = (text: string): void => {
          notes.push(text);
          stop.abort();
        };
        const source = await openStream(`http://127.0.0.1:${port}/`, {
          ...{ size, timer, onNote, signal: stop.signal },
        });
        assert.ok(!(source instanceof RemoteVideo));
        assert.equal(source instanceof StreamSource, !size);
        const frames = source.frames();
        const indices: number[] = [];
        for (let taken = 0; taken < 3; taken++) {
          const { value } = await frames.next();
          assert.ok(value && !isBadFrame(value));
          indices.push(value.index);
          assert.equal(value.frame.width, size?.width ?? 64);
          const before = source.dropped;
          while (source.dropped < before + 3) await new Promise((resolve) => setTimeout(resolve, 1));
        }
        assert.ok(indices[2]! - indices[0]! >= 6, String(indices));
        // The camera goes away. Nobody waits for it then: the pause would take a second, the next ones longer.
        server.closeAllConnections();
        server.close();
        for await (const item of frames) assert.ok(!isBadFrame(item));
        assert.equal(notes.length, 1, notes.join('\n'));
        assert.equal(requests, size ? 1 : 2, 'connections');
      } finally {
        server.closeAllConnections();
        server.close();
      }
    });

  it('reads rtsp, which ffmpeg sends to the test', async () => {
    const probe = createTcpServer();
    await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve));
    const { port } = probe.address() as AddressInfo;
    await new Promise((resolve) => probe.close(resolve));
    const url = `rtsp://127.0.0.1:${port}/camera`;
    // The sender tries until ours listens.
    const send = `until ffmpeg -v quiet -re -f lavfi -i testsrc=size=64x48:rate=20 -c:v mpeg4 -f rtsp -rtsp_transport tcp ${url}; do sleep 0.2; done`;
    const sender = spawn('sh', ['-c', send], { stdio: 'ignore', detached: true });
    try {
      const size = { width: 64, height: 48 };
      const source = await openStream(url, { size, options: ['rtsp_flags=listen'], timer });
      const frames = await take(source, 3);
      assert.equal(frames.length, 3);
      assert.ok(frames[0]!.frame.data.some((value) => value > 100));
    } finally {
      process.kill(-sender.pid!, 'SIGKILL');
    }
  });

  it('reports a missing camera or stream, without its password', async () => {
    await assert.rejects(openStream('http://u:secret@127.0.0.1:9/x'), (error: Error) => {
      assert.match(error.message, /a video in http:\/\/u:\*\*\*@127\.0\.0\.1:9\/x but received .*refused/);
      return !error.message.includes('secret');
    });
    const { failed } = await openInputs(['http://u:se@cret@127.0.0.1:9/x']);
    assert.deepEqual(
      failed.map(({ name }) => name),
      ['http://u:***@127.0.0.1:9/x'],
    );
    assert.doesNotMatch(failed[0]!.error.message, /cret/);
    assert.equal(withoutPassword('http://cam/x?a=b:c@d'), 'http://cam/x?a=b:c@d');
    await assert.rejects(openStream('/dev/video99'), /a video in \/dev\/video99 but received .*No such file/);
  });
});

describe('standard input', () => {
  const read = async (source: StdinSource): Promise<(SourceFrame | BadFrame)[]> => {
    const items: (SourceFrame | BadFrame)[] = [];
    for await (const item of source.frames()) items.push(item);
    return items;
  };
  const error = (item: SourceFrame | BadFrame | undefined): string =>
    item && isBadFrame(item) ? item.error.message : '';

  it('is one picture, however its bytes are split', async () => {
    const raw = { width: 30, height: 20, channels: 3 } as const;
    const png = await sharp(Buffer.alloc(1800, 99), { raw }).png().toBuffer();
    const source = new StdinSource({}, Readable.from([png.subarray(0, 7), png.subarray(7)]));
    assert.deepEqual([source.count, source.still], [1, true]);
    const [item, ...more] = await read(source);
    assert.ok(item && !isBadFrame(item));
    assert.deepEqual([item.frame.width, item.frame.height, item.source, more.length], [30, 20, '-', 0]);
    for (const bytes of [Buffer.from('text'), Buffer.alloc(0)]) {
      const [bad] = await read(new StdinSource({}, Readable.from(bytes.length > 0 ? [bytes] : [])));
      assert.match(error(bad), /a picture on standard input but received (nothing|4 bytes).*--size/);
    }
  });

  it('is raw NV12 if a size is given, and reports a truncated frame', async () => {
    const size = { width: 8, height: 4 };
    const bytes = Buffer.from(Array.from({ length: 110 }, (_, i) => i));
    const chunks = [bytes.subarray(0, 5), bytes.subarray(5, 100), bytes.subarray(100)];
    const items = await read(new StdinSource({ size, rate: 4 }, Readable.from(chunks)));
    assert.equal(items.length, 3);
    const [first, second, third] = items;
    assert.ok(first && !isBadFrame(first) && second && !isBadFrame(second));
    assert.deepEqual([...second.frame.data], [...bytes.subarray(48, 96)]);
    assert.equal(second.stamp.nanosec - first.stamp.nanosec, 250_000_000);
    assert.match(error(third), /48 bytes for each 8x4 NV12 frame on standard input but received 14 bytes/);
  });
});
