import { existsSync } from 'node:fs';
import type { DecodeOptions } from '../vision/decode/options.js';
import type { FrameSource } from '../vision/picture/frame-source.js';
import { parseRegion } from '../vision/picture/region.js';
import { ExpectationError, errorOf, reportOf } from '../base/expect.js';
import { expandGlobs } from '../media/globs.js';
import { type Inputs, openInputs } from '../media/inputs.js';
import { videoSuffix } from '../media/video-writer.js';
import { Labels } from '../message/write/labels.js';
import { demoModel } from '../model/demo-model.js';
import { findModel } from '../model/find-model.js';
import { openRecognized } from '../pipeline/open-segmenter.js';
import { decodeForTracking, type TrackingOptions } from '../pipeline/tracking.js';
import { BPU_OPTIONS, engineSettings } from './bpu-options.js';
import { colored } from './color.js';
import { command } from './program.js';
import { checkOutputs, type Output, ReadFiles } from './outputs.js';
import { type Arguments, optionHelp } from './options.js';
import { printable } from './printable.js';
import { Blur } from '../media/render/blur.js';
import { type Done, readDone, withoutDone } from './resume.js';
import {
  bagCompression,
  blurOption,
  colorRange,
  coloring,
  decodeOptions,
  depthOf,
  headRoles,
  imageReading,
  overlayOptions,
  pictureOptions,
  pictureSize,
  RUN_OPTIONS,
  trackingOptions,
  zonesOf,
} from './run-options.js';
import { RunSources } from './run-sources.js';
import { selectedCount, type Selection, selectionOf, shardOf } from './selection.js';
import { BagSink } from './sinks/bag-file.js';
import { CocoSink } from './sinks/coco-file.js';
import { CsvSink } from './sinks/csv-file.js';
import { FrameFolder } from './sinks/frame-folder.js';
import { FrameNames } from './sinks/frame-names.js';
import { JsonLinesSink } from './sinks/json-lines.js';
import { LABEL_MAP_SUFFIXES, LabelMapsSink } from './sinks/label-maps.js';
import { nameSources } from './sinks/output-names.js';
import { OverlayPicturesSink } from './sinks/overlay-pictures.js';
import { OverlayRenderer } from './sinks/overlay-renderer.js';
import { OverlayVideoSink, VideoPlan } from './sinks/overlay-video.js';
import type { ResultSink } from './sinks/sink.js';
import { YoloLabelsSink } from './sinks/yolo-labels.js';
import { Stop } from './stop.js';
import { Summary } from './summary.js';

const OPTIONS = { ...RUN_OPTIONS, ...BPU_OPTIONS };

const USAGE = `Usage: tros-yolo-seg run INPUT... [options]

Segments every frame of the inputs: pictures, raw NV12 files, videos, cameras (/dev/video0) and streams (rtsp://,
http://; these three need ffmpeg), rosbag2 bags (MCAP), folders of these, quoted patterns ('photos/**/*.jpg'),
- (standard input: a picture, or raw NV12 with --size), and scene: (a generated camera).

${optionHelp(RUN_OPTIONS)}

Models for the BPU (.bin):
${optionHelp(BPU_OPTIONS)}

Exit code: 0 when all inputs were done, 1 when a frame or input failed or an output could not be completed (a
full disk), 2 when nothing could be done (a wrong option, not one frame that could be read), 130 or 143 after
SIGINT or SIGTERM: frames in flight are then finished and outputs closed.
`;

/** `tros-yolo-seg run`: files in, detections and masks out. */
export const run = command({
  summary: 'segment pictures, videos, bags, NV12 files, cameras, streams or the generated scene',
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
    const settings = settingsOf(args);
    const names = await expandGlobs(args.positionals);
    const given = args.text('model');
    const model = given === undefined ? demoModel() : findModel(given);
    const others = [model, args.text('labels'), args.text('library'), args.text('config')];
    const read = new ReadFiles([...names, ...others], args.flag('recursive'));
    checkOutputs(outputsOf(args), read, args.flag('force'));
    let tracked: TrackingOptions | undefined;
    let blur: Blur | undefined;
    const { engine, segmenter, labels } = await openRecognized(
      model,
      engineSettings(args),
      { roles: settings.roles, labelFile: args.text('labels') },
      (classes, warnings) => {
        warn(warnings);
        const decoding = decodeOptions(args, classes);
        const blurred = blurOption(args, classes);
        if (blurred.length > 0) blur = new Blur(new Set(blurred));
        tracked = trackingOptions(args, decoding);
        return tracked ? decodeForTracking(decoding, tracked.lowScore!) : decoding;
      },
    );
    const sinks: ResultSink[] = [];
    let stop: Stop | undefined;
    try {
      segmenter.decoder.onWarning = (text) => warn([text]);
      const quiet = args.flag('quiet');
      const running: { work?: RunSources } = {};
      const note = (text: string): void => {
        if (quiet) return;
        running.work?.progress?.end();
        process.stderr.write(`${printable(text)}\n`);
      };
      const lost = new AbortController();
      const opened = await openInputs(names, { ...settings.inputs, onNote: note, signal: lost.signal });
      opened.notes.forEach(note);
      if (opened.sources.length === 0 && opened.failed.length === 0) {
        note(`No input belongs to part ${args.text('shard')}: there are fewer inputs than parts.`);
      }
      const classNames = new Labels(labels);
      const summary = new Summary((classId) => classNames.name(classId));
      for (const { name, error } of opened.failed) {
        summary.fail(name, error);
        report(name, error);
      }
      const done = args.flag('resume') ? await doneBefore(args, opened, settings.selection, note) : undefined;
      const sources = done ? withoutDone(opened.sources, done.sources) : opened.sources;
      if (done && opened.sources.length > sources.length) {
        const finished = opened.sources.length - sources.length;
        note(`${finished} of ${opened.sources.length} inputs were done before.`);
      }
      stop = Stop.listen(quiet);
      stop.signal.addEventListener('abort', () => lost.abort());
      if (sources.length > 0) {
        const decoding = decodeOptions(args, labels);
        await openSinks(sinks, { args, labels, decoding, all: opened.sources, sources, read, done });
      }
      running.work = new RunSources({
        segmenter,
        region: settings.region,
        selection: settings.selection,
        tracked,
        depth: depthOf(args, labels),
        lastTrack: done?.lastTrack,
        sinks,
        blur,
        summary,
        quiet,
        stop,
        report,
      });
      let broken: Error | undefined;
      try {
        await running.work.all(sources);
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
      if (broken !== undefined || summary.failures > 0)
        return summary.frames === 0 && summary.failures > 0 ? 2 : 1;
      // One part of several, or what was left of a run, may well have nothing to do.
      const expected = sources.length > 0 && !settings.inputs.shard && !done?.sources.length;
      return expected && summary.frames === 0 ? 2 : 0;
    } finally {
      await closeAll(sinks);
      await engine.close();
      stop?.release();
    }
  },
});

/** The validated options for inputs. */
function settingsOf(args: Arguments) {
  pictureOptions(args);
  overlayOptions(args, []);
  bagCompression(args);
  checkResume(args);
  zonesOf(args);
  return {
    roles: headRoles(args),
    region: parseRegion('--roi', args.text('roi') ?? ''),
    selection: selectionOf(args),
    inputs: {
      size: pictureSize(args),
      reading: imageReading(args),
      topic: args.text('topic'),
      frames: args.number('frames'),
      rate: args.number('rate'),
      seed: args.number('seed'),
      recursive: args.flag('recursive'),
      streamOptions: args.texts('input-option'),
      shard: shardOf(args),
    },
  };
}

/** @throws ExpectationError if --resume cannot continue */
function checkResume(args: Arguments): void {
  if (!args.flag('resume')) return;
  const json = args.text('json');
  if (json === undefined || json === '-') {
    throw new ExpectationError(
      '--json FILE with --resume',
      json ?? 'none',
      'It tells which inputs are complete.',
    );
  }
  for (const name of ['mcap', 'coco', 'csv']) {
    const file = args.text(name);
    if (file === undefined) continue;
    throw new ExpectationError(
      `--resume without --${name}`,
      `--${name} ${file}`,
      'Such a file cannot be continued: write one for each part, with --shard.',
    );
  }
}

/**
 * The progress of the former run, from the file of --json.
 *
 * @throws ExpectationError if it is unknown whether its last input is complete, and that cannot be repeated
 */
function doneBefore(
  args: Arguments,
  { sources, failed }: Inputs,
  selection: Selection,
  note: (text: string) => void,
): Promise<Done> {
  const json = args.text('json')!;
  const video = args.text('video');
  return readDone(json, (last) => {
    const source = sources.find(({ name }) => name === last);
    if (source === undefined) {
      if (failed.some(({ name }) => last === name || last.startsWith(`${name}#`))) {
        const hint =
          'Its results may be incomplete. Make it readable, or leave it out: what there is of it is kept then.';
        throw new ExpectationError(`to read ${last}, the last input in ${json}`, 'an error', hint);
      }
      note(`${last}, the last input in ${json}, is not among the inputs: what there is of it is kept.`);
      return { known: false };
    }
    // Results are complete before the video is.
    const path = video === undefined ? undefined : videoPlan(args, video, sources).pathOf(source);
    const whole = path === undefined || existsSync(path);
    return { known: true, frames: whole ? selectedCount(source.count, selection) : undefined };
  });
}

function videoPlan(
  args: Arguments,
  video: string,
  all: readonly FrameSource[],
  left?: readonly FrameSource[],
): VideoPlan {
  return new VideoPlan(video, all, left, args.text('shard') !== undefined);
}

/** All outputs except JSON lines on standard output. */
function outputsOf(args: Arguments): Output[] {
  const outputs: Output[] = [];
  const continued = args.flag('resume');
  const add = (name: string, kind: Output['kind']): void => {
    const path = args.text(name);
    if (path !== undefined && !(name === 'json' && path === '-')) {
      outputs.push({ option: `--${name}`, path, kind, continued });
    }
  };
  add('json', 'file');
  add('mcap', 'bag');
  add('overlay', 'folder');
  const video = args.text('video');
  if (video !== undefined) videoSuffix(video);
  add('video', 'file');
  add('coco', 'file');
  add('csv', 'file');
  add('yolo', 'folder');
  add('maps', 'folder');
  return outputs;
}

interface SinkSettings {
  readonly args: Arguments;
  readonly labels: readonly string[];
  readonly decoding: DecodeOptions;
  /** All inputs, after which outputs are named, and the remaining ones. */
  readonly all: readonly FrameSource[];
  readonly sources: readonly FrameSource[];
  readonly read: ReadFiles;
  readonly done: Done | undefined;
}

/** Adds the outputs to `sinks` one by one, so that open ones are closed if the next cannot be opened. */
async function openSinks(sinks: ResultSink[], settings: SinkSettings): Promise<void> {
  const { args, labels, decoding, all, sources, read, done } = settings;
  const renderer = new OverlayRenderer(overlayOptions(args, labels), colorRange(args));
  const force = args.flag('force');
  // Former outputs of a repeated input are replaced.
  const replace = force || done !== undefined;
  const [json, mcap] = [args.text('json'), args.text('mcap')];
  const [overlay, video] = [args.text('overlay'), args.text('video')];
  const [coco, csv, yolo, maps] = [args.text('coco'), args.text('csv'), args.text('yolo'), args.text('maps')];
  const left = new Set(sources);
  const named = nameSources(all).filter((_, i) => left.has(all[i]!));
  const frames = new FrameNames(named);
  const folder = (name: string, path: string, suffixes: readonly string[]): FrameFolder =>
    new FrameFolder(path, { option: `--${name}`, names: frames, suffixes, read, replace });
  // Folders first: if their content is refused, no file of the other outputs exists yet.
  if (overlay !== undefined) {
    sinks.push(
      new OverlayPicturesSink(overlay, renderer, { sources: named, read, replace, ...pictureOptions(args) }),
    );
  }
  if (yolo !== undefined) sinks.push(new YoloLabelsSink(folder('yolo', yolo, ['.txt']), frames));
  if (maps !== undefined) sinks.push(new LabelMapsSink(folder('maps', maps, LABEL_MAP_SUFFIXES), frames));
  if (video !== undefined) {
    const plan = videoPlan(args, video, all, sources);
    if (plan.divided !== undefined) {
      throw new ExpectationError(
        '--resume without a video of pictures of which some are done',
        plan.divided,
        'Such a video cannot be continued: choose another file for --json, or omit --video.',
      );
    }
    const outputs = plan.paths.map((path) => ({
      option: '--video',
      path,
      kind: 'file' as const,
      continued: done !== undefined,
    }));
    checkOutputs(outputs, read, force);
    const encoder = args.text('video-encoder');
    sinks.push(new OverlayVideoSink(video, renderer, plan, { encoder, replace }));
  }
  if (json !== undefined) {
    const masks = args.text('masks') !== 'none';
    sinks.push(await JsonLinesSink.open(json, new Labels(labels), { replace, masks, keep: done?.length }));
  }
  if (mcap !== undefined) {
    const { score, classes } = decoding;
    const images = args.flag('mcap-images');
    const drawn = args.flag('mcap-overlay') ? renderer : undefined;
    sinks.push(
      await BagSink.open(mcap, {
        ...{ labels, threshold: score!, classes, images, overlay: drawn, replace: force },
        ...{ jpeg: args.flag('mcap-jpeg'), range: colorRange(args), compression: bagCompression(args) },
        coloredBy: coloring(args),
      }),
    );
  }
  if (coco !== undefined) {
    const masks = args.text('masks') !== 'none';
    sinks.push(await CocoSink.open(coco, labels, frames, { replace, masks }));
  }
  if (csv !== undefined) sinks.push(await CsvSink.open(csv, new Labels(labels), replace));
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
  // A stack has several lines.
  const text = reportOf(error).split('\n').map(printable).join('\n');
  process.stderr.write(`${colored(`${printable(where)}:`, 'red')} ${text}\n`);
}
