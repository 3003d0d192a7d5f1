import { ExpectationError, messageOf } from '../expect.js';
import { openInputs } from '../frame/inputs.js';
import type { BadFrame, FrameSource, SourceFrame } from '../frame/source.js';
import { Labels } from '../message/labels.js';
import { chooseLabels } from '../model/labels.js';
import { demoModel } from '../model/demo.js';
import { recogniseHeads } from '../decode/heads.js';
import { isResult, Segmenter } from '../pipeline/segmenter.js';
import { BPU_OPTIONS, openEngine } from './bpu-options.js';
import type { Command } from './main.js';
import { type Arguments, optionHelp, parseArguments } from './options.js';
import { Progress } from './progress.js';
import { colorRange, decodeOptions, headRoles, pictureSize, RUN_OPTIONS } from './run-options.js';
import { BagSink } from './sinks/bag-file.js';
import { JsonLinesSink } from './sinks/json-lines.js';
import { OverlayPicturesSink } from './sinks/overlay-pictures.js';
import { OverlayRenderer } from './sinks/overlay-renderer.js';
import type { ResultSink } from './sinks/sink.js';
import { Summary } from './summary.js';

const OPTIONS = { ...RUN_OPTIONS, ...BPU_OPTIONS };

const USAGE = `Usage: tros-yolo-seg run INPUT... [options]

Segments every frame of the inputs: pictures, raw NV12 files, videos (needs ffmpeg), rosbag2 bags (MCAP),
folders of these, and scene: (a generated camera).

${optionHelp(RUN_OPTIONS)}

Models for the BPU (.bin):
${optionHelp(BPU_OPTIONS)}

Exit code: 0 when all inputs were done, 1 when some frame or input failed, 2 when nothing could be started.
`;

/** `tros-yolo-seg run`: files in, detections and masks out. */
export const run: Command = {
  summary: 'segment pictures, videos, bags, NV12 files or the generated scene',
  async run(argv) {
    const args = parseArguments(argv, OPTIONS);
    if (args.flag('help')) {
      process.stdout.write(USAGE);
      return 0;
    }
    if (args.positionals.length === 0) {
      throw new ExpectationError(
        'at least one INPUT',
        'none',
        'Try: tros-yolo-seg run scene: --overlay out, or --help.',
      );
    }
    // All that can be wrong with the settings is found before the model is loaded and before any file is made.
    const roles = headRoles(args);
    const size = pictureSize(args);
    const engine = await openEngine(args.text('model') ?? demoModel(), args, {
      threads: args.number('threads'),
    });
    let sinks: ResultSink[] = [];
    try {
      const { input, outputs, labels: ownLabels } = engine.model;
      const { classCount } = recogniseHeads(outputs, input, { roles, classCount: ownLabels?.length });
      const labels = chooseLabels(classCount, ownLabels, args.text('labels'));
      const decoding = decodeOptions(args, labels);
      const segmenter = new Segmenter(engine, { ...decoding, heads: roles, labelCount: classCount });

      const { sources, failed } = await openInputs([...args.positionals], {
        size,
        topic: args.text('topic'),
        frames: args.number('frames'),
        rate: args.number('rate'),
        seed: args.number('seed'),
      });
      const summary = new Summary();
      for (const { name, error } of failed) {
        summary.fail(name, error);
        report(name, error);
      }
      if (sources.length > 0) sinks = await openSinks(args, labels, decoding.score!);
      for (const source of sources)
        await segmentSource(source, segmenter, sinks, summary, args.flag('quiet'));
      await closeAll(sinks.splice(0));
      // Standard output may carry the JSON lines; the summary is for people.
      if (!args.flag('quiet')) process.stderr.write(summary.text());
      return summary.failures > 0 ? 1 : 0;
    } finally {
      await closeAll(sinks);
      await engine.close();
    }
  },
};

async function segmentSource(
  source: FrameSource,
  segmenter: Segmenter,
  sinks: readonly ResultSink[],
  summary: Summary,
  quiet: boolean,
): Promise<void> {
  const progress = quiet ? undefined : new Progress(source.name, source.count);
  summary.begin(source.name);
  try {
    for await (const item of segmenter.segment(guarded(source))) {
      progress?.step();
      if (isResult(item)) {
        summary.add(item);
        for (const sink of sinks) await sink.write(item);
      } else {
        progress?.end();
        summary.fail(source.name, item.error);
        report(`${source.name}, frame ${item.index}`, item.error);
      }
    }
  } finally {
    progress?.end();
    summary.end();
  }
}

/** A source that breaks off is reported like a bad frame, so that the inputs after it still have their turn. */
async function* guarded(source: FrameSource): AsyncGenerator<SourceFrame | BadFrame> {
  let index = 0;
  try {
    for await (const item of source.frames()) {
      index = item.index + 1;
      yield item;
    }
  } catch (error) {
    yield { source: source.name, index, error: error instanceof Error ? error : new Error(messageOf(error)) };
  }
}

async function openSinks(
  args: Arguments,
  labels: readonly string[],
  threshold: number,
): Promise<ResultSink[]> {
  const renderer = new OverlayRenderer(labels, colorRange(args));
  const [json, mcap, overlay] = [args.text('json'), args.text('mcap'), args.text('overlay')];
  const sinks: ResultSink[] = [];
  if (json !== undefined) sinks.push(new JsonLinesSink(json, new Labels(labels)));
  if (mcap !== undefined) {
    const images = args.flag('mcap-images');
    const drawn = args.flag('mcap-overlay') ? renderer : undefined;
    sinks.push(await BagSink.open(mcap, { labels, threshold, images, overlay: drawn }));
  }
  if (overlay !== undefined) sinks.push(new OverlayPicturesSink(overlay, renderer));
  return sinks;
}

async function closeAll(sinks: readonly ResultSink[]): Promise<void> {
  for (const sink of sinks) await sink.close();
}

function report(where: string, error: Error): void {
  process.stderr.write(
    `${where}: ${error instanceof ExpectationError ? error.message : (error.stack ?? error.message)}\n`,
  );
}
