import type { Timing } from '../../base/clock.js';
import { ExpectationError, expectInteger } from '../../base/expect.js';
import { openInputs } from '../../media/inputs.js';
import { MAX_PICTURE_PIXELS } from '../../media/picture-file.js';
import { MAX_DIMENSION } from '../../vision/picture/nv12-frame.js';
import { parseSize, type PictureSize } from '../../vision/picture/picture-size.js';
import { CAMERA_PARAMETERS, type CameraParameters } from '../../parameters/camera.js';
import { CameraDepth } from './camera-depth.js';
import { CameraPlayer, type PlayerOptions } from './camera-player.js';
import { Playlist } from './camera-playlist.js';
import { openCameraPublisher, type CameraPublisher } from './camera-publisher.js';
import { Sleeper } from './camera-schedule.js';
import { describeQos } from '../../message/qos.js';
import type { RosNode } from '../ros/ros-node.js';

/** Milliseconds that subscribers have to acknowledge the last frames, or to receive them if the QoS has no acknowledgment. */
const LAST_FRAMES = 2000;
const UNACKNOWLEDGED_FRAMES = 200;
/** Milliseconds between checks of that. */
const DELIVERY_PERIOD = 10;

/** The node `camera`: publishes files or the generated scene as a camera would. */
export class CameraNode {
  readonly #parameters: CameraParameters;
  readonly #publisher: CameraPublisher<object>;
  /** Absent if no depth pictures are published. */
  readonly #depth: CameraDepth | undefined;
  #player: CameraPlayer<object> | undefined;
  #ended = false;

  /** @throws ExpectationError for invalid parameters, and if something that they require is not installed */
  constructor(
    private readonly ros: RosNode,
    private readonly timing: Timing = new Sleeper(),
  ) {
    this.#parameters = ros.parameters.declare(CAMERA_PARAMETERS, {
      check(changed) {
        const fixed = changed.find((name) => !('dynamic' in CAMERA_PARAMETERS[name]));
        if (fixed === undefined) return;
        throw new ExpectationError('only rate to change while the node runs', fixed, 'Start it anew.');
      },
      apply() {}, // read before each frame
    });
    this.#publisher = openCameraPublisher(ros, this.#parameters);
    const { depth, depth_info: depthInfo } = this.#parameters;
    if (depth !== '') this.#depth = new CameraDepth(ros, depth, depthInfo, (line) => ros.log.error(line));
  }

  /**
   * Publishes until the inputs end or `end` is called.
   *
   * Rejects with an ExpectationError if there is no frame to publish.
   */
  async run(): Promise<void> {
    const { ros } = this;
    const { inputs, rate, loop, frame_id: frameId, stamps, cache } = this.#parameters;
    const size = pictureSize(this.#parameters.size);
    // Scenes move at the publishing rate, but at one frame per second or more.
    const { sources, failed } = await openInputs(inputs, {
      size,
      rate: rate > 0 ? Math.max(1, rate) : undefined,
    });
    const report = (name: string, error: Error): void => ros.log.error(`${name}: ${error.message}`);
    for (const { name, error } of failed) report(name, error);
    if (sources.length === 0) {
      throw new ExpectationError(
        'at least one input to publish',
        inputs.length === 0 ? 'none' : `none that can be read: ${inputs.join(', ')}`,
        'Parameter inputs takes pictures, videos, .nv12 files, MCAP bags, folders of these, and scene:.',
      );
    }
    const cacheBytes = cache * 1_000_000;
    const { form } = this.#publisher;
    const playlist = new Playlist(sources, form, { loop, frameId, cacheBytes, report });
    const options: PlayerOptions<object> = {
      rate: () => this.#parameters.rate,
      now: stamps === 'now' ? () => ros.now() : undefined,
      publish: (message) => this.#publisher.publish(message),
      beside:
        this.#depth && (({ stamp, size }) => this.#depth!.prepare(playlist.source, stamp, size, frameId)),
      debug: (line) => ros.log.debug(line),
      warn: (line) => ros.log.warn(line),
      begun: ({ size }) => ros.log.info(this.#summary(size)),
    };
    const player = new CameraPlayer(playlist, form, options, this.timing);
    this.#player = player;
    if (this.#ended) return;
    await player.waitFor(this.#parameters.wait_for_subscribers, () => this.#publisher.subscriptions);
    try {
      await player.play();
    } finally {
      if (player.published + player.lost > 0) ros.log.info(player.summary());
    }
    if (this.#ended) return;
    if (player.published + player.lost === 0) {
      throw new ExpectationError('at least one frame to publish', 'none in all the inputs');
    }
    await this.#deliver();
    ros.log.info(`All ${player.published} frames are published.`);
  }

  /** Removes the publisher from the graph. */
  close(): void {
    this.#publisher.close();
    this.#depth?.close();
  }

  /** Stops publishing; `run` resolves soon. */
  end(): void {
    this.#ended = true;
    this.#player?.stop();
  }

  /** A node that has ended cannot resend, so the last frames are given time. */
  async #deliver(): Promise<void> {
    const { timing } = this;
    const until = timing.now() + LAST_FRAMES;
    while (!this.#ended && timing.now() < until && !this.#publisher.delivered()) {
      await timing.until(timing.now() + DELIVERY_PERIOD);
    }
    if (this.#publisher.form.qos.reliability === 'best_effort') {
      await timing.until(timing.now() + UNACKNOWLEDGED_FRAMES);
    }
  }

  #summary({ width, height }: PictureSize): string {
    const { inputs, rate, loop } = this.#parameters;
    const pace = rate > 0 ? `${rate} frames a second` : 'the pace of its stamps';
    return (
      `${width}x${height} ${this.#publisher.form.encoding.toUpperCase()} on ${this.#publisher.topic} (${this.#publisher.form.type}, ${describeQos(this.#publisher.form.qos)}) ` +
      `at ${pace}, ${loop ? 'in a loop' : 'once'}: ${inputs.join(', ')}`
    );
  }
}

/** @throws ExpectationError unless the text is a size with even width and height */
function pictureSize(text: string): PictureSize | undefined {
  if (text === '') return undefined;
  const size = parseSize(text);
  if (!size) throw new ExpectationError('a size such as 1920x1080 in parameter size', text);
  for (const [axis, length] of Object.entries(size) as [string, number][]) {
    expectInteger(`the ${axis} in parameter size`, length, 2, MAX_DIMENSION);
    if (length % 2 !== 0) throw new ExpectationError(`an even ${axis} in parameter size`, length);
  }
  if (size.width * size.height > MAX_PICTURE_PIXELS) {
    throw new ExpectationError(`at most ${MAX_PICTURE_PIXELS} pixels in parameter size`, text);
  }
  return size;
}
