import { resolve } from 'node:path';
import { ExpectationError, expectOneOf } from '../base/expect.js';
import { quote } from '../model/prepare/dequantize.js';
import { findModel } from '../model/find-model.js';
import { MARCHES } from '../model/march.js';
import { FEW_PICTURES, preparePtq, type PtqReport } from '../media/calibration/ptq.js';
import { command } from './program.js';
import { type CliOptions, COMMON_OPTIONS, optionHelp } from './options.js';
import { checkOutputs, FORCE_OPTION, ReadFiles } from './outputs.js';
import { Progress } from './progress.js';

const OPTIONS = {
  march: {
    type: 'string',
    value: 'bayes-e|bernoulli2',
    help: 'the BPU: bayes-e on RDK X5, bernoulli2 on RDK X3',
  },
  images: { type: 'string', value: 'DIR', help: "pictures like those of the robot's camera, 20 to 100" },
  output: { type: 'string', short: 'o', value: 'DIR', help: 'output folder' },
  count: {
    type: 'string',
    value: 'N',
    help: 'maximum number of pictures, spread evenly over the folder (default 100)',
  },
  force: FORCE_OPTION,
  ...COMMON_OPTIONS,
} satisfies CliOptions;

const USAGE = `Usage: tros-yolo-seg model ptq RDK.onnx --march bayes-e --images DIR -o DIR

Prepares the quantization of a model with ten heads in opset 11: writes the mapper's yaml, the matching
calibration set and a copy of the model to one folder, and prints the commands to run in the vendor's docker.

${optionHelp(OPTIONS)}
`;

/** `tros-yolo-seg model ptq`: everything that the vendor's mapper needs, in one folder. */
export const ptq = command({
  summary: 'write the yaml and the calibration set for the mapper',
  usage: USAGE,
  options: OPTIONS,
  async run(args, argv) {
    const [given, ...more] = args.positionals;
    const [images, output] = [args.text('images'), args.text('output')];
    if (given === undefined || more.length > 0 || images === undefined || output === undefined) {
      throw new ExpectationError(
        'a model, --march, --images DIR and -o DIR',
        argv.join(' ') || 'nothing',
        'For example: tros-yolo-seg model ptq rdk.onnx --march bayes-e --images photos -o ptq',
      );
    }
    const march = expectOneOf('--march', args.text('march'), MARCHES);
    const file = findModel(given);
    const outputs = [{ option: '--output', path: output, kind: 'folder' }] as const;
    checkOutputs(outputs, new ReadFiles([file]), args.flag('force'));
    let progress: Progress | undefined;
    const report = await preparePtq(file, {
      march,
      images,
      output,
      count: args.number('count'),
      replace: args.flag('force'),
      onPicture: (_, total) => {
        progress ??= new Progress('calibration set', total);
        progress.step();
      },
    }).finally(() => progress?.end());
    for (const { name, error } of report.failed) process.stderr.write(`skipped ${name}: ${error.message}\n`);
    if (report.pictures < FEW_PICTURES) {
      process.stderr.write(`Only ${report.pictures} pictures: 20 to 100 give better ranges.\n`);
    }
    process.stdout.write(commands(output, march, report));
    return report.failed.length > 0 ? 1 : 0;
  },
});

function commands(output: string, march: string, { model, yaml, bin, pictures }: PtqReport): string {
  return `${resolve(output)} holds ${model}, ${yaml} and ${pictures} calibration pictures.
Run there, in the vendor's docker (OpenExplorer toolchain):

hb_mapper checker --model-type onnx --march ${march} --model ${quote(model)}
hb_mapper makertbin --model-type onnx --config ${quote(yaml)}

The quantized model is then ${bin}. Next, there: hb_model_modifier ${quote(bin)}
and: tros-yolo-seg model dequantize hb_model_modifier.log --bin ${quote(bin)}
`;
}
