import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, it } from 'mocha';
import { RemoteVideo } from '../../src/media/remote-video.js';
import type { ConnectionOptions } from '../../src/media/stream-connection.js';
import { openStream } from '../../src/media/stream-input.js';
import { isBadFrame } from '../../src/vision/picture/frame-source.js';
import { describeUnless } from '../skips.js';
import { temporaryFolder } from '../temporary-folder.js';

const withoutFfmpeg =
  spawnSync('ffmpeg', ['-version']).status === 0 ? false : 'ffmpeg is not installed (apt-get install ffmpeg)';

const FRAMES = 30;

describeUnless(withoutFfmpeg, 'RemoteVideo', () => {
  const folder = temporaryFolder('remote');
  let bytes: Buffer;
  let clip: Buffer | undefined;
  let server: Server | undefined;
  const notes: string[] = [];
  const pauses: number[] = [];

  beforeEach(() => {
    if (clip) return void (bytes = clip);
    const path = join(folder, 'clip.mkv');
    // Each frame is a picture of its own, so that it is known what is lost with some bytes.
    const args = `-v error -y -f lavfi -i testsrc2=size=64x48:rate=10:duration=${FRAMES / 10} -c:v mjpeg -pix_fmt yuvj420p`;
    assert.equal(spawnSync('ffmpeg', [...args.split(' '), path]).status, 0);
    bytes = clip = readFileSync(path);
  });

  afterEach(() => {
    server?.closeAllConnections();
    server?.close();
    notes.length = pauses.length = 0;
  });

  /** A video on a server. `answer` gets the number of each request after ffprobe's, from 1. */
  async function open(
    answer: (response: ServerResponse, request: number) => void,
    options: ConnectionOptions = {},
  ): Promise<RemoteVideo> {
    let requests = 0;
    server = createServer((_: IncomingMessage, response) => {
      if (requests++ === 0) response.end(bytes);
      else answer(response, requests - 1);
    });
    await new Promise<void>((resolve) => server!.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const source = await openStream(`http://u:secret@127.0.0.1:${port}/clip.mkv`, {
      onNote: (text) => notes.push(text),
      pause: (milliseconds) => Promise.resolve(pauses.push(milliseconds)),
      // No silence is a loss unless a test says so: a busy machine takes long to start ffmpeg.
      timer: () => () => undefined,
      ...options,
    });
    assert.ok(source instanceof RemoteVideo);
    return source;
  }

  it('ends ffmpeg when its reader leaves early, with frames still on the way', async () => {
    const path = join(folder, 'large.mkv');
    // More bytes than pipes and streams hold.
    const args = `-v error -y -f lavfi -i testsrc2=size=1280x720:rate=10:duration=3 -c:v mjpeg -pix_fmt yuvj420p`;
    assert.equal(spawnSync('ffmpeg', [...args.split(' '), path]).status, 0);
    const large = readFileSync(path);
    bytes = large;
    const source = await open((response) => response.end(large));
    for await (const item of source.frames()) if (isBadFrame(item) || item.index === 2) break;
  });

  /** Indices, seconds and errors of all that comes. */
  async function read(source: RemoteVideo) {
    const [indices, seconds, errors]: [number[], number[], string[]] = [[], [], []];
    for await (const item of source.frames()) {
      if (isBadFrame(item)) errors.push(item.error.message);
      else {
        indices.push(item.index);
        seconds.push(Math.round(10 * (item.stamp.sec % 60) + item.stamp.nanosec / 1e8));
      }
    }
    return { indices, seconds, errors };
  }

  const all = Array.from({ length: FRAMES }, (_, i) => i);

  it('has the times of the video, and waits for its reader', async () => {
    const source = await open((response) => response.end(bytes));
    assert.deepEqual(await read(source), { indices: all, seconds: all, errors: [] });
    assert.deepEqual([notes, source.rate], [[], 10]);
  });

  it('goes on where the connection was lost, and gives no frame twice', async () => {
    const source = await open((response, request) => {
      // Two thirds, then nobody answers, then all of it.
      if (request === 1) {
        response.writeHead(200, { 'content-length': bytes.length });
        response.write(bytes.subarray(0, (2 * bytes.length) / 3), () => response.destroy());
      } else if (request === 2) response.writeHead(503).end();
      else response.end(bytes);
    });
    assert.deepEqual(await read(source), { indices: all, seconds: all, errors: [] });
    assert.deepEqual(pauses, [1000, 2000]);
    assert.match(notes[0]!, /^http:\/\/u:\*\*\*@\S+ is lost \(.*\)\. Connecting again in 1 s\.$/);
    assert.match(notes[2]!, /is back\.$/);
    assert.doesNotMatch(notes.join(), /secret/);
  });

  /** A clip whose pictures are larger than what ffmpeg reads at once, with an index at its beginning. */
  function largeClip(name: string, ...options: string[]): Buffer {
    const path = join(folder, name);
    const args = `-v error -y -f lavfi -i testsrc2=size=1280x720:rate=10:duration=${FRAMES / 10} -movflags faststart`;
    assert.equal(spawnSync('ffmpeg', [...args.split(' '), ...options, path]).status, 0);
    return readFileSync(path);
  }

  /** Serves parts of a file, cuts the first answer after ffprobe's, and goes on with `later`. @returns the beginnings of the parts */
  async function openParts(name: string, file: Buffer, later = file): Promise<[RemoteVideo, number[]]> {
    let opened = false;
    const starts: number[] = [];
    server = createServer((request, response) => {
      if (opened) starts.push(Number(/^bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0));
      const start = starts.at(-1) ?? 0;
      const bytes = starts.length > 1 ? later : file;
      response.writeHead(206, {
        'accept-ranges': 'bytes',
        'content-length': bytes.length - start,
        'content-range': `bytes ${start}-${bytes.length - 1}/${bytes.length}`,
      });
      if (starts.length === 1) {
        response.write(bytes.subarray(start, (2 * bytes.length) / 3), () => response.destroy());
      } else response.end(bytes.subarray(start));
    });
    await new Promise<void>((resolve) => server!.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const source = await openStream(`http://127.0.0.1:${port}/${name}`, {
      onNote: (text) => notes.push(text),
      pause: (milliseconds) => Promise.resolve(pauses.push(milliseconds)),
      timer: () => () => undefined,
    });
    opened = true;
    assert.ok(source instanceof RemoteVideo);
    return [source, starts];
  }

  it('asks for the rest only, if the server has parts and the video an index', async () => {
    const file = largeClip('parts.mp4', '-c:v', 'mjpeg', '-pix_fmt', 'yuvj420p');
    const [source, starts] = await openParts('parts.mp4', file);
    assert.deepEqual(await read(source), { indices: all, seconds: all, errors: [] });
    assert.deepEqual(pauses, [1000]);
    assert.equal(starts[0], 0);
    assert.ok(starts.at(-1)! > file.length / 2, String(starts));
  });

  it('gives each frame once and in order if the decoder brings them into order', async () => {
    // After a loss it gives the last frames without those in between that have not come.
    const file = largeClip('order.mp4', '-c:v', 'libx264', '-bf', '3', '-g', '12', '-pix_fmt', 'yuv420p');
    const [source, starts] = await openParts('order.mp4', file);
    assert.deepEqual(await read(source), { indices: all, seconds: all, errors: [] });
    assert.deepEqual(pauses, [1000]);
    assert.ok(starts.at(-1)! > 0, String(starts));
  });

  it('reads from the beginning what has no index', async () => {
    const file = largeClip('parts.ts', '-c:v', 'mpeg2video', '-q:v', '2');
    const [source, starts] = await openParts('parts.ts', file);
    assert.deepEqual(await read(source), { indices: all, seconds: all, errors: [] });
    assert.deepEqual(pauses, [1000]);
    // ffmpeg asks for the end, too, where the duration stands. The second time nothing else.
    const half = starts.length / 2;
    assert.deepEqual(starts.slice(half), starts.slice(0, half));
  });

  it('reads from the beginning if another frame comes than the one that was last', async () => {
    const codec = ['-c:v', 'mjpeg', '-pix_fmt', 'yuvj420p'];
    const file = largeClip('before.mp4', ...codec);
    // All frames at other times.
    const later = largeClip('after.mp4', ...codec, '-bsf:v', 'setts=ts=TS*1.37');
    const [source, starts] = await openParts('parts.mp4', file, later);
    const { indices, errors } = await read(source);
    assert.deepEqual([indices, errors], [all, []]);
    assert.deepEqual(pauses, [1000]);
    assert.ok(starts.length >= 3, String(starts));
  });

  it('connects again when a server stalls', async () => {
    let stalled = (): void => undefined;
    const stall = new Promise<void>((resolve) => (stalled = resolve));
    let expired = false;
    const source = await open(
      (response, request) => {
        if (request > 1) return response.end(bytes);
        response.writeHead(200, { 'content-length': bytes.length });
        response.write(bytes.subarray(0, bytes.length / 2), stalled);
      },
      {
        timer: (over) => {
          let waiting = true;
          void stall.then(() => {
            if (!waiting || expired) return;
            expired = true;
            over();
          });
          return () => (waiting = false);
        },
      },
    );
    assert.deepEqual(await read(source), { indices: all, seconds: all, errors: [] });
    assert.match(notes[0]!, /is lost \(no frame for 10 s\)\. Connecting again in 1 s\.$/);
  });

  it('says that a video is damaged after having looked twice, with each frame once', async () => {
    const cut = bytes.subarray(0, bytes.length / 2);
    const source = await open((response) => {
      response.writeHead(200, { 'content-length': bytes.length });
      response.write(cut, () => response.destroy());
    });
    const { indices, errors } = await read(source);
    assert.ok(indices.length > 5 && indices.length < FRAMES, String(indices.length));
    assert.deepEqual(indices, all.slice(0, indices.length));
    assert.deepEqual(pauses, [1000]);
    assert.match(errors[0]!, /read to its end but received \d+ frames, then: .* download it first\.$/);
    assert.equal(errors.length, 1);
  });

  it('gives up a server that does not come back', async () => {
    const source = await open((response) => response.writeHead(503).end());
    const { indices, errors } = await read(source);
    assert.deepEqual([indices, pauses], [[], [1000, 2000, 4000, 8000, 16000]]);
    assert.match(errors[0]!, /received 0 frames, then: .*5XX/);
  });

  it('stops to wait on a signal', async () => {
    const stop = new AbortController();
    const source = await open((response) => response.writeHead(503).end(), {
      signal: stop.signal,
      onNote: () => stop.abort(),
      pause: undefined,
    });
    assert.deepEqual(await read(source), { indices: [], seconds: [], errors: [] });
  });
});
