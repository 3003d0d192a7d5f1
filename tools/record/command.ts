import { parse } from 'node:path';
import { readBinLayout } from './bin-layout.js';
import { readModelInfo } from '../../src/engine/bpu/model-info-json.js';
import { OnnxEngine } from '../../src/engine/onnx/onnx-engine.js';
import { NoFramesError, record as recordModel, X5_BUSY, X5_OVERHEAD } from './record.js';
import { ExpectationError, expectInteger } from '../../src/base/expect.js';
import { openInputs } from '../../src/media/inputs.js';
import type { Nv12Frame } from '../../src/vision/picture/nv12-frame.js';
import { type FrameSource, isBadFrame } from '../../src/vision/picture/frame-source.js';
import { findModel } from '../../src/model/find-model.js';
import { command } from '../../src/cli/program.js';
import { COMMON_OPTIONS, optionHelp } from '../../src/cli/options.js';
import { checkOutputs, FORCE_OPTION, ReadFiles } from '../../src/cli/outputs.js';
import { colorRange, pictureSize } from '../../src/cli/run-options.js';
import { sizeText } from '../../src/cli/progress.js';
import { Stop } from '../../src/cli/stop.js';

const RECORD_OPTIONS = {
  output: { type: 'string', short: 'o', value: 'FILE', help: 'model to write (.bin); required' },
  'model-info': {
    type: 'string',
    value: 'FILE',
    help: 'types and scales of the outputs as JSON (default: float32, as in the ONNX model)',
  },
  like: {
    type: 'string',
    value: 'REAL.bin',
    help: 'a model for the BPU whose names, order, types, scales and march are used',
  },
  name: { type: 'string', value: 'NAME', help: 'name of the model (default: that of the file)' },
  busy: {
    type: 'string',
    value: 'US',
    help: `microseconds for which a frame keeps the BPU busy (default ${X5_BUSY})`,
  },
  overhead: { type: 'string', value: 'US', help: `microseconds on top of that (default ${X5_OVERHEAD})` },
  range: { type: 'string', value: 'full|limited', help: 'range of the YUV samples (default full)' },
  size: { type: 'string', value: 'WxH', help: 'size of raw NV12 files and of scenes' },
  frames: { type: 'string', value: 'N', help: 'number of frames of scene:' },
  force: FORCE_OPTION,
  ...COMMON_OPTIONS,
} as const;

const USAGE = `Usage: npm run record -- MODEL.onnx INPUT... --output FILE.bin [options]

Records the quantized outputs of an ONNX model for the inputs, as a model that the emulated libdnn plays back:
for tests of the bpu engine on machines without a BPU (docs/emulator.md). A frame of a 640x640 model takes
about 9 MB.

${optionHelp(RECORD_OPTIONS)}
`;

/** `npm run record`: turns an ONNX model and frames into a model for the emulator. */
export const record = command({
  summary: 'record a model for the emulated BPU',
  usage: USAGE,
  options: RECORD_OPTIONS,
  async run(args, argv) {
    const [given, ...inputs] = args.positionals;
    const file = args.text('output');
    if (given === undefined || inputs.length === 0 || file === undefined) {
      throw new ExpectationError(
        'MODEL.onnx, at least one INPUT and --output',
        argv.join(' '),
        'See --help.',
      );
    }
    const model = findModel(given);
    const microseconds = (name: string, usual: number): number =>
      expectInteger(`--${name}`, args.number(name) ?? usual, 0, 10_000_000);
    const options = {
      file,
      name: args.text('name') ?? parse(file).name,
      busy: microseconds('busy', X5_BUSY),
      overhead: microseconds('overhead', X5_OVERHEAD),
    };
    const range = colorRange(args);
    const info = args.text('model-info');
    const alike = args.text('like');
    const pattern = alike === undefined ? undefined : findModel(alike);
    checkOutputs(
      [{ option: '--output', path: file, kind: 'file' }],
      new ReadFiles([model, ...inputs, info, pattern]),
      args.flag('force'),
    );
    if (pattern !== undefined && info !== undefined) {
      throw new ExpectationError('--like or --model-info', 'both', 'Each of them gives types and scales.');
    }
    const like = pattern === undefined ? undefined : readBinLayout(pattern);
    const outputs = info === undefined ? undefined : (await readModelInfo(info)).outputs;
    const opened = await openInputs(inputs, { size: pictureSize(args), frames: args.number('frames') });
    if (opened.failed[0]) throw opened.failed[0].error;

    const engine = await OnnxEngine.open({ file: model, colorRange: range });
    const stop = Stop.listen();
    try {
      const frames = stop.until(framesOf(opened.sources));
      const count = await recordModel(engine, frames, {
        ...options,
        name: args.text('name') ?? like?.name ?? options.name,
        outputs,
        like,
        onFrameSize: (bytes) => process.stderr.write(`${file}: ${sizeLine(bytes, opened.sources)}\n`),
      });
      process.stderr.write(`${file}: ${count} ${count === 1 ? 'frame' : 'frames'}\n${stop.text}`);
      return stop.exitCode ?? 0;
    } catch (error) {
      // Stopped before the first frame: there is nothing to keep or to report.
      if (stop.exitCode !== undefined && error instanceof NoFramesError) return stop.exitCode;
      throw error;
    } finally {
      await engine.close();
      stop.release();
    }
  },
});

/** `150 frames of 9.1 MB, 1.37 GB in all`, as far as the inputs tell their length. */
function sizeLine(bytes: number, sources: readonly FrameSource[]): string {
  const counts = sources.map(({ count }) => count);
  const known = counts.every((count) => count !== undefined);
  const total = counts.reduce<number>((sum, count) => sum + (count ?? 0), 0);
  if (!known) return `${sizeText(bytes)} for each frame; the inputs do not tell how many they have`;
  return `${total} ${total === 1 ? 'frame' : 'frames'} of ${sizeText(bytes)}, ${sizeText(total * bytes)} in all`;
}

async function* framesOf(sources: readonly FrameSource[]): AsyncGenerator<Nv12Frame> {
  for (const source of sources) {
    for await (const item of source.frames()) {
      if (isBadFrame(item)) throw item.error;
      yield item.frame;
    }
  }
}
