import { join } from 'node:path';
import { type Clock, steadyClock } from '../../base/clock.js';
import { ExpectationError, errorOf, expectInteger } from '../../base/expect.js';
import { makeFolder } from '../../base/files/folder.js';
import { BagWriter } from '../../message/bag/bag-writer.js';
import { SegmentationRecorder } from '../../message/bag/segmentation-recorder.js';
import type { FrameContent } from '../../message/frame-content.js';
import type { ColoredBy } from '../../vision/picture/palette.js';
import type { LiveModel, LiveSource } from '../source.js';
import type { Listener } from './camera-feed.js';

/** Longest recording, in seconds. */
const MOST_SECONDS = 300;
/** Frames that may wait for the disk; more are left out. */
const MOST_WAITING = 30;

/** Records the results of one camera, and its pictures as JPEG, to a bag for some seconds. One at a time. */
export class Recordings implements Listener {
  #current: Recording | undefined;

  /** @param folder of the bags; made when it is needed */
  constructor(
    private readonly folder: string,
    private readonly source: Pick<LiveSource, 'model' | 'coloredBy'>,
    private readonly ended: (message: string, failed: boolean) => void,
    private readonly clock: Clock = steadyClock,
  ) {}

  /** The camera that is being recorded, and the seconds that are left. */
  get current(): { readonly camera: number; readonly seconds: number } | undefined {
    const recording = this.#current;
    if (!recording) return undefined;
    return { camera: recording.camera, seconds: Math.max(0, (recording.until - this.clock()) / 1000) };
  }

  /**
   * Begins a recording. It ends with the first result after its time.
   *
   * @returns the path of the bag
   *
   * Rejects with an ExpectationError if one is running, or the file cannot be made
   */
  async start(camera: number, name: string, seconds: number): Promise<string> {
    expectInteger('the seconds of a recording', seconds, 1, MOST_SECONDS);
    if (this.#current)
      throw new ExpectationError('one recording at a time', 'another one', 'Wait until it ends.');
    const time = new Date().toISOString().replace(/[-:]/g, '').replace(/\..*/, '');
    const file = join(this.folder, `${name.replace(/[^\w.-]+/g, '_') || 'camera'}_${time}.mcap`);
    const until = this.clock() + 1000 * seconds;
    const recording = new Recording(camera, until, file, this.source.model(), () => this.source.coloredBy());
    this.#current = recording;
    try {
      makeFolder(this.folder);
      await recording.open();
    } catch (error) {
      this.#current = undefined;
      throw error;
    }
    return file;
  }

  /** Ends the recording if its time is over; needed while no results arrive. */
  endIfDue(): void {
    if (this.#current && this.clock() >= this.#current.until) void this.stop();
  }

  /** Ends the recording early; resolves when the file is complete. */
  async stop(): Promise<void> {
    const recording = this.#current;
    if (!recording) return;
    this.#current = undefined;
    try {
      const { frames, left } = await recording.close();
      const lost = left > 0 ? `, ${left} left out because the disk was behind` : '';
      this.ended(`Recorded ${frames} frames to ${recording.file}${lost}`, false);
    } catch (error) {
      this.ended(errorOf(error).message, true);
    }
  }

  wants(camera: number): { readonly results: boolean; readonly picture: boolean } {
    const wanted = this.#current?.camera === camera && this.#current.ready;
    return wanted ? ALL : NOTHING;
  }

  result(_camera: number, content: FrameContent, picture: Promise<Buffer> | undefined): void {
    const recording = this.#current!;
    if (this.clock() >= recording.until) void this.stop();
    else recording.add(content, picture);
  }
}

const ALL = { results: true, picture: true } as const;
const NOTHING = { results: false, picture: false } as const;

class Recording {
  #bag: BagWriter | undefined;
  #recorder: SegmentationRecorder | undefined;
  #waiting = 0;
  #frames = 0;
  #left = 0;
  #failure: Error | undefined;
  #last: Promise<unknown> = Promise.resolve();
  #opened: Promise<void> | undefined;

  constructor(
    readonly camera: number,
    /** When it ends, in milliseconds. */
    readonly until: number,
    readonly file: string,
    private readonly model: LiveModel,
    private readonly coloredBy: () => ColoredBy,
  ) {}

  get ready(): boolean {
    return this.#recorder !== undefined;
  }

  /** Rejects if the file cannot be made. */
  open(): Promise<void> {
    return (this.#opened = this.#open());
  }

  async #open(): Promise<void> {
    this.#bag = await BagWriter.create(this.file);
    const { labels, score, classes, kernels } = this.model;
    const { coloredBy } = this;
    // Instances contain the masks; maps would take megabytes a frame.
    const options = {
      labels,
      threshold: score,
      classes,
      kernels,
      coloredBy,
      omit: ['instance_map'],
    } as const;
    this.#recorder = new SegmentationRecorder(this.#bag, options);
  }

  add(content: FrameContent, picture: Promise<Buffer> | undefined): void {
    if (this.#waiting >= MOST_WAITING || this.#failure) {
      this.#left++;
      return;
    }
    this.#waiting++;
    this.#last = this.#recorder!.recordContent(content, picture).then(
      () => {
        this.#waiting--;
        this.#frames++;
      },
      (error: unknown) => {
        this.#waiting--;
        this.#failure ??= errorOf(error);
      },
    );
  }

  async close(): Promise<{ readonly frames: number; readonly left: number }> {
    // The page may be closed before the file is made.
    await this.#opened;
    await this.#last;
    await this.#bag!.close();
    if (this.#failure) throw this.#failure;
    return { frames: this.#frames, left: this.#left };
  }
}
