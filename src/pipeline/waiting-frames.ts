/** A frame that waits for the engine. */
export interface WaitingFrame<Frame> {
  readonly frame: Frame;
  /** When it was offered. */
  readonly offered: number;
}

interface Queue<Frame> {
  /** Oldest first. */
  readonly frames: WaitingFrame<Frame>[];
  held: boolean;
}

/** The frames of several cameras that wait for an engine. The newest frames win, and cameras are served in turn. */
export class WaitingFrames<Frame> {
  readonly #queues: readonly Queue<Frame>[];
  /** The camera to serve next. */
  #turn = 0;

  /** @param limit number of frames of each camera that may wait, at least 1 */
  constructor(
    cameraCount: number,
    private readonly limit: number,
  ) {
    this.#queues = Array.from({ length: cameraCount }, () => ({ frames: [], held: false }));
  }

  /** @returns whether the camera's oldest waiting frame was dropped, because the limit was reached */
  add(camera: number, frame: WaitingFrame<Frame>): boolean {
    const { frames } = this.#queues[camera]!;
    const full = frames.length >= this.limit;
    if (full) frames.shift();
    frames.push(frame);
    return full;
  }

  /** Whether `next` finds a camera. */
  get ready(): boolean {
    return this.#queues.some(ready);
  }

  /** @returns the camera to serve next, or -1 */
  next(): number {
    const count = this.#queues.length;
    for (let i = 0; i < count; i++) {
      const index = (this.#turn + i) % count;
      if (ready(this.#queues[index]!)) {
        this.#turn = (index + 1) % count;
        return index;
      }
    }
    return -1;
  }

  /** Removes the camera's oldest frame. It must have one, as `next` makes sure. */
  take(camera: number): WaitingFrame<Frame> {
    return this.#queues[camera]!.frames.shift()!;
  }

  /** @param held whether the camera's frames wait even if it is its turn: while one is being prepared, so that the order is kept */
  hold(camera: number, held: boolean): void {
    this.#queues[camera]!.held = held;
  }

  /** Removes all frames of the camera. @returns their number */
  clear(camera: number): number {
    return this.#queues[camera]!.frames.splice(0).length;
  }
}

function ready({ frames, held }: Queue<unknown>): boolean {
  return frames.length > 0 && !held;
}
