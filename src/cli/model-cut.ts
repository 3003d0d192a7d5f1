import { setImmediate } from 'node:timers/promises';
import { ExpectationError } from '../base/expect.js';
import { cutModel, type CutReport } from '../model/prepare/cut.js';
import { proveCut } from '../engine/onnx/prove-cut.js';
import { findModel } from '../model/find-model.js';
import { command } from './program.js';
import { type CliOptions, COMMON_OPTIONS, optionHelp } from './options.js';
import { checkOutputs, FORCE_OPTION, ReadFiles } from './outputs.js';
import { Stop } from './stop.js';

const OPTIONS = {
  output: { type: 'string', short: 'o', value: 'RDK.onnx', help: 'file to write' },
  opset: {
    type: 'string',
    value: '11',
    help: 'rewrite the operators for opset 11, which hb_mapper requires',
  },
  'no-proof': { type: 'boolean', help: 'do not run both models to compare them' },
  force: FORCE_OPTION,
  ...COMMON_OPTIONS,
} satisfies CliOptions;

const USAGE = `Usage: tros-yolo-seg model cut STOCK.onnx -o RDK.onnx [--opset 11]

Cuts a stock Ultralytics segmentation export (YOLOv8, 9, 11, 12, 26, YOLOE; yolo export format=onnx) before
its decoding part into ten float32 NHWC heads: mc8 mc16 mc32 box8 box16 box32 cls8 cls16 cls32 proto.
If ONNX Runtime is installed, both models then run on the same input and are compared.

${optionHelp(OPTIONS)}
`;

/** `tros-yolo-seg model cut`: turns a stock export into a model with ten heads. */
export const cut = command({
  summary: 'cut a stock ONNX export into its ten heads',
  usage: USAGE,
  options: OPTIONS,
  async run(args) {
    const [given, ...more] = args.positionals;
    const output = args.text('output');
    if (given === undefined || more.length > 0 || output === undefined) {
      throw new ExpectationError(
        'one stock model and -o FILE',
        args.positionals.join(' ') || 'no model',
        'For example: tros-yolo-seg model cut yolov8n-seg.onnx -o yolov8n-seg-rdk.onnx',
      );
    }
    const stock = findModel(given);
    const outputs = [{ option: '--output', path: output, kind: 'file' }] as const;
    checkOutputs(outputs, new ReadFiles([stock]), args.flag('force'));
    // A signal never leaves an incomplete model: it is handled after the cut, before the comparison.
    const stop = Stop.listen();
    let report: CutReport;
    try {
      report = cutModel(stock, output, { opset: args.number('opset') });
      await setImmediate();
    } finally {
      stop.release();
    }
    if (!report.wasStock) {
      process.stdout.write(`${stock} has its ten heads already; nothing was written.\n${headLines(report)}`);
      return 0;
    }
    process.stdout.write(cutText(output, report));
    if (stop.exitCode !== undefined) return stop.exitCode;
    if (!args.flag('no-proof')) process.stdout.write(await proofText(stock, output, report));
    return 0;
  },
});

function cutText(output: string, report: CutReport): string {
  const { opset, nodes, inputWidth, inputHeight, classCount, half } = report;
  return [
    `${output}: ${inputWidth}x${inputHeight}, ${classCount} classes, ${nodes.to} of ${nodes.from} nodes, ` +
      `opset ${opset.to}${opset.from === opset.to ? '' : ` (was ${opset.from})`}${half ? ', half precision inside' : ''}`,
    headLines(report) + (report.form === 'instances' ? ONE_TO_ONE : ''),
  ].join('\n');
}

/** For a model that selected its instances itself. */
const ONE_TO_ONE =
  'These heads are trained for one box per object, and the part that selected them is cut off: NMS removes the few duplicates (nms: never\n' +
  'disables it).\n';

function headLines({ heads }: CutReport): string {
  return heads
    .map(({ name, shape, value }) => `  ${name.padEnd(8)}[${shape.join(', ')}]`.padEnd(30) + `${value}\n`)
    .join('');
}

async function proofText(stock: string, output: string, report: CutReport): Promise<string> {
  const proof = await proveCut(stock, output, report);
  if (!proof) return 'Not compared with the stock model: onnxruntime-node is not installed.\n';
  const { score, box, coefficient, proto } = proof;
  return (
    'Same input through both models, heads decoded: largest difference ' +
    `${proto.toExponential(1)} (proto), ${coefficient.toExponential(1)} (coefficients), ` +
    `${box.toExponential(1)} pixels (boxes), ${score.toExponential(1)} (logarithm of scores). The cut is right.\n`
  );
}
