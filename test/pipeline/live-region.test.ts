import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import type { Segmentation } from '../../src/vision/mask/segmentation.js';
import { OnnxEngine } from '../../src/engine/onnx/onnx-engine.js';
import { AS_TOLD, CameraImageReader } from '../../src/message/read/camera-image.js';
import { allocateNv12, nv12ToRgb } from '../../src/native/convert.js';
import type { RawImage } from '../../src/message/read/image-message.js';
import type { Nv12Frame } from '../../src/vision/picture/nv12-frame.js';
import { cutOut } from '../../src/native/cut-out.js';
import { type Region } from '../../src/vision/picture/region.js';
import { SceneSource } from '../../src/media/scene/index.js';
import { isBadFrame } from '../../src/vision/picture/frame-source.js';
import { demoModel } from '../../src/model/demo-model.js';
import { addon } from '../../src/native/addon.js';
import type { InjectedCamera } from '../../src/native/camera.js';
import { type LiveFrame, LiveSegmenter } from '../../src/pipeline/live-segmenter.js';
import { isResult, Segmenter } from '../../src/pipeline/segmenter.js';
import { packedBytes } from '../native/frames.js';

const SIZE = { width: 640, height: 480 };
const OFFERED = 0;
const NATIVE = 1;
/** One that is taken as it is, one that is rounded outward. */
const REGIONS: readonly (Region | undefined)[] = [
  { x: 160, y: 96, width: 320, height: 256 },
  { x: 101, y: 51, width: 399, height: 333 },
  undefined,
];

/** A segmentation of a part, in the pixels of the picture that it is a part of. */
function moved(segmentation: Segmentation, { x, y, width, height }: Region): Segmentation {
  return {
    ...{ ...SIZE, maskWidth: SIZE.width, maskHeight: SIZE.height, region: { x, y, width, height } },
    instances: segmentation.instances.map(({ box, mask, ...rest }) => ({
      ...rest,
      box: { x1: box.x1 + x, y1: box.y1 + y, x2: box.x2 + x, y2: box.y2 + y },
      mask: mask.width > 0 ? { ...mask, x: mask.x + x, y: mask.y + y } : mask,
    })),
  };
}

describe('regions of interest of live frames', () => {
  let engine: OnnxEngine;
  let scene: Nv12Frame;
  let bgr: RawImage;
  let nv12: RawImage;
  let native: InjectedCamera;
  before(async () => {
    engine = await OnnxEngine.open({ file: demoModel(), slots: 2 });
    native = addon().injectCamera();
    for await (const item of new SceneSource({ ...SIZE, count: 1, seed: 3 }).frames()) {
      assert.ok(!isBadFrame(item));
      scene = item.frame;
    }
    const common = { ...SIZE, isBigEndian: false, hasBufferSize: false };
    nv12 = { ...common, encoding: 'nv12', step: SIZE.width, data: packedBytes(scene) };
    bgr = { ...common, encoding: 'bgr8', step: 3 * SIZE.width, data: nv12ToRgb(scene).slice() };
  });
  after(async () => {
    native.close();
    await engine.close();
  });

  /** What is found in a picture of its own with the pixels of the part, moved to where the part lies. */
  async function expected(frame: Nv12Frame, region: Region | undefined): Promise<Segmentation> {
    const view = region ? cutOut(frame, region).view : frame;
    const { width, height, cut } = view;
    const crop = allocateNv12(width, height);
    crop.data.set(packedBytes(view));
    const inference = await engine.submit(crop);
    const found = structuredClone(
      new Segmenter(engine).decoder.decode(inference.tensors, inference.letterbox),
    );
    inference.release();
    assert.ok(found.instances.length > 0, 'something to be found');
    return cut ? moved(found, { x: cut.x, y: cut.y, width, height }) : found;
  }

  it('give the results of the cropped picture, moved, bit by bit, both offered and from native subscriptions', async () => {
    const seen: { camera: number; found: Segmentation; pixels: Uint8Array | undefined }[] = [];
    let answered: () => void = () => undefined;
    const live = new LiveSegmenter<LiveFrame>(new Segmenter(engine), 2, {
      result: (camera, _frame, pixels, found) => {
        seen.push({ camera, found: structuredClone(found), pixels: pixels && packedBytes(pixels) });
        answered();
      },
      failure: (_camera, _frame, error) => assert.fail(error),
    });
    live.attach(NATIVE, native, () => ({ prepare: () => assert.fail('a native frame is ready') }));
    const reader = new CameraImageReader(3, AS_TOLD);
    const next = (begin: () => void): Promise<void> =>
      new Promise((resolve) => {
        answered = resolve;
        begin();
      });
    for (const image of [nv12, bgr]) {
      const whole = new CameraImageReader(1, AS_TOLD).read(image);
      for (const region of REGIONS) {
        const wanted = await expected(whole, region);
        for (const keep of [false, true]) {
          seen.length = 0;
          reader.region = region;
          reader.keepsWhole = keep;
          await next(() => live.offer(OFFERED, { prepare: () => reader.read(image) }));
          native.setRegion(region);
          native.setKeepPixels(keep);
          await next(() => native.offer({ ...image, sec: 0, nanosec: 0, index: 0 }));
          assert.deepEqual(
            seen.map(({ camera }) => camera),
            [OFFERED, NATIVE],
          );
          for (const { camera, found, pixels } of seen) {
            const what = `${image.encoding} ${JSON.stringify(region)} ${keep} by camera ${camera}`;
            assert.deepEqual(found, wanted, what);
            // The overlay is that of the whole picture.
            if (keep) assert.deepEqual(pixels, packedBytes(whole), what);
          }
        }
      }
    }
    await live.stop();
  });

  it('can change at any time: frames in flight keep theirs', async () => {
    const regions: (Region | undefined)[] = [];
    let end!: () => void;
    const ended = new Promise<void>((resolve) => (end = resolve));
    const live = new LiveSegmenter<LiveFrame>(new Segmenter(engine), 2, {
      result: (_camera, _frame, _pixels, { region }) => {
        regions.push(region);
        if (regions.length === 4) end();
      },
      failure: (_camera, _frame, error) => assert.fail(error),
    });
    live.attach(NATIVE, native, () => ({ prepare: () => assert.fail('a native frame is ready') }));
    const reader = new CameraImageReader(3, AS_TOLD);
    const [first, , none] = REGIONS;
    // Two slots: the first two are in the engine when the region changes.
    reader.region = first;
    live.offer(OFFERED, { prepare: () => reader.read(nv12) });
    native.setRegion(first);
    native.offer({ ...nv12, sec: 0, nanosec: 0, index: 0 });
    reader.region = none;
    native.setRegion(none);
    live.offer(OFFERED, { prepare: () => reader.read(nv12) });
    native.offer({ ...nv12, sec: 0, nanosec: 0, index: 1 });
    await ended;
    assert.deepEqual(regions, [first, first, none, none]);
    await live.stop();
  });

  it('of files give results in pixels of the whole picture, and fail only for pictures without the region', async () => {
    const [first] = REGIONS;
    const small = { ...allocateNv12(160, 96) };
    const segmenter = new Segmenter(engine);
    const stamp = { sec: 0, nanosec: 0 };
    // eslint-disable-next-line @typescript-eslint/require-await -- as sources are
    const source = async function* () {
      for (const [index, frame] of [scene, small, scene].entries()) {
        yield { source: 'x', index, stamp, frameId: '', frame };
      }
    };
    const wanted = await expected(scene, first);
    const outcomes: (number | string)[] = [];
    for await (const item of segmenter.segment(source(), first)) {
      if (isResult(item)) {
        assert.deepEqual(structuredClone(item.segmentation), wanted);
        assert.equal(item.frame.frame, scene);
        outcomes.push(item.frame.index);
      } else {
        outcomes.push(item.error.message);
      }
    }
    assert.equal(outcomes.length, 3);
    assert.match(
      String(outcomes[1]),
      /a region of interest with pixels of the 160x96 picture but received 160,96,/,
    );
    assert.deepEqual([outcomes[0], outcomes[2]], [0, 2]);
    for await (const item of segmenter.segment(source(), { x: 1, y: 1, width: 640, height: 95 })) {
      assert.ok(isResult(item));
      assert.match(item.warning!, /Only 0,0,/);
    }
  });
});
