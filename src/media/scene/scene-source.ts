import { setImmediate } from 'node:timers/promises';

import { expectInteger } from '../../base/expect.js';
import { stampFromSeconds, type FrameSource, type SourceFrame } from '../../vision/picture/frame-source.js';
import type { DepthSource } from '../../message/bag/bag-depth.js';
import { REGISTERED } from '../../vision/depth/objects-in-space.js';
import { Scene, type SceneOptions } from './scene.js';
import type { SceneTruth } from './truth.js';

/** A frame of the generated camera. */
export interface SceneFrame extends SourceFrame {
  /** Its ground truth; valid as long as the frame's bytes. */
  readonly truth: SceneTruth;
}

export interface SceneSourceOptions extends SceneOptions {
  /** Number of frames, 1 or more. */
  count?: number | undefined;
}

/** Stamp of frame 0, in seconds: 2024-01-01T00:00:00Z. Fixed, so that two runs write the same bags. */
export const SCENE_EPOCH = 1704067200;

/** The generated camera as a source of frames; a frame's bytes stay valid for SCENE_RING - 1 further iterations. */
export class SceneSource implements FrameSource {
  readonly name = 'scene:';
  readonly count: number;
  readonly rate: number;
  readonly scene: Scene;

  /** @throws ExpectationError for options outside their range */
  constructor(options: SceneSourceOptions = {}) {
    this.count = expectInteger('the number of scene frames', options.count ?? 150, 1, 0xffffffff);
    this.scene = new Scene(options);
    this.rate = this.scene.rate;
  }

  /** The depth pictures of the frames: 16UC1 in millimeters, in the color camera's frame. */
  depth(): DepthSource {
    const { scene } = this;
    const { width, height, intrinsics } = scene;
    const meters = new Float32Array(width * height);
    const data = new Uint16Array(width * height);
    return {
      sampleOf({ stamp, frameId }) {
        const seconds = stamp.sec - SCENE_EPOCH + stamp.nanosec / 1e9;
        scene.renderDepth(Math.round(seconds * scene.rate), meters);
        for (let i = 0; i < data.length; i++) data[i] = Math.round(1000 * meters[i]!);
        const frame = { stamp, frameId, encoding: '16UC1', depth: { width, height, data } };
        return Promise.resolve({ frame, camera: intrinsics, registration: REGISTERED, up: undefined });
      },
      close: () => Promise.resolve(),
    };
  }

  async *frames(): AsyncGenerator<SceneFrame> {
    for (let index = 0; index < this.count; index++) {
      // A double cannot hold the nanoseconds of such an epoch, so they are counted from frame 0.
      const { sec, nanosec } = stampFromSeconds(index / this.scene.rate);
      const { frame, truth } = this.scene.render(index);
      yield {
        frame,
        truth,
        source: this.name,
        index,
        stamp: { sec: SCENE_EPOCH + sec, nanosec },
        frameId: 'scene_camera',
      };
      // Rendering never yields to the event loop, so let pending I/O run here.
      await setImmediate();
    }
  }
}
