import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'mocha';
import fc from 'fast-check';
import sharp from 'sharp';
import { BagSource } from '../../../src/message/bag/bag-source.js';
import { ExpectationError } from '../../../src/base/expect.js';
import { isBadFrame, type SourceFrame } from '../../../src/vision/picture/frame-source.js';
import { ImageWriter } from '../../../src/message/write/image.js';
import { sampleImage } from '../../media/camera-images.js';
import { HEADER } from '../write/samples.js';
import { packedBytes } from '../../native/frames.js';
import {
  compressedImage,
  errorsOf,
  framesOf,
  hbm,
  lz4Chunk,
  mcap,
  readBag,
  type TestMessage,
  tinyImage,
  tinyImages,
  tinyPixels,
  write,
  zstdChunk,
} from './bags.js';
import { temporaryFolder } from '../../temporary-folder.js';

const folder = temporaryFolder('bag-source');

/** Luma and chroma of a frame, packed. */
function pixels({ frame }: SourceFrame): number[] {
  const bytes: number[] = [];
  const plane = (offset: number, stride: number, rows: number): void => {
    for (let row = 0; row < rows; row++) {
      bytes.push(...frame.data.subarray(offset + row * stride, offset + row * stride + frame.width));
    }
  };
  plane(frame.lumaOffset, frame.lumaStride, frame.height);
  plane(frame.chromaOffset, frame.chromaStride, frame.height / 2);
  return bytes;
}

/** Asserts that these are the tiny images `first` and so on, whole. */
function assertTiny(frames: readonly SourceFrame[], indices: readonly number[]): void {
  assert.deepEqual(
    frames.map(({ stamp, frameId }) => ({ stamp, frameId })),
    indices.map((i) => ({ stamp: { sec: 100 + i, nanosec: i }, frameId: `frame ${i}` })),
  );
  for (const [k, frame] of frames.entries()) assert.deepEqual(pixels(frame), [...tinyPixels(indices[k]!)]);
}

/**
 * Lengths to cut a file at: around the ends of its records and of their headers, in the middle of each, at every byte of its
 * beginning and its end, and at forty others, the same each time.
 */
function cutPoints(bytes: Uint8Array): number[] {
  const [magic, header] = [8, 9];
  const points = new Set<number>();
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let records = 0;
  for (let at = magic; at < bytes.length - magic; records++) {
    const end = at + header + Number(view.getBigUint64(at + 1, true));
    for (const place of [at - 1, at, at + 1, at + header - 1, at + header, (at + end) >> 1])
      points.add(place);
    at = end;
  }
  assert.ok(records > 10, `${records} records`);
  for (let i = 0; i < 12; i++) points.add(i).add(bytes.length - 1 - i);
  for (let i = 0, state = 1; i < 40; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    points.add(state % bytes.length);
  }
  return [...points].filter((length) => length < bytes.length).sort((a, b) => a - b);
}

const upTo = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

describe('BagSource', () => {
  it('yields every image with its stamp, frame_id, place and pixels', async () => {
    const file = write(folder, 'plain.mcap', await mcap(tinyImages(9)));
    const source = await BagSource.open(file);
    assert.deepEqual([source.name, source.topic, source.count], [`${file}#/camera`, '/camera', 9]);
    for (let pass = 0; pass < 2; pass++) {
      const frames: SourceFrame[] = [];
      for await (const item of source.frames()) {
        assert.ok(!isBadFrame(item));
        frames.push(item);
      }
      assertTiny(frames, upTo(9));
      assert.deepEqual(
        frames.map(({ index, source: name }) => [index, name]),
        upTo(9).map((i) => [i, source.name]),
      );
    }
  });

  it('reads messages by log time, whatever their order in the file', async () => {
    const shuffled = [4, 1, 0, 3, 2, 5].map((i) => tinyImage(i));
    for (const chunkSize of [1, 200, 10_000]) {
      const file = write(folder, 'shuffled.mcap', await mcap(shuffled, { chunkSize }));
      assertTiny(framesOf(await readBag(file)), upTo(6));
    }
  });

  it('reads chunks in zstd and lz4', async () => {
    for (const compressChunk of [zstdChunk, lz4Chunk]) {
      const file = write(folder, 'compressed.mcap', await mcap(tinyImages(9), { compressChunk }));
      const items = await readBag(file);
      assert.deepEqual(errorsOf(items), []);
      assertTiny(framesOf(items), upTo(9));
    }
  });

  it('reads files without chunks, without an index, and without repeated channels', async () => {
    for (const options of [
      { useChunks: false },
      { useMessageIndex: false },
      { useChunkIndex: false },
      { repeatChannels: false },
      { repeatSchemas: false },
      {
        useChunkIndex: false,
        useStatistics: false,
        repeatSchemas: false,
        repeatChannels: false,
        useSummaryOffsets: false,
      },
    ]) {
      const file = write(folder, 'unindexed.mcap', await mcap(tinyImages(9), options));
      const source = await BagSource.open(file);
      assert.equal(source.count, 9, JSON.stringify(options));
      assertTiny(framesOf(await readBag(file)), upTo(9));
    }
    const uncounted = write(folder, 'uncounted.mcap', await mcap(tinyImages(9), { useStatistics: false }));
    assert.equal((await BagSource.open(uncounted)).count, undefined);
    assertTiny(framesOf(await readBag(uncounted)), upTo(9));
  });

  it('reads TROS shared-memory images of each size', async () => {
    for (const type of ['HbmMsg480P', 'HbmMsg540P', 'HbmMsg1080P'] as const) {
      const file = write(folder, 'hbm.mcap', await mcap([hbm(0, type), hbm(1, type)]));
      const frames = framesOf(await readBag(file));
      assert.deepEqual(frames.map(pixels), [[...tinyPixels(0)], [...tinyPixels(1)]]);
      assert.deepEqual(frames[1]!.stamp, { sec: 101, nanosec: 1 });
      assert.equal(frames[1]!.frameId, '');
      assert.equal(framesOf(await readBag(file, { frameId: 'camera' }))[1]!.frameId, 'camera');
    }
  });

  it('converts bgr8, rgb8, mono8 and JPEG, keeping frames for two more iterations', async () => {
    const header = (i: number) => ({ stamp: { sec: i, nanosec: 0 }, frameId: 'cam' });
    const writer = new ImageWriter();
    const [width, height] = [16, 8];
    const orange = { rgb8: [250, 120, 20], bgr8: [20, 120, 250], mono8: [148] } as const;
    const messages = (['rgb8', 'bgr8', 'mono8'] as const).map((encoding, i) => {
      const pixel = orange[encoding];
      const data = Uint8Array.from(
        { length: width * height * pixel.length },
        (_, k) => pixel[k % pixel.length]!,
      );
      // As hobot_codec does, claim the width for every encoding.
      const cdr = writer.write(header(i), { width, height, encoding, step: width }, data).slice();
      return { topic: '/camera', type: 'sensor_msgs/Image', cdr, logTime: BigInt(i) };
    });
    const background = { r: 250, g: 120, b: 20 };
    const jpeg = await sharp({ create: { width, height, channels: 3, background } })
      .jpeg({ quality: 100 })
      .toBuffer();
    const gray = await sharp(new Uint8Array(width * height).fill(148), {
      raw: { width, height, channels: 1 },
    })
      .png()
      .toBuffer();

    const raw = framesOf(await readBag(write(folder, 'raw.mcap', await mcap(messages))));
    // hobot_codec's encoder over shared memory.
    const shared = hbm(0, 'HbmMsg480P', 'jpeg', jpeg);
    const fromShared = framesOf(await readBag(write(folder, 'shared.mcap', await mcap([shared]))));
    const compressed = [jpeg, gray].map((file, i) => compressedImage(i, file, '/camera/compressed'));
    const decompressed = framesOf(await readBag(write(folder, 'jpeg.mcap', await mcap(compressed))));
    // BT.601, full range: Y 147.5, U 56, V 201; gray has no color.
    const color = (frame: SourceFrame): number[] => [frame.frame.data[0]!, ...pixels(frame).slice(-2)];
    const near = (actual: number[], expected: number[]): void => {
      assert.ok(
        actual.every((value, i) => Math.abs(value - expected[i]!) <= 2),
        `${actual.join()} for ${expected.join()}`,
      );
    };
    near(color(raw[0]!), [147, 56, 201]);
    near(color(raw[1]!), [147, 56, 201]);
    near(color(raw[2]!), [148, 128, 128]);
    near(color(fromShared[0]!), [147, 56, 201]);
    near(color(decompressed[0]!), [147, 56, 201]);
    near(color(decompressed[1]!), [148, 128, 128]);
  });

  it('reads the camera images from a bag with our own results', async () => {
    const ours = [
      '/segment/instance_map',
      '/segment/overlay',
      '/segment/front/instance_map',
      '/segment/left/overlay',
    ];
    const named = '/robot/seg';
    const instances = { ...tinyImage(0, `${named}/instances`), type: 'tros_yolo_seg/InstanceArray' };
    const jpeg = compressedImage(0, new Uint8Array(8), '/segment/overlay/compressed');
    const renamed = [
      ...tinyImages(2, `${named}/instance_map`),
      ...tinyImages(2, `${named}/overlay`),
      instances,
    ];
    const results = [...ours.flatMap((topic) => tinyImages(2, topic)), ...renamed, jpeg];
    const depth = compressedImage(0, new Uint8Array(8), '/depth/image_raw/compressedDepth');
    const file = write(folder, 'ours.mcap', await mcap([...results, depth, ...tinyImages(3, '/camera')]));
    assert.equal((await BagSource.open(file)).topic, '/camera');
    assertTiny(framesOf(await readBag(file)), upTo(3));
    // Somebody else's picture of that name is an input.
    const theirs = write(folder, 'theirs.mcap', await mcap(tinyImages(2, '/their/overlay')));
    assert.equal((await BagSource.open(theirs)).topic, '/their/overlay');

    const only = write(folder, 'results.mcap', await mcap(results));
    await assert.rejects(
      BagSource.open(only),
      /a topic of camera images in .* but received results only: .*instance_map.*--mcap-images.*--topic \/robot/,
    );
    assert.equal((await readBag(only, { topic: '/segment/instance_map' })).length, 2);
  });

  it('reads the requested topic, and requires one if there are several', async () => {
    const type = 'std_msgs/Header';
    const other = { topic: '/tf', type, cdr: new Uint8Array(8), logTime: 5n };
    const messages = [...tinyImages(2, '/left'), ...tinyImages(3, '/right'), other];
    const file = write(folder, 'stereo.mcap', await mcap(messages));
    assert.equal((await readBag(file, { topic: '/right' })).length, 3);
    await assert.rejects(
      BagSource.open(file),
      /one topic of images in .*stereo.mcap but received \/left \(sensor_msgs\/msg\/Image, 2 messages\), \/right \(sensor_msgs\/msg\/Image, 3 messages\). Say which/,
    );
    await assert.rejects(
      BagSource.open(file, { topic: '/front' }),
      /topic \/front in .* a bag with \/left .*\/tf/,
    );
    await assert.rejects(
      BagSource.open(file, { topic: '/tf' }),
      /images on \/tf: sensor_msgs\/msg\/Image, .* but received std_msgs\/msg\/Header/,
    );
    await assert.rejects(BagSource.open(file), /--topic \/left, or name the input .*stereo\.mcap#\/left\./);
    const none = write(folder, 'none.mcap', await mcap([other]));
    await assert.rejects(BagSource.open(none), /a topic of type sensor_msgs\/msg\/Image.* but received \/tf/);
    await assert.rejects(
      BagSource.open(write(folder, 'topicless.mcap', await mcap([]))),
      /topics in .* but received none/,
    );
  });

  it('continues after a message that is not a frame', async () => {
    const bad = [
      { ...tinyImage(1), cdr: tinyImage(1).cdr.subarray(0, 50) },
      {
        ...tinyImage(2),
        cdr: new ImageWriter().write(
          { stamp: { sec: 0, nanosec: 0 }, frameId: '' },
          { width: 4, height: 2, encoding: 'bayer_rggb8', step: 4 },
          new Uint8Array(16),
        ),
      },
    ];
    const items = await readBag(write(folder, 'bad.mcap', await mcap([tinyImage(0), ...bad, tinyImage(3)])));
    assert.deepEqual(
      items.map((item) => [item.index, isBadFrame(item)]),
      [
        [0, false],
        [1, true],
        [2, true],
        [3, false],
      ],
    );
    assert.match(errorsOf(items)[0]!, /bytes of data in a serialized sensor_msgs\/msg\/Image/);
    assert.match(errorsOf(items)[1]!, /encoding nv12, .*mono16 \(16UC1\) but received bayer_rggb8/);
    const text = Buffer.from('no picture');
    const noJpeg = await readBag(write(folder, 'nojpeg.mcap', await mcap([compressedImage(0, text, '/c')])));
    assert.match(errorsOf(noJpeg)[0]!, /a compressed image in JPEG or PNG but received Input buffer/);
  });

  it('reads the chunks around a damaged one', async () => {
    const bytes = await mcap(tinyImages(12), { chunkSize: 1 });
    const damaged = Uint8Array.from(bytes);
    const marker = Buffer.from(bytes).indexOf('frame 5');
    damaged[marker] = 0;
    const items = await readBag(write(folder, 'damaged.mcap', damaged));
    assertTiny(framesOf(items), [0, 1, 2, 3, 4, 6, 7, 8, 9, 10, 11]);
    assert.deepEqual(items.findIndex(isBadFrame), 5);
    assert.match(errorsOf(items)[0]!, /a complete MCAP file at .* a damaged one \(Incorrect chunk CRC/);
  });

  it('reads the chunks after one with damaged compressed data, and later files', async () => {
    for (const compress of [zstdChunk, lz4Chunk]) {
      let chunk = 0;
      const compressChunk = (data: Uint8Array): ReturnType<typeof compress> => {
        const compressed = compress(data);
        if (chunk++ === 1) compressed.compressedData[8]! ^= 0xff;
        return compressed;
      };
      const options = { compressChunk, chunkSize: 1 };
      const items = await readBag(write(folder, 'damaged.mcap', await mcap(tinyImages(5), options)));
      assertTiny(framesOf(items), [0, 2, 3, 4]);
      assert.equal(errorsOf(items).length, 1);
      const whole = write(folder, 'whole.mcap', await mcap(tinyImages(3), { compressChunk: compress }));
      assertTiny(framesOf(await readBag(whole)), upTo(3));
    }
  });

  it('reads what is left of a truncated file, wherever it was cut', async () => {
    for (const [name, options] of [
      ['chunks', {}],
      ['no chunks', { useChunks: false }],
      ['zstd', { compressChunk: zstdChunk }],
    ] as const) {
      const bytes = await mcap(tinyImages(4), options);
      let mostFrames = 0;
      for (const length of cutPoints(bytes)) {
        const file = write(folder, 'cut.mcap', bytes.subarray(0, length));
        let items;
        try {
          items = await readBag(file);
        } catch (error) {
          assert.ok(error instanceof ExpectationError, `${name} ${length}: ${String(error)}`);
          assert.equal(mostFrames, 0, `${name} ${length}: ${error.message}`);
          continue;
        }
        const frames = framesOf(items);
        assertTiny(frames, upTo(frames.length));
        assert.ok(frames.length >= mostFrames, `${name} ${length}`);
        mostFrames = frames.length;
        assert.equal(items.length, frames.length + 1);
        assert.match(
          errorsOf(items)[0]!,
          /a damaged one \(Expected the footer of an MCAP file but received its end, \d+ bytes into a record\)/,
        );
        assert.ok(isBadFrame(items.at(-1)!));
      }
      assert.equal(mostFrames, 4);
    }
  });

  it('gives frames, BadFrames or an ExpectationError for any damage', async () => {
    const whole = await mcap(tinyImages(4), { compressChunk: zstdChunk });
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat(whole.length - 8), fc.uint8Array({ minLength: 1, maxLength: 8 })), {
          minLength: 1,
          maxLength: 3,
        }),
        async (damages) => {
          const bytes = Uint8Array.from(whole);
          for (const [offset, damage] of damages) bytes.set(damage, offset);
          try {
            for (const item of await readBag(write(folder, 'fuzz.mcap', bytes))) {
              if (isBadFrame(item)) assert.ok(item.error instanceof ExpectationError, String(item.error));
            }
          } catch (error) {
            assert.ok(error instanceof ExpectationError, String(error));
          }
        },
      ),
      { numRuns: 400 },
    );
  });

  it('reads the folder of a recording that was split', async () => {
    const bag = path.join(folder, 'split');
    mkdirSync(bag);
    for (let part = 0; part < 11; part++) {
      write(bag, `split_${part}.mcap`, await mcap([tinyImage(2 * part), tinyImage(2 * part + 1)]));
    }
    assertTiny(framesOf(await readBag(bag)), upTo(22));
    assert.equal((await BagSource.open(bag)).count, 22);

    const metadata = (...names: string[]): Uint8Array =>
      Buffer.from(
        `rosbag2_bagfile_information:\n  version: 5\n  storage_identifier: mcap\n  relative_file_paths:\n` +
          `${names.map((name) => `    - ${name}\n`).join('')}  files:\n    - path: other.mcap\n`,
      );
    write(bag, 'metadata.yaml', metadata('split_0.mcap', '"split_2.mcap"', "'/recorded/at/split_1.mcap'"));
    assertTiny(framesOf(await readBag(bag)), [0, 1, 4, 5, 2, 3]);
    write(bag, 'metadata.yaml', metadata('split_0.mcap', 'split_99.mcap'));
    await assert.rejects(
      BagSource.open(bag),
      /the file split_99.mcap in .*split, .* but received none. Copy it there/,
    );
    write(bag, 'metadata.yaml', metadata('split_0.db3'));
    await assert.rejects(
      BagSource.open(bag),
      /an MCAP file but received split_0.db3. Convert it: ros2 bag convert/,
    );
    write(bag, 'metadata.yaml', metadata('split_0.mcap.zstd'));
    await assert.rejects(BagSource.open(bag), /received split_0.mcap.zstd. Decompress it first/);
    write(bag, 'metadata.yaml', Buffer.from('nothing of use'));
    await assert.rejects(BagSource.open(bag), /MCAP files in the folder .* but received none/);
  });

  it('says what it was given instead of a bag', async () => {
    for (const [begin, expected] of [
      ['', /an MCAP file but received an empty file/],
      ['SQLite format 3\0...', /an SQLite database \(.db3\), .*Convert it: ros2 bag convert -i/],
      ['#ROSBAG V2.0\n', /a ROS 1 bag, .* rosbags-convert/],
      ['\x28\xb5\x2f\xfd....', /a file compressed with zstd, .*zstd -d/],
      ['Once upon a time', /an MCAP file but received something else/],
      ['\x89MCAP0\r\n', /a complete MCAP file/],
    ] as const) {
      const file = write(folder, 'other', Buffer.from(begin, 'latin1'));
      await assert.rejects(BagSource.open(file), (error) => {
        assert.ok(error instanceof ExpectationError, String(error));
        assert.match(error.message, expected);
        return true;
      });
    }
    await assert.rejects(
      BagSource.open(path.join(folder, 'missing')),
      /an MCAP file or a rosbag2 folder but received ENOENT/,
    );
    mkdirSync(path.join(folder, 'empty'));
    await assert.rejects(
      BagSource.open(path.join(folder, 'empty')),
      /MCAP files in the folder .* but received none/,
    );
  });
});

describe('images of a bag that contradict their messages', () => {
  /** An Image of these bytes. */
  const image = (
    encoding: string,
    width: number,
    height: number,
    step: number,
    data: Uint8Array,
  ): TestMessage => {
    const cdr = new ImageWriter().write(HEADER, { width, height, encoding, step }, data).slice();
    return { topic: '/camera', type: 'sensor_msgs/Image', cdr, logTime: 1n };
  };

  it('are read by their length, to the last pixel', async () => {
    const rows = sampleImage('nv12', { width: 62, height: 54 }, { rows: 64 });
    const columns = sampleImage('nv12', { width: 62, height: 54 }, { stride: 64 });
    const odd = sampleImage('rgb8', { width: 61, height: 53 });
    const color = sampleImage('bgra8', { width: 62, height: 54 });
    for (const { image: raw, nv12 } of [rows, columns, odd, color]) {
      const { encoding, width, height, data } = raw;
      const step = encoding === 'nv12' ? width : raw.step;
      const file = write(folder, 'rows.mcap', await mcap([image(encoding, width, height, step, data)]));
      const [frame] = framesOf(await readBag(file));
      assert.deepEqual(packedBytes(frame!.frame), nv12);
      assert.deepEqual(frame!.frame.picture, width % 2 === 1 ? { width, height } : undefined);
      assert.equal(frame!.warning, undefined);
    }
  });

  it('cause a warning if nothing explains their rows, and are read as the user says', async () => {
    const { image: raw, nv12 } = sampleImage('nv12', { width: 4, height: 2 }, { stride: 8 });
    const file = write(folder, 'hbm.mcap', await mcap([hbm(1, 'HbmMsg480P', 'nv12', raw.data)]));
    const [frame] = framesOf(await readBag(file));
    assert.match(
      frame!.warning!,
      /^Expected 12 bytes for a 4x2 nv12 image with rows of 4 bytes but received 52 bytes/,
    );
    const reading = { step: 8, rows: 0, white: 65535 };
    const [read] = framesOf(await readBag(file, { reading }));
    assert.equal(read!.warning, undefined);
    assert.deepEqual(packedBytes(read!.frame), nv12);
  });
});
