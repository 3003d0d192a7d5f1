import { steadyClock } from '../../base/clock.js';
import type { ZoneShape } from '../../vision/track/zone-shape.js';
import { TrackIds } from '../../vision/track/tracker.js';
import { prepareOptions } from '../../vision/decode/options.js';
import { ExpectationError, messageOf } from '../../base/expect.js';
import { stampFromNanoseconds } from '../../vision/picture/frame-source.js';
import { DiagnosticArrayWriter } from '../../message/write/diagnostic-array.js';
import { installedType } from '../../message/installed-type.js';
import { shortName } from '../../message/message-type.js';
import { parseClassMapSize } from '../../message/write/class-map.js';
import { OUTPUTS } from '../../message/outputs.js';
import { SEGMENT_PARAMETERS, type SegmentParameters } from '../../parameters/segment.js';
import { type CameraCounts, type LiveHandlers, LiveSegmenter } from '../../pipeline/live-segmenter.js';
import { BoardHealth } from './board-health.js';
import { CameraStream } from './camera-stream.js';
import type { ReceivedImage } from './received-image.js';
import type { DepthStreamOptions } from './depth-stream.js';
import { TransformFeed } from './transform-feed.js';
import {
  cameraNames,
  forEachCamera,
  placedTopics,
  regionsOfInterest,
  zonesOfCameras,
} from './camera-names.js';
import { EngineHealth } from './engine-health.js';
import { Lifecycle } from '../ros/lifecycle.js';
import { blurredClasses } from '../../model/blurred-classes.js';
import {
  decodeOptions,
  type LoadedModel,
  loadModel,
  maskedClasses,
  trackingOptions,
} from './loaded-model.js';
import { NativeSubscriptions } from './native-subscriptions.js';
import { ModelOutputs } from './model-outputs.js';
import { outputPlaces, outputSettings } from './output-settings.js';
import type { RawPublisher, RosNode } from '../ros/ros-node.js';
import type { LivePage } from '../../web/live-page.js';
import { openNodePage } from './node-page.js';
import { readWorkConfig } from './work-config.js';

/** Milliseconds between checks of the publishers of the image topics, and between diagnostics. */
const FOLLOW_PERIOD = 500;
const DIAGNOSTICS_PERIOD = 1000;
/** Milliseconds by which the signal that there are no results may be late. */
const WATCH_PERIOD = 50;

const NO_FRAMES: CameraCounts = { offered: 0, dropped: 0, answered: 0, failed: 0, discarded: 0 };

const DIAGNOSTICS = OUTPUTS.diagnostics;

type ParameterName = keyof SegmentParameters;

/** Objects that exist from `configure` to `cleanup`. */
interface Configured {
  model: LoadedModel;
  readonly native: NativeSubscriptions;
  readonly streams: readonly CameraStream[];
  readonly modelOutputs: ModelOutputs;
  /** If there is one. */
  page: LivePage | undefined;
}

/** The managed node `segment`: images in, detections and masks out. */
export class SegmentNode {
  readonly #parameters: SegmentParameters;
  readonly #lifecycle: Lifecycle;
  readonly #diagnostics: RawPublisher;
  readonly #diagnosticsWriter = new DiagnosticArrayWriter(installedType(shortName(DIAGNOSTICS.type)));
  readonly #engineHealth = new EngineHealth();
  readonly #boardHealth = new BoardHealth();
  readonly #timers: NodeJS.Timeout[];
  #configured: Configured | undefined;
  /** While active. */
  #live: LiveSegmenter<ReceivedImage> | undefined;
  #enabled = true;
  /** Of all cameras, as long as the node lives. */
  readonly #trackIds = new TrackIds();
  /** Whether there are zones or lines, and no tracking. */
  #uncounted = false;
  readonly #transforms: TransformFeed;
  /** Ids of the classes that are taken out of depth pictures; undefined: all. */
  #maskedClasses: readonly number[] | undefined;
  /** Why the last change of model failed. */
  #modelProblem: string | undefined;

  /** @throws ExpectationError for invalid parameters */
  constructor(private readonly ros: RosNode) {
    this.#transforms = new TransformFeed(ros);
    const workConfig = ros.parameters.given('work_config', SEGMENT_PARAMETERS);
    this.#parameters = ros.parameters.declare(
      SEGMENT_PARAMETERS,
      { check: (changed, next) => this.#check(changed, next), apply: (changed) => this.#apply(changed) },
      typeof workConfig === 'string' && workConfig !== '' ? readWorkConfig(workConfig) : {},
    );
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
    this.#diagnostics = ros.publish(DIAGNOSTICS.type, DIAGNOSTICS.topic, DIAGNOSTICS.qos);
    ros.serve<{ data: boolean }>('std_srvs/srv/SetBool', '~/enable', ({ data }) =>
      this.#lifecycle.exclusive(() => this.#enable(data)),
    );
    ros.serve<{ model: string; labels: string }>('tros_yolo_seg/srv/LoadModel', '~/load_model', (request) =>
      this.#lifecycle.exclusive(() => this.#loadModel(request)),
    );
    ros.serve<object>('std_srvs/srv/Trigger', '~/reset_tracks', () => {
      this.#resetTracks();
      return Promise.resolve({ success: true, message: 'all tracks are over; ids go on' });
    });
    ros.serve<object>('std_srvs/srv/Trigger', '~/reset_counts', () => {
      for (const { tracking } of this.#configured?.streams ?? []) tracking.resetCounts();
      return Promise.resolve({ success: true, message: 'zones and lines count from 0' });
    });
    this.#timers = [
      setInterval(() => this.#follow(), FOLLOW_PERIOD),
      setInterval(() => {
        this.#diagnose();
        this.#configured?.modelOutputs.repeat();
      }, DIAGNOSTICS_PERIOD),
      setInterval(
        () =>
          this.#configured?.streams.forEach(({ outputs, depth }) => {
            outputs.alive.check();
            depth?.tick();
          }),
        WATCH_PERIOD,
      ),
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
    const streams: CameraStream[] = [];
    let modelOutputs: ModelOutputs;
    try {
      modelOutputs = this.#openStreams(streams, model.engine.slots + model.engine.spare, native);
    } catch (error) {
      await Promise.all(streams.map((stream) => stream.destroy()));
      await model.engine.close();
      throw error;
    }
    this.#configured = { model, native, streams, modelOutputs, page: undefined };
    this.#modelProblem = undefined;
    try {
      this.#configured.page = await this.#openPage(streams);
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

  async #openPage(streams: readonly CameraStream[]): Promise<LivePage | undefined> {
    const { images, camera_names: given } = this.#parameters;
    const page = await openNodePage(
      {
        parameters: this.#parameters,
        model: () => this.#configured!.model,
        problem: () => this.#lifecycle.problem ?? this.#modelProblem,
        set: (values) => this.#set(values),
        load: (model) => this.#lifecycle.exclusive(() => this.#loadModel({ model, labels: '' })),
        log: (line, failed) => (failed ? this.ros.log.warn(line) : this.ros.log.info(line)),
      },
      cameraNames(images, given),
      streams,
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

  /** @param streams gets one stream for each image topic */
  #openStreams(streams: CameraStream[], inFlight: number, native: NativeSubscriptions): ModelOutputs {
    const parameters = this.#parameters;
    const { images } = parameters;
    const places = outputPlaces(parameters);
    const steps = forEachCamera('image_step', parameters.image_step, images.length, 0);
    const rows = forEachCamera('image_rows', parameters.image_rows, images.length, 0);
    const depths = placedTopics('depth', parameters.depth, images.length);
    const transforms = this.#transforms;
    const absent = new Map<string, string[]>();
    const missing = (type: string, topic: string): void =>
      void absent.set(type, [...(absent.get(type) ?? []), topic]);
    const input = {
      type: parameters.image_type,
      qos: parameters.image_qos,
      hbmFrameId: parameters.hbm_frame_id,
      framesInUse: inFlight + 1,
      native,
    };
    for (const [index, topic] of images.entries()) {
      const depth = depths[index]! === '' ? undefined : this.#depthOptions(index, depths[index]!);
      streams.push(
        new CameraStream(
          this.ros,
          topic,
          {
            ...input,
            reading: { step: steps[index]!, rows: rows[index]!, white: parameters.mono16_max },
          },
          outputSettings(places[index]!, () => this.#parameters),
          missing,
          {
            offer: (frame) => this.#live?.offer(index, frame),
            attach: (camera, frameOf) => this.#live?.attach(index, camera, frameOf),
            detach: async () => this.#live?.detach(index),
          },
          () => this.#live?.counts(index) ?? NO_FRAMES,
          steadyClock,
          this.#trackIds,
          depth && { options: depth, transforms },
        ),
      );
    }
    this.#setRates(streams);
    this.#setRegions(streams);
    const modelOutputs = new ModelOutputs(this.ros, places, missing);
    for (const [type, topics] of absent) {
      this.ros.log.info(`${type} is not installed: no ${topics.join(', ')}`);
    }
    return modelOutputs;
  }

  #depthOptions(index: number, topic: string): DepthStreamOptions {
    const parameters = this.#parameters;
    const { images } = parameters;
    const current = (): SegmentParameters => this.#parameters;
    return {
      topic,
      depthInfo: placedTopics('depth_info', parameters.depth_info, images.length)[index]!,
      colorInfo: placedTopics('camera_info', parameters.camera_info, images.length)[index]!,
      colorTopic: images[index]!,
      registration: parameters.depth_registration,
      upFrame: parameters.depth_up_frame,
      tolerance: parameters.depth_tolerance,
      queue: parameters.depth_queue,
      timeout: parameters.depth_timeout,
      order: () => ({
        space: { step: current().depth_step || undefined, band: current().depth_band },
        maskedClasses: this.#maskedClasses,
        maskMargin: current().depth_mask_margin,
        coloredBy: current().overlay_colors,
      }),
    };
  }

  #setRates(streams: readonly CameraStream[]): void {
    const rates = forEachCamera('max_rate', this.#parameters.max_rate, streams.length, 0);
    for (const [index, stream] of streams.entries()) {
      stream.setMinPeriod(rates[index]! > 0 ? 1000 / rates[index]! : 0);
    }
  }

  #setRegions(streams: readonly CameraStream[]): void {
    const regions = regionsOfInterest(this.#parameters.roi, streams.length);
    for (const [index, stream] of streams.entries()) stream.setRegion(regions[index]);
  }

  #activate(): Promise<void> {
    const { model, streams, page } = this.#configured!;
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
    await this.#closeStreams();
    await this.#live?.stop();
    this.#live = undefined;
    this.#resetTracks();
  }

  async #cleanup(): Promise<void> {
    const configured = this.#configured;
    if (!configured) return;
    this.#configured = undefined;
    await configured.page?.close();
    await Promise.all(configured.streams.map((stream) => stream.destroy()));
    configured.modelOutputs.destroy();
    configured.native.close();
    this.#transforms.close();
    await configured.model.engine.close();
  }

  /** Updates messages, overlays and the label table to the current model and thresholds. */
  #announceModel(): void {
    const { model, streams } = this.#configured!;
    const { labels, name, trosTypes } = model;
    const { kernels } = model.engine;
    for (const { outputs, depth } of streams) {
      outputs.use({ labels, modelName: name, trosTypes, kernels });
      depth?.use(labels);
    }
    this.#setMaskedClasses();
    this.#setTracking();
    this.#setOverlays();
    this.#publishModel();
    this.#configured!.page?.changed(true);
  }

  #publishModel(): void {
    const { model, modelOutputs } = this.#configured!;
    // Those that the decoder uses: while a model is loaded, the parameter may come to name classes that it does not know.
    const { classes } = model.segmenter.options;
    const { score } = this.#parameters;
    modelOutputs.publish({ labels: model.labels, score, classes, input: model.engine.model.input });
  }

  #setTracking(): void {
    const { model, streams } = this.#configured!;
    const options = trackingOptions(this.#parameters, model.labels.names);
    const zones = this.#zonesOf(this.#parameters);
    const uncounted = !options && zones.some(({ length }) => length > 0);
    if (uncounted && !this.#uncounted)
      this.ros.log.warn('Zones and lines count nothing until tracking is on.');
    this.#uncounted = uncounted;
    for (const [index, { tracking }] of streams.entries()) {
      tracking.setOptions(options && { ...options, zones: zones[index] });
    }
  }

  #zonesOf({
    zones,
    lines,
    images,
    camera_names: names,
  }: SegmentParameters): readonly (readonly ZoneShape[])[] {
    return zonesOfCameras(zones, lines, cameraNames(images, names));
  }

  #setMaskedClasses(): void {
    const { labels } = this.#configured!.model;
    this.#maskedClasses = maskedClasses(this.#parameters, labels.names);
  }

  #resetTracks(): void {
    for (const { tracking } of this.#configured?.streams ?? []) tracking.reset();
  }

  #setOverlays(): void {
    const { model, streams } = this.#configured!;
    const parameters = this.#parameters;
    const options = {
      trails: parameters.overlay_trails,
      labels: model.labels.names,
      colors: parameters.overlay_colors,
      masks: parameters.overlay_masks,
      boxes: parameters.overlay_boxes,
      names: parameters.overlay_labels,
      blur: blurredClasses(parameters.overlay_blur, parameters.classes, model.labels.names),
    };
    for (const { outputs } of streams) outputs.overlay.setOptions(options, parameters.jpeg_quality);
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
    this.#zonesOf(next);
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
    this.#setTracking();
    this.#setMaskedClasses();
    if (changed.includes('max_rate')) this.#setRates(this.#configured!.streams);
    if (changed.includes('roi')) this.#setRegions(this.#configured!.streams);
    if (changed.includes('score') || changed.includes('classes')) this.#publishModel();
    this.#setOverlays();
    this.#configured!.page?.changed(false);
  }

  async #enable(wanted: boolean): Promise<{ success: boolean; message: string }> {
    if (wanted !== this.#enabled) {
      this.#enabled = wanted;
      if (!wanted) await this.#closeStreams();
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
      this.#resetTracks();
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
        await this.#closeStreams();
        this.#follow();
      }
      throw error;
    }
  }

  async #closeStreams(): Promise<void> {
    await Promise.all((this.#configured?.streams ?? []).map((stream) => stream.close()));
  }

  #follow(): void {
    if (!this.#live || !this.#enabled) return;
    for (const stream of this.#configured?.streams ?? []) stream.follow();
  }

  #diagnose(): void {
    const model = this.#configured?.model;
    const name = this.ros.fullName.slice(1);
    const engine = this.#engineHealth.status(name, {
      engine: model?.engine,
      modelName: model?.name ?? '',
      classCount: model?.labels.names.length ?? 0,
      unknownClasses: model?.segmenter.decoder.unknownClasses ?? 0,
      inFlight: this.#live?.inFlight ?? 0,
      state: this.#lifecycle.state,
      enabled: this.#enabled,
      problem: this.#lifecycle.problem ?? this.#modelProblem,
      middleware: this.ros.middleware,
    });
    const cameras =
      this.#live && this.#configured
        ? this.#configured.streams.map(({ health }) =>
            health.status(name, model?.engine.kind ?? '', this.#enabled),
          )
        : [];
    const header = { stamp: stampFromNanoseconds(this.ros.now()), frameId: '' };
    const board = this.#boardHealth.status(name) ?? [];
    this.#diagnostics.publish(this.#diagnosticsWriter.write(header, [engine, ...cameras].concat(board)));
  }
}
