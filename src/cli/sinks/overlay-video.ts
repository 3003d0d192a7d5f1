import { dirname, format, parse, resolve } from 'node:path';
import { errorOf } from '../../base/expect.js';
import { makeFolder } from '../../base/files/folder.js';
import { shrinkToFit } from '../../media/render/encode.js';
import { type VideoFormat, VideoWriter } from '../../media/video-writer.js';
import type { RgbPicture } from '../../media/render/rgb-picture.js';
import type { FrameResult } from '../../pipeline/segmenter.js';
import { stampToNanoseconds, type FrameSource, type Stamp } from '../../vision/picture/frame-source.js';
import { type NamedSource, nameSources, SourceFollower } from './output-names.js';
import type { OverlayRenderer } from './overlay-renderer.js';
import type { ResultSink } from './sink.js';

/** A video to write: of one source, or of the pictures of a folder. */
interface PlannedVideo extends NamedSource {
  /** What is shown, or the first of the pictures. Some know their rate only when their first frame has come. */
  readonly source: FrameSource;
  /** Whether it is made of pictures, each of which is shown once, whatever their stamps are. */
  readonly stills: boolean;
}

/** A source, and the video and file that show it. */
interface PlannedSource {
  readonly source: FrameSource;
  readonly name: string;
  readonly video: PlannedVideo;
  readonly path: string;
}

/** Rates that are taken from the times of the first two frames lie within. */
const [SLOWEST, FASTEST] = [1, 120];
/** The rate of a video of one frame without a rate. */
const STANDARD_RATE = 10;
/** Seconds without frames that the last one is shown for. A longer gap is cut short. */
const LONGEST_GAP = 10;

/**
 * The videos that --video writes: one for each input, in which the pictures of a folder are one input. With several of them, each is
 * called after its input: `out-bus.mp4`.
 */
export class VideoPlan {
  /** The video of each source, in the order of their frames. */
  readonly of: readonly PlannedSource[];
  /** All files. */
  readonly paths: readonly string[];
  /** A file of which some inputs are done and others are left: it could only be written with the latter. */
  readonly divided: string | undefined;

  /**
   * @param sources all inputs, which the videos are named after
   * @param left those of them that are not done yet
   * @param sharded whether other runs do the other inputs, so that each video has a name of its own even if it is the only one here
   */
  constructor(
    target: string,
    sources: readonly FrameSource[],
    left: readonly FrameSource[] = sources,
    sharded = false,
  ) {
    const groups = sources.map((source) =>
      source.still ? `${resolve(dirname(source.name))}/` : source.name,
    );
    // The same video given twice gives two.
    const isNew = sources.map((source, i) => !source.still || groups.indexOf(groups[i]!) === i);
    const firsts = sources.map((_, i) => i).filter((i) => isNew[i]);
    const alone = firsts.length === 1 && !sharded;
    const named = nameSources(
      firsts.map((i) => {
        const { still, name } = sources[i]!;
        const members = groups.filter((group) => group === groups[i]).length;
        return { name: still && members > 1 ? groups[i]! : name };
      }),
    );
    const { dir, name, ext } = parse(target);
    const videos = named.map((video, k) => ({
      video: { ...video, source: sources[firsts[k]!]!, stills: sources[firsts[k]!]!.still === true },
      path: alone ? target : format({ dir, name: `${name}-${video.stem}`, ext }),
    }));
    const planned = sources.map((source, i) => {
      const first = isNew[i] ? i : groups.indexOf(groups[i]!);
      return { source, name: source.name, ...videos[firsts.indexOf(first)]! };
    });
    const isLeft = new Set(left);
    this.of = planned.filter(({ source }) => isLeft.has(source));
    const paths = new Set(this.of.map(({ path }) => path));
    this.paths = [...paths];
    this.divided = planned.find(({ source, path }) => !isLeft.has(source) && paths.has(path))?.path;
  }

  /** The file that shows an input which is left. */
  pathOf(source: FrameSource): string | undefined {
    return this.of.find((planned) => planned.source === source)?.path;
  }
}

export interface OverlayVideoOptions {
  readonly encoder?: string | undefined;
  readonly replace: boolean;
}

/**
 * Writes the overlay as video. Frames are shown at the times of their stamps: one is repeated until the next if there is a gap, and
 * left out if the next comes in the same period.
 */
export class OverlayVideoSink implements ResultSink {
  readonly #follower: SourceFollower;
  /** By path: the present one, and those that later pictures of their folder belong to. */
  readonly #open = new Map<string, TimedVideo>();

  constructor(
    readonly target: string,
    private readonly renderer: OverlayRenderer,
    private readonly plan: VideoPlan,
    private readonly options: OverlayVideoOptions,
  ) {
    this.#follower = new SourceFollower(plan.of);
    makeFolder(dirname(target));
  }

  async write(result: FrameResult): Promise<void> {
    const { source, index, stamp } = result.frame;
    const place = this.#follower.at(source, index);
    const { video, path } = this.plan.of[place]!;
    if (!this.#open.has(path)) {
      // Another file may lie between the pictures of a folder.
      const coming = new Set(this.plan.of.slice(place).map((planned) => planned.path));
      await this.#end([...this.#open.keys()].filter((each) => !coming.has(each)));
      this.#open.set(path, new TimedVideo(path, video, this.options));
    }
    await this.#open.get(path)!.add(this.renderer.render(result), stamp);
  }

  close(): Promise<void> {
    return this.#end([...this.#open.keys()]);
  }

  /** Finishes videos, all of them even if one fails. @throws the first error */
  async #end(paths: readonly string[]): Promise<void> {
    let first: unknown;
    for (const path of paths) {
      const video = this.#open.get(path)!;
      this.#open.delete(path);
      await video.close().catch((error: unknown) => (first ??= error));
    }
    if (first !== undefined) throw errorOf(first);
  }
}

/** A video whose frames have times. */
class TimedVideo {
  #writer: VideoWriter | undefined;
  /** The frame that is shown until the next one. */
  #shown: RgbPicture | undefined;
  #from = 0n;
  #written = 0;
  #rate: number | undefined;

  constructor(
    readonly path: string,
    private readonly video: PlannedVideo,
    private readonly options: OverlayVideoOptions,
  ) {
    this.#rate = video.source.rate;
  }

  async add(picture: RgbPicture, stamp: Stamp): Promise<void> {
    const time = stampToNanoseconds(stamp);
    if (this.#shown === undefined) this.#from = time;
    else if (this.video.stills) await this.#show(1);
    else {
      const seconds = Number(time - this.#from) / 1e9;
      this.#rate ??= Math.min(FASTEST, Math.max(SLOWEST, Math.round(1 / Math.max(seconds, 1e-9))));
      const frames = Math.round(seconds * this.#rate) - this.#written;
      const most = Math.ceil(LONGEST_GAP * this.#rate);
      // After a gap, or a clock that was set, the video goes on from here.
      if (frames < 0 || frames > most) {
        this.#from = time - BigInt(Math.round(((this.#written + 1) / this.#rate) * 1e9));
      }
      await this.#show(frames < 0 ? 1 : frames > most ? 1 : frames);
    }
    this.#shown = keep(picture, this.#shown);
  }

  async close(): Promise<void> {
    try {
      if (this.#shown) await this.#show(1);
    } catch (error) {
      this.#writer?.discard();
      throw error;
    }
    await this.#writer?.close();
  }

  async #show(frames: number): Promise<void> {
    const { width, height } = this.#shown!;
    const rate = (this.#rate ??= STANDARD_RATE);
    const { encoder, replace } = this.options;
    this.#writer ??= new VideoWriter(this.path, { width, height, rate, encoder }, replace);
    const shown = await fitted(this.#shown!, this.#writer.format);
    for (let i = 0; i < frames; i++) await this.#writer.write(shown);
    this.#written += frames;
  }
}

/** A copy of a picture, in the memory of an earlier one. */
function keep({ width, height, data }: RgbPicture, former: RgbPicture | undefined): RgbPicture {
  const memory = former?.data.length === data.length ? former.data : new Uint8Array(data.length);
  memory.set(data);
  return { width, height, data: memory };
}

/** A video has one size: a picture of another one is scaled down to fit, and centered on black. */
async function fitted(picture: RgbPicture, { width, height }: VideoFormat): Promise<RgbPicture> {
  if (picture.width === width && picture.height === height) return picture;
  const small = await shrinkToFit(picture, width, height);
  const data = new Uint8Array(3 * width * height);
  const left = Math.floor((width - small.width) / 2);
  const top = Math.floor((height - small.height) / 2);
  const row = 3 * small.width;
  for (let y = 0; y < small.height; y++) {
    data.set(small.data.subarray(y * row, (y + 1) * row), 3 * ((top + y) * width + left));
  }
  return { width, height, data };
}
