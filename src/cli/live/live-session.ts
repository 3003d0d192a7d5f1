import { Durations } from '../../base/durations.js';
import { ExpectationError } from '../../base/expect.js';
import { SerialQueue } from '../../base/serial-queue.js';
import { loadableModels } from '../../model/loadable-models.js';
import { zonesOfCameras } from '../../node/segment/camera-names.js';
import {
  decodeOptions,
  type LoadedModel,
  loadModel,
  trackingOptions,
} from '../../node/segment/loaded-model.js';
import type { ColoredBy } from '../../vision/picture/palette.js';
import type { SegmentParameters } from '../../parameters/segment.js';
import { type LiveFrame, LiveSegmenter, type LiveTimings } from '../../pipeline/live-segmenter.js';
import { CameraTracking } from '../../pipeline/tracking.js';
import { cutOut } from '../../native/cut-out.js';
import { prepareOptions } from '../../vision/decode/options.js';
import type { ColorRange } from '../../vision/picture/color-range.js';
import {
  type FrameHeader,
  type SourceFrame,
  type Stamp,
  stampFromNanoseconds,
} from '../../vision/picture/frame-source.js';
import type { Nv12Frame } from '../../vision/picture/nv12-frame.js';
import type { Region } from '../../vision/picture/region.js';
import { TrackIds } from '../../vision/track/tracker.js';
import type { ZoneShape } from '../../vision/track/zone-shape.js';
import type { LivePage } from '../../web/live-page.js';
import type { CameraStats, ShownParameter } from '../../web/protocol/messages.js';
import { givenParameter, shownParameters } from '../../web/shown-parameters.js';
import type { LiveModel, LiveSource } from '../../web/source.js';

/** Durations kept for quantiles: ten seconds at 30 FPS. */
const KEPT = 300;
const STAGES = ['wait', 'preprocess', 'inference', 'decode'] as const;

/** A frame of a file, as if a camera had just sent it. */
class FileFrame implements LiveFrame, FrameHeader {
  readonly stamp: Stamp = stampFromNanoseconds(BigInt(Date.now()) * 1_000_000n);

  constructor(
    readonly frameId: string,
    private readonly frame: Nv12Frame,
    private readonly region: Region | undefined,
  ) {}

  prepare(): Nv12Frame {
    return this.region ? cutOut(this.frame, this.region).view : this.frame;
  }
}

interface Camera {
  readonly tracking: CameraTracking;
  readonly stages: Readonly<Record<(typeof STAGES)[number], Durations>>;
}

/** Segments the frames of file cameras and shows them on the live page. */
export class LiveSession implements LiveSource {
  page: LivePage | undefined;
  #parameters: SegmentParameters;
  #model: LoadedModel;
  readonly #live: LiveSegmenter<FileFrame>;
  readonly #cameras: readonly Camera[];
  readonly #changes = new SerialQueue();
  #problem: string | undefined;

  private constructor(
    readonly cameras: readonly string[],
    parameters: SegmentParameters,
    model: LoadedModel,
    private readonly region: Region | undefined,
    private readonly zones: readonly (readonly ZoneShape[])[],
    private readonly warn: (line: string) => void,
  ) {
    this.#parameters = parameters;
    this.#model = model;
    const ids = new TrackIds();
    this.#cameras = cameras.map(() => ({
      tracking: new CameraTracking(ids),
      stages: Object.fromEntries(STAGES.map((stage) => [stage, new Durations(KEPT)])) as Camera['stages'],
    }));
    this.#live = new LiveSegmenter<FileFrame>(model.segmenter, cameras.length, {
      result: (camera, header, pixels, segmentation, timings) => {
        this.#count(camera, timings);
        this.page?.result(camera, { header, pixels, segmentation, timings });
      },
      failure: (camera, _frame, error) => {
        this.#problem = `${cameras[camera]}: ${error.message}`;
      },
      track: (camera, frame, segmentation) =>
        this.#cameras[camera]!.tracking.apply(frame.stamp, segmentation),
    });
    this.#begin(model);
  }

  /** Rejects with an ExpectationError if the model cannot be used. */
  static async open(
    cameras: readonly string[],
    parameters: SegmentParameters,
    region: Region | undefined,
    warn: (line: string) => void,
  ): Promise<LiveSession> {
    const what = { zone: '--zone', line: '--line', both: '--zone and --line' };
    const zones = zonesOfCameras(parameters.zones, parameters.lines, cameras, what);
    if (!parameters.tracking && zones.some(({ length }) => length > 0))
      warn('Zones and lines count nothing until tracking is on (--track).');
    const model = await loadModel(parameters);
    return new LiveSession(cameras, parameters, model, region, zones, warn);
  }

  get colorRange(): ColorRange {
    return this.#parameters.color_range;
  }

  offer(camera: number, { frame, frameId }: SourceFrame): void {
    this.#live.offer(camera, new FileFrame(frameId, frame, this.region));
  }

  model(): LiveModel {
    const { engine, segmenter, labels, name } = this.#model;
    const { width, height } = engine.model.input;
    const { classes } = segmenter.options;
    const { score } = this.#parameters;
    return {
      name,
      engine: engine.kind,
      width,
      height,
      labels: labels.names,
      score,
      classes,
      kernels: engine.kernels,
    };
  }

  parameters(): readonly ShownParameter[] {
    return shownParameters(this.#parameters);
  }

  coloredBy(): ColoredBy {
    return this.#parameters.overlay_colors;
  }

  tolerance(): number {
    return this.#parameters.polygon_tolerance;
  }

  stats(camera: number): CameraStats {
    const { offered, answered, dropped, failed, discarded } = this.#live.counts(camera);
    const { stages } = this.#cameras[camera]!;
    return {
      ...{ received: offered, answered, dropped, skipped: 0, failed, discarded },
      stages: Object.fromEntries(
        STAGES.filter((stage) => stages[stage].count > 0).map((stage) => {
          const durations = stages[stage];
          return [stage, [durations.quantile(0.5), durations.quantile(0.95), durations.quantile(0.99)]];
        }),
      ),
    };
  }

  problem(): string | undefined {
    return this.#problem;
  }

  models(): ReadonlyMap<string, string> {
    return loadableModels(this.#model.file);
  }

  set(name: string, value: unknown): void {
    const next = { ...this.#parameters, ...givenParameter(name, value) };
    const { segmenter, labels } = this.#model;
    // Both before either: nothing is changed by half.
    const options = decodeOptions(next, labels.names);
    prepareOptions(options, segmenter.decoder.layout);
    segmenter.setOptions(options);
    this.#parameters = next;
    this.#track();
  }

  /** The former model stays in use until the new one is ready, or if the new one fails. */
  load(file: string): Promise<string> {
    return this.#changes.run(async () => {
      const next = { ...this.#parameters, model: file, labels: '', classes: [] };
      const model = await loadModel(next);
      let former: LoadedModel;
      try {
        await this.#live.replace(model.segmenter);
        former = this.#model;
      } catch (error) {
        await model.engine.close();
        this.#live.resume();
        throw error;
      }
      this.#model = model;
      // What was set while the model was being loaded holds.
      const { labels, classes } = next;
      this.#parameters = { ...this.#parameters, model: file, labels, classes };
      model.segmenter.setOptions(decodeOptions(this.#parameters, model.labels.names));
      this.#begin(model);
      await former.engine.close();
      this.page?.changed(true);
      return `${model.name} on ${model.engine.kind} is in use`;
    });
  }

  async close(): Promise<void> {
    await this.#changes.idle();
    await this.#live.stop();
    await this.#model.engine.close();
  }

  #begin({ segmenter, warnings }: LoadedModel): void {
    for (const text of warnings) this.warn(text);
    segmenter.decoder.onWarning = (text) => this.warn(text);
    for (const { tracking } of this.#cameras) tracking.reset();
    this.#track();
  }

  #track(): void {
    const options = trackingOptions(this.#parameters, this.#model.labels.names);
    for (const [index, { tracking }] of this.#cameras.entries())
      tracking.setOptions(options && { ...options, zones: this.zones[index] });
  }

  #count(camera: number, timings: LiveTimings): void {
    this.#problem = undefined;
    const { stages } = this.#cameras[camera]!;
    for (const stage of STAGES) stages[stage].add(timings[stage]);
  }
}

/** Names of cameras for inputs: their last part, numbered where several are the same. */
export function inputNames(inputs: readonly string[]): string[] {
  const names = inputs.map((input) => {
    if (input.startsWith('scene:')) return 'scene';
    const name = input.replace(/\/+$/, '').split('/').at(-1) ?? '';
    return name.replace(/\.\w+$/, '').replace(/[^\p{L}\p{N}_.-]+/gu, '_') || 'camera';
  });
  return names.map((name, index) => {
    const same = names.filter((other) => other === name).length > 1;
    return same ? `${name}_${names.slice(0, index + 1).filter((other) => other === name).length}` : name;
  });
}

/** @throws ExpectationError if there is nothing to show */
export function expectInputs(inputs: readonly string[]): void {
  if (inputs.length === 0)
    throw new ExpectationError('at least one INPUT', 'none', 'Try: tros-yolo-seg live scene:, or --help.');
}
