import { steadyClock } from '../../base/clock.js';
import { prepareOptions } from '../../vision/decode/options.js';
import { ExpectationError, messageOf } from '../../base/expect.js';
import { parseClassMapSize } from '../../message/write/class-map.js';
import { SEGMENT_PARAMETERS, type SegmentParameters } from '../../parameters/segment.js';
import { type CameraCounts, type LiveHandlers, LiveSegmenter } from '../../pipeline/live-segmenter.js';
import type { ReceivedImage } from './received-image.js';
import { cameraNames, forEachCamera, regionsOfInterest } from './camera-names.js';
import { CameraStreams, zonesOf } from './camera-streams.js';
import { Lifecycle } from '../ros/lifecycle.js';
import { decodeOptions, type LoadedModel, loadModel, maskedClasses } from './loaded-model.js';
import { NativeSubscriptions } from './native-subscriptions.js';
import { ModelOutputs } from './model-outputs.js';
import { outputPlaces } from './output-settings.js';
import type { RosNode } from '../ros/ros-node.js';
import type { LivePage } from '../../web/live-page.js';
import { NodeDiagnostics } from './node-diagnostics.js';
import { openNodePage } from './node-page.js';
import { readWorkConfig } from './work-config.js';

/** Milliseconds between checks of the publishers of the image topics, and between diagnostics. */
const FOLLOW_PERIOD = 500;
const DIAGNOSTICS_PERIOD = 1000;
/** Maximum delay of the signal that there are no results, in milliseconds. */
const WATCH_PERIOD = 50;

const NO_FRAMES: CameraCounts = { offered: 0, dropped: 0, answered: 0, failed: 0, discarded: 0 };

type ParameterName = keyof SegmentParameters;

/** Objects that exist from `configure` to `cleanup`. */
interface Configured {
  model: LoadedModel;
  readonly native: NativeSubscriptions;
  readonly modelOutputs: ModelOutputs;
  /** If there is one. */
  page: LivePage | undefined;
}

/** The managed node `segment`: images in, detections and masks out. */
export class SegmentNode {
  readonly #parameters: SegmentParameters;
  readonly #lifecycle: Lifecycle;
  readonly #diagnostics: NodeDiagnostics;
  readonly #timers: NodeJS.Timeout[];
  #configured: Configured | undefined;
  /** While active. */
  #live: LiveSegmenter<ReceivedImage> | undefined;
  #enabled = true;
  readonly #cameras: CameraStreams;
  /** Why the last change of model failed. */
  #modelProblem: string | undefined;

  /** @throws ExpectationError for invalid parameters */
  constructor(private readonly ros: RosNode) {
    const workConfig = ros.parameters.given('work_config', SEGMENT_PARAMETERS);
    this.#parameters = ros.parameters.declare(
      SEGMENT_PARAMETERS,
      { check: (changed, next) => this.#check(changed, next), apply: (changed) => this.#apply(changed) },
      typeof workConfig === 'string' && workConfig !== '' ? readWorkConfig(workConfig) : {},
    );
    this.#cameras = new CameraStreams(ros, this.#parameters, {
      offer: (camera, frame) => this.#live?.offer(camera, frame),
      attach: (camera, native, frameOf) => this.#live?.attach(camera, native, frameOf),
      detach: async (camera) => this.#live?.detach(camera),
      counts: (camera) => this.#live?.counts(camera) ?? NO_FRAMES,
    });
    this.#lifecycle = new Lifecycle(ros, {
      configure: () => this.#configure(),
      activate: () => this.#activate(),
      deactivate: () => this.#deactivate(),
      cleanup: () => this.#cleanup(),
      shutdown: async () => {
        await this.#deactivate();
        await this.#cleanup();
      },
    });
    this.#diagnostics = new NodeDiagnostics(ros);
    ros.serve<{ data: boolean }>('std_srvs/srv/SetBool', '~/enable', ({ data }) =>
      this.#lifecycle.exclusive(() => this.#enable(data)),
    );
    ros.serve<{ model: string; labels: string }>('tros_yolo_seg/srv/LoadModel', '~/load_model', (request) =>
      this.#lifecycle.exclusive(() => this.#loadModel(request)),
    );
    ros.serve<object>('std_srvs/srv/Trigger', '~/reset_tracks', () => {
      this.#cameras.resetTracks();
      return Promise.resolve({ success: true, message: 'all tracks are over; ids go on' });
    });
    ros.serve<object>('std_srvs/srv/Trigger', '~/reset_counts', () => {
      this.#cameras.resetCounts();
      return Promise.resolve({ success: true, message: 'zones and lines count from 0' });
    });
    this.#timers = [
      setInterval(() => this.#follow(), FOLLOW_PERIOD),
      setInterval(() => {
        this.#diagnose();
        this.#configured?.modelOutputs.repeat();
      }, DIAGNOSTICS_PERIOD),
      setInterval(() => {
        for (const { outputs, depth } of this.#cameras.all) {
          outputs.alive.check();
          depth?.tick();
        }
      }, WATCH_PERIOD),
    ];
  }

  /**
   * Configures and activates the node, unless parameter `autostart` is false.
   *
   * @returns false if that fails; the reason is in the log
   */
  async start(): Promise<boolean> {
    if (!this.#parameters.autostart) {
      this.ros.log.info(`Waiting for: ros2 lifecycle set ${this.ros.fullName} configure`);
      return true;
    }
    try {
      await this.#lifecycle.request('configure');
      await this.#lifecycle.request('activate');
      return true;
    } catch {
      return false; // the life cycle has logged it
    }
  }

  /** Finishes the frames in flight and frees everything; the node cannot be used after that. */
  async end(): Promise<void> {
    this.#timers.forEach(clearInterval);
    await this.#lifecycle.exclusive(async () => {
      await this.#deactivate();
      await this.#cleanup();
    });
  }

  async #configure(): Promise<void> {
    const native = new NativeSubscriptions(this.ros, this.#parameters.camera_transport);
    const model = await this.#open(this.#parameters);
    let modelOutputs: ModelOutputs;
    try {
      modelOutputs = this.#openOutputs(model.engine.slots + model.engine.spare, native);
    } catch (error) {
      await this.#cameras.destroy();
      await model.engine.close();
      throw error;
    }
    this.#configured = { model, native, modelOutputs, page: undefined };
    this.#modelProblem = undefined;
    try {
      this.#configured.page = await this.#openPage();
    } catch (error) {
      await this.#cleanup();
      throw error;
    }
    this.#announceModel();
    const { kind, slots } = model.engine;
    const { width, height } = model.engine.model.input;
    this.ros.log.info(
      `${model.name} on ${kind}: ${width}x${height}, ${model.labels.names.length} classes, ${slots} frames in flight`,
    );
  }

  async #openPage(): Promise<LivePage | undefined> {
    const { images, camera_names: given } = this.#parameters;
    const page = await openNodePage(
      {
        parameters: this.#parameters,
        model: () => this.#configured!.model,
        problem: () => this.#lifecycle.problem ?? this.#modelProblem,
        diagnostics: () => this.#diagnostics.latest,
        set: (values) => this.#set(values),
        load: (model) => this.#lifecycle.exclusive(() => this.#loadModel({ model, labels: '' })),
        log: (line, failed) => (failed ? this.ros.log.warn(line) : this.ros.log.info(line)),
      },
      cameraNames(images, given),
      this.#cameras.all,
    );
    if (page) this.ros.log.info(`Live page: ${page.address}`);
    return page;
  }

  /** Sets parameters as `ros2 param set` does. @throws ExpectationError, and changes nothing */
  #set(values: Partial<SegmentParameters>): void {
    const names = Object.keys(values) as ParameterName[];
    this.#check(names, { ...this.#parameters, ...values });
    this.ros.parameters.set(SEGMENT_PARAMETERS, values);
    this.#apply(names);
  }

  #openOutputs(inFlight: number, native: NativeSubscriptions): ModelOutputs {
    const absent = new Map<string, string[]>();
    const missing = (type: string, topic: string): void =>
      void absent.set(type, [...(absent.get(type) ?? []), topic]);
    this.#cameras.open(inFlight + 1, native, missing);
    const modelOutputs = new ModelOutputs(this.ros, outputPlaces(this.#parameters), missing);
    for (const [type, topics] of absent) {
      this.ros.log.info(`${type} is not installed: no ${topics.join(', ')}`);
    }
    return modelOutputs;
  }

  #activate(): Promise<void> {
    const { model, page } = this.#configured!;
    const streams = this.#cameras.all;
    const handlers: LiveHandlers<ReceivedImage> = {
      result: (camera, frame, pixels, segmentation, timings) => {
        streams[camera]!.publish(frame, pixels, segmentation, timings);
        page?.result(camera, { header: frame, pixels, segmentation, timings });
      },
      failure: (camera, _frame, error) => streams[camera]!.health.addError(error.message),
      track: (camera, frame, segmentation) => streams[camera]!.tracking.apply(frame.stamp, segmentation),
    };
    this.#live = new LiveSegmenter(
      model.segmenter,
      streams.length,
      handlers,
      steadyClock,
      this.#parameters.queue_size,
    );
    this.#follow();
    return Promise.resolve();
  }

  async #deactivate(): Promise<void> {
    await this.#cameras.close();
    await this.#live?.stop();
    this.#live = undefined;
    this.#cameras.resetTracks();
  }

  async #cleanup(): Promise<void> {
    const configured = this.#configured;
    if (!configured) return;
    this.#configured = undefined;
    await configured.page?.close();
    await this.#cameras.destroy();
    configured.modelOutputs.destroy();
    configured.native.close();
    await configured.model.engine.close();
  }

  /** Updates messages, overlays and the label table to the current model and thresholds. */
  #announceModel(): void {
    const { model, page } = this.#configured!;
    this.#cameras.use(model);
    this.#publishModel();
    page?.changed(true);
  }

  #publishModel(): void {
    const { model, modelOutputs } = this.#configured!;
    // The decoder's, because the parameter may already name classes of a model that is being loaded.
    const { classes } = model.segmenter.options;
    const { score } = this.#parameters;
    modelOutputs.publish({ labels: model.labels, score, classes, input: model.engine.model.input });
  }

  #check(changed: readonly ParameterName[], next: SegmentParameters): void {
    const fixed = changed.find((name) => !('dynamic' in SEGMENT_PARAMETERS[name]));
    if (fixed !== undefined && this.#lifecycle.state !== 'unconfigured') {
      throw new ExpectationError(
        `an unconfigured node to change parameter ${fixed}`,
        `one that is ${this.#lifecycle.state}`,
        `ros2 lifecycle set ${this.ros.fullName} deactivate, then cleanup. Models are also changed by ~/load_model.`,
      );
    }
    parseClassMapSize(next.class_map_size);
    zonesOf(next);
    const model = this.#configured?.model;
    if (model) {
      forEachCamera('max_rate', next.max_rate, next.images.length, 0);
      regionsOfInterest(next.roi, next.images.length);
      const { names } = model.labels;
      prepareOptions(decodeOptions(next, names), model.segmenter.decoder.layout);
      maskedClasses(next, names);
    }
  }

  #apply(changed: readonly ParameterName[]): void {
    const model = this.#configured?.model;
    if (!model) return;
    model.segmenter.setOptions(decodeOptions(this.#parameters, model.labels.names));
    this.#cameras.apply(changed, model);
    if (changed.includes('score') || changed.includes('classes')) this.#publishModel();
    this.#configured!.page?.changed(false);
  }

  async #enable(wanted: boolean): Promise<{ success: boolean; message: string }> {
    if (wanted !== this.#enabled) {
      this.#enabled = wanted;
      if (!wanted) await this.#cameras.close();
      this.#follow();
      this.ros.log.info(wanted ? 'Enabled' : 'Disabled: no images are taken');
    }
    return { success: true, message: wanted ? 'enabled' : 'disabled' };
  }

  async #open(parameters: SegmentParameters): Promise<LoadedModel> {
    const model = await loadModel(parameters);
    for (const text of model.warnings) this.ros.log.warn(text);
    model.segmenter.decoder.onWarning = (text) => this.ros.log.warn(text);
    return model;
  }

  /** The old model stays in use until the new one is ready, or if the new one fails. */
  async #loadModel({ model: file, labels }: { model: string; labels: string }): Promise<{
    success: boolean;
    message: string;
  }> {
    const wanted = { model: file, labels };
    const configured = this.#configured;
    if (!configured) {
      this.ros.parameters.set(SEGMENT_PARAMETERS, wanted);
      return { success: true, message: 'will be loaded when the node is configured' };
    }
    try {
      const model = await this.#open({ ...this.#parameters, ...wanted });
      await this.#use(model);
      const former = configured.model;
      configured.model = model;
      this.#cameras.resetTracks();
      this.ros.parameters.set(SEGMENT_PARAMETERS, wanted);
      this.#announceModel();
      await former.engine.close();
      this.#modelProblem = undefined;
      const message = `${model.name} on ${model.engine.kind} is in use`;
      this.ros.log.info(message);
      return { success: true, message };
    } catch (error) {
      this.#modelProblem = messageOf(error);
      this.ros.log.error(`load_model: ${this.#modelProblem} ${configured.model.name} stays in use.`);
      return { success: false, message: this.#modelProblem };
    }
  }

  /** Closes the model if cameras cannot be attached to it. */
  async #use(model: LoadedModel): Promise<void> {
    try {
      await this.#live?.replace(model.segmenter);
    } catch (error) {
      await model.engine.close();
      try {
        this.#live?.resume();
      } catch {
        // The next checks of the cameras' topics retry, and report the error.
        await this.#cameras.close();
        this.#follow();
      }
      throw error;
    }
  }

  #follow(): void {
    if (this.#live && this.#enabled) this.#cameras.follow();
  }

  #diagnose(): void {
    const model = this.#configured?.model;
    const cameras = this.#live && this.#configured ? this.#cameras.all : [];
    this.#diagnostics.publish(
      {
        engine: model?.engine,
        modelName: model?.name ?? '',
        classCount: model?.labels.names.length ?? 0,
        unknownClasses: model?.segmenter.decoder.unknownClasses ?? 0,
        inFlight: this.#live?.inFlight ?? 0,
        state: this.#lifecycle.state,
        enabled: this.#enabled,
        problem: this.#lifecycle.problem ?? this.#modelProblem,
      },
      cameras.map(({ health }) => health),
    );
  }
}
