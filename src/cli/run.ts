import type { DecodeOptions } from '../vision/decode/options.js';
import { guardedFrames } from '../vision/picture/frame-source.js';
import { ExpectationError, errorOf, reportOf } from '../base/expect.js';
import { openInputs } from '../media/inputs.js';
import { parseRegion, type Region } from '../vision/picture/region.js';
import type { FrameSource } from '../vision/picture/frame-source.js';
import { Labels } from '../message/write/labels.js';
import { demoModel } from '../model/demo-model.js';
import { findModel } from '../model/find-model.js';
import { openRecognized } from '../pipeline/open-segmenter.js';
import { TrackIds } from '../vision/track/tracker.js';
import { CameraTracking, decodeForTracking, type TrackingOptions } from '../pipeline/tracking.js';
import { type FrameResult, isResult, type Segmenter } from '../pipeline/segmenter.js';
import { BPU_OPTIONS, engineSettings } from './bpu-options.js';
import { colored } from './color.js';
import { command } from './program.js';
import { checkOutputs, type Output, ReadFiles } from './outputs.js';
import { type Arguments, optionHelp } from './options.js';
import { printable } from './printable.js';
import { Blur } from '../media/render/blur.js';
import { Progress } from './progress.js';
import {
  bagCompression,
  blurOption,
  colorRange,
  decodeOptions,
  headRoles,
  imageReading,
  pictureSize,
  RUN_OPTIONS,
  trackingOptions,
} from './run-options.js';
import { BagSink } from './sinks/bag-file.js';
import { CocoSink } from './sinks/coco-file.js';
import { CsvSink } from './sinks/csv-file.js';
import { FrameFolder } from './sinks/frame-folder.js';
import { FrameNames } from './sinks/frame-names.js';
import { JsonLinesSink } from './sinks/json-lines.js';
import { LABEL_MAP_SUFFIXES, LabelMapsSink } from './sinks/label-maps.js';
import { OverlayPicturesSink } from './sinks/overlay-pictures.js';
import { OverlayRenderer } from './sinks/overlay-renderer.js';
import type { ResultSink } from './sinks/sink.js';
import { YoloLabelsSink } from './sinks/yolo-labels.js';
import { Stop } from './stop.js';
import { Summary } from './summary.js';

/** Frames before, of which the overlay shows where tracked objects were. */
const TRAILS = 30;

const OPTIONS = { ...RUN_OPTIONS, ...BPU_OPTIONS };

const USAGE = `Usage: tros-yolo-seg run INPUT... [options]

Segments every frame of the inputs: pictures, raw NV12 files, videos (needs ffmpeg), rosbag2 bags (MCAP),
folders of these, and scene: (a generated camera).

${optionHelp(RUN_OPTIONS)}

Models for the BPU (.bin):
${optionHelp(BPU_OPTIONS)}

Exit code: 0 when all inputs were done, 1 when a frame or input failed or an output could not be completed (a
full disk), 2 when nothing could be done (a wrong option, not one frame that could be read), 130 or 143 after
SIGINT or SIGTERM: frames in flight are then finished and outputs closed.
`;

/** `tros-yolo-seg run`: files in, detections and masks out. */
export const run = command({
  summary: 'segment pictures, videos, bags, NV12 files or the generated scene',
  usage: USAGE,
  options: OPTIONS,
  async run(args) {
    if (args.positionals.length === 0) {
      throw new ExpectationError(
        'at least one INPUT',
        'none',
        'Try: tros-yolo-seg run scene: --overlay out, or --help.',
      );
    }
    // Errors in the settings are found before the model is loaded and before any file is created.
    const roles = headRoles(args);
    const size = pictureSize(args);
    const reading = imageReading(args);
    bagCompression(args);
    const region = parseRegion('--roi', args.text('roi') ?? '');
    const given = args.text('model');
    const model = given === undefined ? demoModel() : findModel(given);
    const read = new ReadFiles([...args.positionals, model, args.text('labels'), args.text('library')]);
    checkOutputs(outputsOf(args), read, args.flag('force'));
    let tracked: TrackingOptions | undefined;
    let blur: Blur | undefined;
    const { engine, segmenter, labels } = await openRecognized(
      model,
      engineSettings(args),
      { roles, labelFile: args.text('labels') },
      (names, warnings) => {
        warn(warnings);
        const decoding = decodeOptions(args, names);
        const blurred = blurOption(args, names);
        if (blurred.length > 0) blur = new Blur(new Set(blurred));
        tracked = trackingOptions(args, decoding);
        return tracked ? decodeForTracking(decoding, tracked.lowScore!) : decoding;
      },
    );
    const ids = new TrackIds();
    // Each source is a camera of its own; no id comes in two of them.
    const trackingOf = (): CameraTracking | undefined => {
      if (tracked === undefined) return undefined;
      const tracking = new CameraTracking(ids);
      tracking.setOptions(tracked);
      return tracking;
    };
    const sinks: ResultSink[] = [];
    let stop: Stop | undefined;
    try {
      segmenter.decoder.onWarning = (text) => warn([text]);

      const { sources, failed } = await openInputs([...args.positionals], {
        size,
        topic: args.text('topic'),
        frames: args.number('frames'),
        rate: args.number('rate'),
        seed: args.number('seed'),
        reading,
      });
      const summary = new Summary();
      for (const { name, error } of failed) {
        summary.fail(name, error);
        report(name, error);
      }
      const quiet = args.flag('quiet');
      stop = Stop.listen(quiet);
      if (sources.length > 0)
        await openSinks(sinks, args, labels, decodeOptions(args, labels), sources, read);
      let broken: Error | undefined;
      try {
        for (const source of sources) {
          if (stop.requested) break;
          const outputs = { sinks, blur };
          await segmentSource(source, segmenter, region, trackingOf(), outputs, summary, quiet, stop);
        }
      } catch (error) {
        broken = errorOf(error);
      }
      const unclosed = await closeAll(sinks.splice(0));
      broken ??= unclosed;
      if (broken) report('tros-yolo-seg', broken);
      // Standard output may contain the JSON lines, so the summary goes to standard error.
      if (!quiet) process.stderr.write(summary.text() + stop.text);
      // A closed pipe (0) must not hide a failure.
      if (stop.exitCode) return stop.exitCode;
      if (broken === undefined && summary.failures === 0) return 0;
      return summary.frames === 0 && summary.failures > 0 ? 2 : 1;
    } finally {
      await closeAll(sinks);
      await engine.close();
      stop?.release();
    }
  },
});

async function segmentSource(
  source: FrameSource,
  segmenter: Segmenter,
  region: Region | undefined,
  tracking: CameraTracking | undefined,
  { sinks, blur }: { readonly sinks: readonly ResultSink[]; readonly blur: Blur | undefined },
  summary: Summary,
  quiet: boolean,
  stop: Stop,
): Promise<void> {
  const progress = quiet ? undefined : new Progress(source.name, source.count);
  summary.begin(source.name);
  let warned: string | undefined;
  try {
    for await (const item of segmenter.segment(stop.until(guardedFrames(source)), region, tracking)) {
      if (isResult(item)) {
        progress?.step();
        summary.add(item);
        const { warning } = item;
        // All frames of a camera have the same problem.
        if (warning !== undefined && warning !== warned && !quiet) {
          progress?.end();
          process.stderr.write(`${source.name}, frame ${item.frame.index}: ${(warned = warning)}\n`);
        }
        const shown = blur ? blurred(item, blur) : item;
        for (const sink of sinks) await sink.write(shown);
      } else {
        // A bar that is full tells of success: that of a bad picture must not be drawn.
        progress?.end();
        progress?.skip();
        summary.fail(source.name, item.error);
        report(`${source.name}, frame ${item.index}`, item.error);
      }
    }
  } finally {
    progress?.end();
    summary.end();
  }
}

/** The result with a frame that no longer shows what is blurred, before any output sees it. */
function blurred(result: FrameResult, blur: Blur): FrameResult {
  const frame = blur.apply(result.frame.frame, result.segmentation);
  return { ...result, frame: { ...result.frame, frame } };
}

/** All outputs except JSON lines on standard output. */
function outputsOf(args: Arguments): Output[] {
  const outputs: Output[] = [];
  const add = (name: string, kind: Output['kind']): void => {
    const path = args.text(name);
    if (path !== undefined && !(name === 'json' && path === '-')) {
      outputs.push({ option: `--${name}`, path, kind });
    }
  };
  add('json', 'file');
  add('mcap', 'bag');
  add('overlay', 'folder');
  add('coco', 'file');
  add('csv', 'file');
  add('yolo', 'folder');
  add('maps', 'folder');
  return outputs;
}

/** Adds the outputs to `sinks` one by one, so that open ones are closed if the next cannot be opened. */
async function openSinks(
  sinks: ResultSink[],
  args: Arguments,
  labels: readonly string[],
  { score, classes }: DecodeOptions,
  sources: readonly FrameSource[],
  read: ReadFiles,
): Promise<void> {
  const renderer = new OverlayRenderer(labels, colorRange(args), args.flag('track') ? TRAILS : 0);
  const replace = args.flag('force');
  const [json, mcap, overlay] = [args.text('json'), args.text('mcap'), args.text('overlay')];
  if (overlay !== undefined) {
    const names = sources.map(({ name }) => name);
    sinks.push(new OverlayPicturesSink(overlay, renderer, { sources: names, read, replace }));
  }
  if (json !== undefined) {
    const masks = args.text('masks') !== 'none';
    sinks.push(await JsonLinesSink.open(json, new Labels(labels), { replace, masks }));
  }
  if (mcap !== undefined) {
    const images = args.flag('mcap-images');
    const drawn = args.flag('mcap-overlay') ? renderer : undefined;
    sinks.push(
      await BagSink.open(mcap, {
        ...{ labels, threshold: score!, classes, images, overlay: drawn, replace },
        ...{ jpeg: args.flag('mcap-jpeg'), range: colorRange(args), compression: bagCompression(args) },
      }),
    );
  }
  const frames = new FrameNames(sources);
  const [coco, csv, yolo, maps] = [args.text('coco'), args.text('csv'), args.text('yolo'), args.text('maps')];
  if (coco !== undefined) {
    const masks = args.text('masks') !== 'none';
    sinks.push(await CocoSink.open(coco, labels, frames, { replace, masks }));
  }
  if (csv !== undefined) sinks.push(await CsvSink.open(csv, new Labels(labels), replace));
  const folder = (name: string, path: string, suffixes: readonly string[]): FrameFolder =>
    new FrameFolder(path, { option: `--${name}`, names: frames, suffixes, read, replace });
  if (yolo !== undefined) sinks.push(new YoloLabelsSink(folder('yolo', yolo, ['.txt']), frames));
  if (maps !== undefined) sinks.push(new LabelMapsSink(folder('maps', maps, LABEL_MAP_SUFFIXES), frames));
}

/** Closes all of them, even if some fail. @returns the first error */
async function closeAll(sinks: readonly ResultSink[]): Promise<Error | undefined> {
  let first: Error | undefined;
  for (const sink of sinks) {
    try {
      await sink.close();
    } catch (error) {
      first ??= errorOf(error);
    }
  }
  return first;
}

function warn(warnings: readonly string[]): void {
  for (const text of warnings) process.stderr.write(`tros-yolo-seg: ${printable(text)}\n`);
}

function report(where: string, error: Error): void {
  process.stderr.write(`${colored(`${where}:`, 'red')} ${reportOf(error)}\n`);
}
