import { basename, parse } from 'node:path';
import { Decoder } from '../vision/decode/decoder.js';
import { ExpectationError, expectInteger } from '../base/expect.js';
import { allocateNv12 } from '../native/convert.js';
import { openInputs } from '../media/inputs.js';
import type { Nv12Frame } from '../vision/picture/nv12-frame.js';
import { isBadFrame } from '../vision/picture/frame-source.js';
import { findModel } from '../model/find-model.js';
import { recognizeModel } from '../pipeline/recognize-model.js';
import { type Measurement, measureThroughput } from '../pipeline/throughput.js';
import { BPU_OPTIONS, openEngine } from './bpu-options.js';
import { command } from './program.js';
import { type Arguments, COMMON_OPTIONS, optionHelp } from './options.js';
import { fromParameter } from './parameter-options.js';
import { headRoles } from './run-options.js';

const PERF_OPTIONS = {
  'in-flight': { type: 'string', value: 'N', help: 'frames in flight, 1 to 32 (default 2)' },
  threads: fromParameter('threads', 'N'),
  frames: { type: 'string', value: 'N', help: 'frames of each measurement (default 200)' },
  labels: fromParameter('labels', 'FILE'),
  heads: { type: 'string', value: 'LIST', help: 'role of each output in order, where heads are ambiguous' },
  ...BPU_OPTIONS,
  ...COMMON_OPTIONS,
} as const;

const USAGE = `Usage: tros-yolo-seg perf MODEL [PICTURE] [options]

Measures a model (.bin on the BPU, .onnx on the CPU) with one frame in flight and with N: the network alone as
hrt_model_exec perf does, and the whole path of an NV12 frame in memory, with letterbox, decoding and masks.
The frame is the picture, or the first one of a file; default: a gray one of 1920x1080.

${optionHelp(PERF_OPTIONS)}
`;

/** `tros-yolo-seg perf`: measures how fast a model runs here. */
export const perf = command({
  summary: 'measure latency and throughput of a model',
  usage: USAGE,
  options: PERF_OPTIONS,
  async run(args) {
    const [given, picture, ...rest] = args.positionals;
    if (given === undefined || rest.length > 0) {
      throw new ExpectationError(
        'one MODEL and at most one PICTURE',
        args.positionals.join(' '),
        'See --help.',
      );
    }
    const file = findModel(given);
    const inFlight = expectInteger('--in-flight', args.number('in-flight') ?? 2, 1, 32);
    const frames = expectInteger('--frames', args.number('frames') ?? 200, 1, 1_000_000);
    const frame = picture === undefined ? grayFrame() : await firstFrame(picture);

    const single = await measureModel(file, 1, frames, frame, args);
    const several = inFlight > 1 ? await measureModel(file, inFlight, frames, frame, args) : single;
    for (const { engine } of new Set([single, several])) process.stdout.write(`${hrtText(engine)}\n`);
    process.stdout.write(wholePathText(several.path));
    process.stdout.write(`\n${tableRow(basename(parse(file).name), single, several)}`);
    return 0;
  },
});

interface ModelMeasurement {
  readonly size: string;
  readonly classes: number;
  readonly engine: Measurement;
  readonly path: Measurement;
}

async function measureModel(
  file: string,
  inFlight: number,
  frames: number,
  frame: Nv12Frame,
  args: Arguments,
): Promise<ModelMeasurement> {
  const engine = await openEngine(file, args, { slots: inFlight });
  try {
    const { input } = engine.model;
    const { layout } = recognizeModel(engine.model, {
      roles: headRoles(args),
      labelFile: args.text('labels'),
    });
    const decoder = new Decoder(layout, {}, engine.kernels);
    engine.planAhead?.(decoder.plan);
    await measureThroughput(engine, Math.min(frames, 4 * inFlight), frame); // warms caches and compilers up
    return {
      size: `${input.width}x${input.height}`,
      classes: layout.classCount,
      engine: await measureThroughput(engine, frames, frame),
      path: await measureThroughput(engine, frames, frame, ({ tensors, letterbox, ahead }) =>
        decoder.decode(tensors, letterbox, undefined, undefined, ahead),
      ),
    };
  } finally {
    await engine.close();
  }
}

function fps({ frames, elapsed }: Measurement): number {
  return (1000 * frames) / elapsed;
}

/** In the form of hrt_model_exec perf. */
function hrtText(m: Measurement): string {
  return [
    'Running condition:',
    `  Thread number is: ${m.threads}`,
    `  Frame count   is: ${m.frames}`,
    `  Program run time: ${m.elapsed.toFixed(3)} ms`,
    'Perf result:',
    `  Frame totally latency is: ${m.latency.toFixed(3)} ms`,
    `  Average    latency    is: ${(m.latency / m.frames).toFixed(3)} ms`,
    `  Frame      rate       is: ${fps(m).toFixed(3)} FPS`,
    '',
  ].join('\n');
}

function wholePathText(m: Measurement): string {
  return [
    `Whole path with ${m.threads} ${m.threads === 1 ? 'frame' : 'frames'} in flight (letterbox, network, decode with masks):`,
    `  ${fps(m).toFixed(1)} FPS, decode ${(m.used / m.frames).toFixed(2)} ms, JS thread ${(100 * m.busy).toFixed(0)} % busy`,
    '',
  ].join('\n');
}

/** A row in the form of the model tables in RDK documents. */
function tableRow(name: string, single: ModelMeasurement, several: ModelMeasurement): string {
  const cell = (m: Measurement): string =>
    `${(m.latency / m.frames).toFixed(1)} ms / ${fps(m).toFixed(1)} FPS`;
  const { engine, path } = several;
  return [
    `| Model | Size | Classes | 1 thread | ${engine.threads} threads | Post-processing |`,
    '|---|---|---|---|---|---|',
    `| ${name} | ${several.size} | ${several.classes} | ${cell(single.engine)} | ${cell(engine)} | ${(path.used / path.frames).toFixed(1)} ms |`,
    '',
  ].join('\n');
}

function grayFrame(): Nv12Frame {
  const frame = allocateNv12(1920, 1080);
  frame.data.fill(128);
  return frame;
}

async function firstFrame(file: string): Promise<Nv12Frame> {
  const { sources, failed } = await openInputs([file]);
  if (failed[0]) throw failed[0].error;
  for (const source of sources) {
    for await (const item of source.frames()) {
      if (isBadFrame(item)) throw item.error;
      return item.frame;
    }
  }
  throw new ExpectationError(
    'a picture',
    `${file}, which has none`,
    'Name a picture, a video or a bag with images, or none: a gray frame is used then.',
  );
}
