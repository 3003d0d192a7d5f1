/**
 * Writes a data set of generated scenes for train.py:
 *
 *   node dist/tools/train/scenes.js <folder> [--scenes 1500] [--frames 4] [--seed 1000] [--width 512] [--height 288]
 *
 * - frames.u8: for each frame the model input as packed NV12, letterboxed as an engine does it
 * - owners.u8: for each frame and model pixel the number of the visible object, 0 for none
 * - objects.f32: rows of frame, number, class id, x1, y1, x2, y2 (model pixels), ignore
 * - meta.json: sizes, counts and class names
 */
import { closeSync, openSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { makeFolder } from '../../src/base/files/folder.js';
import { Letterbox, PAD_LUMA } from '../../src/vision/picture/letterbox.js';
import { nv12Size } from '../../src/vision/picture/nv12-frame.js';
import { Scene, type RenderedFrame, type SceneTruth } from '../../src/media/scene/index.js';
import { Random } from '../../src/media/scene/random.js';
import { Resampler } from './resample.js';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    scenes: { type: 'string', default: '1500' },
    frames: { type: 'string', default: '4' },
    seed: { type: 'string', default: '1000' },
    width: { type: 'string', default: '512' },
    height: { type: 'string', default: '288' },
  },
});
const folder = positionals[0];
if (folder === undefined) throw new Error('Expected the folder to write as the first argument.');
const [scenes, framesPerScene, firstSeed, width, height] = (
  ['scenes', 'frames', 'seed', 'width', 'height'] as const
).map((name) => Number(values[name])) as [number, number, number, number, number];

/** Camera sizes; the most common one is used more often. */
const CAMERAS = [
  [1280, 720],
  [1280, 720],
  [1280, 720],
  [640, 480],
  [640, 360],
  [960, 540],
] as const;

/** Letterboxes frames of one size into the model's input. */
class Preprocessor {
  readonly letterbox: Letterbox;
  readonly #luma: Resampler;
  readonly #chroma: Resampler;

  constructor(sourceWidth: number, sourceHeight: number, sharp: boolean) {
    const box = new Letterbox(sourceWidth, sourceHeight, width, height);
    this.letterbox = box;
    this.#luma = new Resampler(sourceWidth, sourceHeight, box.width, box.height, 1, sharp);
    this.#chroma = new Resampler(sourceWidth / 2, sourceHeight / 2, box.width / 2, box.height / 2, 2, sharp);
  }

  input({ frame }: RenderedFrame, target: Uint8Array): void {
    const { left, top } = this.letterbox;
    target.fill(PAD_LUMA, 0, width * height).fill(128, width * height);
    this.#luma.resample(frame.data, target, top * width + left, width);
    const chroma = frame.data.subarray(frame.chromaOffset);
    this.#chroma.resample(chroma, target, width * height + (top / 2) * width + left, width);
  }

  owners(truth: SceneTruth, target: Uint8Array): void {
    target.fill(0);
    for (const { trackId, mask } of truth.objects) {
      const right = this.letterbox.toModelX(mask.x + mask.width);
      const bottom = this.letterbox.toModelY(mask.y + mask.height);
      for (let y = Math.floor(this.letterbox.toModelY(mask.y)); y < bottom; y++) {
        const row = Math.floor(this.letterbox.toSourceY(y + 0.5)) - mask.y;
        if (row < 0 || row >= mask.height) continue;
        for (let x = Math.floor(this.letterbox.toModelX(mask.x)); x < right; x++) {
          const column = Math.floor(this.letterbox.toSourceX(x + 0.5)) - mask.x;
          if (column < 0 || column >= mask.width) continue;
          if (mask.data[row * mask.width + column]) target[y * width + x] = trackId;
        }
      }
    }
  }
}

makeFolder(folder);
const frameFile = openSync(join(folder, 'frames.u8'), 'w');
const ownerFile = openSync(join(folder, 'owners.u8'), 'w');
const objects: number[] = [];
const input = new Uint8Array(nv12Size(width, height));
const owners = new Uint8Array(width * height);
const random = new Random(firstSeed);
const preprocessors = new Map<string, Preprocessor>();
let frames = 0;

for (let i = 0; i < scenes; i++) {
  const [cameraWidth, cameraHeight] = random.pick(CAMERAS);
  const sharp = random.next() < 0.6;
  const key = `${cameraWidth}x${cameraHeight} ${sharp}`;
  const preprocessor = preprocessors.get(key) ?? new Preprocessor(cameraWidth, cameraHeight, sharp);
  preprocessors.set(key, preprocessor);
  const { letterbox } = preprocessor;
  const scene = new Scene({
    seed: firstSeed + i,
    width: cameraWidth,
    height: cameraHeight,
    objects: 6 + random.integer(7),
  });
  for (let j = 0; j < framesPerScene; j++) {
    // Far enough apart in time that objects, light and overlaps differ.
    const rendered = scene.render(97 * j + random.integer(90));
    preprocessor.input(rendered, input);
    preprocessor.owners(rendered.truth, owners);
    writeSync(frameFile, input);
    writeSync(ownerFile, owners);
    for (const { trackId, classId, box, ignore } of rendered.truth.objects) {
      const corners = [
        letterbox.toModelX(box.x1),
        letterbox.toModelY(box.y1),
        letterbox.toModelX(box.x2),
        letterbox.toModelY(box.y2),
      ];
      objects.push(frames, trackId, classId, ...corners, Number(ignore));
    }
    frames++;
  }
}
closeSync(frameFile);
closeSync(ownerFile);
writeFileSync(join(folder, 'objects.f32'), Float32Array.from(objects));
const meta = { frames, width, height, classes: Scene.classes };
writeFileSync(join(folder, 'meta.json'), `${JSON.stringify(meta)}\n`);
console.log(`${frames} frames with ${objects.length / 8} objects in ${folder}`);
