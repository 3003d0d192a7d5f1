import type { CameraFrameInfo, CameraHandlers, Inference } from '../../src/engine/engine.js';
import { valuesOf } from './conformance.js';

/** Collects what an attached camera's handlers receive, with a promise for more. */
export class Collector implements CameraHandlers {
  readonly frameInfos: CameraFrameInfo[] = [];
  readonly values: number[][][] = [];
  readonly errors: Error[] = [];
  /** Not released. */
  readonly held: Inference[] = [];
  readonly #hold: boolean;
  readonly #read: boolean;
  readonly #waiting: (() => void)[] = [];

  /** @param options.hold whether inferences stay until release() @param options.read whether their values are kept */
  constructor({ hold = false, read = true } = {}) {
    this.#hold = hold;
    this.#read = read;
  }

  get indices(): number[] {
    return this.frameInfos.map(({ index }) => index);
  }

  result(inference: Inference, frameInfo: CameraFrameInfo): void {
    this.frameInfos.push(frameInfo);
    if (this.#read) this.values.push(valuesOf(inference));
    if (this.#hold) this.held.push(inference);
    else inference.release();
    this.#notify();
  }

  failure(error: Error, frameInfo: CameraFrameInfo): void {
    this.frameInfos.push(frameInfo);
    this.errors.push(error);
    this.#notify();
  }

  /** Resolves when `count` frames have an outcome. */
  async until(count: number): Promise<void> {
    while (this.frameInfos.length < count) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  release(): void {
    for (const inference of this.held.splice(0)) inference.release();
  }

  #notify(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}
