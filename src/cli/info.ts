import { ExpectationError } from '../expect.js';
import { BIN_CAUTION, readBinNodes } from '../model/bin-nodes.js';
import { parseClassNames } from '../model/class-names.js';
import { quote } from '../model/dequantize.js';
import { headRolesOf } from '../model/model-form.js';
import { inspectOnnx, type OnnxSummary } from '../model/inspect-onnx.js';
import type { Command } from './main.js';
import { type CliOptions, optionHelp, parseArguments } from './options.js';

const OPTIONS = {
  help: { type: 'boolean', short: 'h', help: 'show this help' },
} satisfies CliOptions;

const USAGE = `Usage: tros-yolo-seg info MODEL.onnx|MODEL.bin

Tells what a segmentation model is: a stock export or one with its ten heads, its input, outputs, classes and metadata.
Of a quantised .bin it tells the de-quantise nodes, as far as its structure shows them.

${optionHelp(OPTIONS)}
`;

/** `tros-yolo-seg info`: what a model file says of itself. */
export const info: Command = {
  summary: 'tell what a model is: input, heads, classes',
  run(argv) {
    const args = parseArguments(argv, OPTIONS);
    if (args.flag('help')) {
      process.stdout.write(USAGE);
      return Promise.resolve(0);
    }
    const [path, ...more] = args.positionals;
    if (path === undefined || more.length > 0) {
      throw new ExpectationError(
        'one model',
        args.positionals.join(' ') || 'none',
        'See tros-yolo-seg info --help.',
      );
    }
    const isBin = path.toLowerCase().endsWith('.bin');
    process.stdout.write(isBin ? binText(path) : onnxText(path, inspectOnnx(path)));
    return Promise.resolve(0);
  },
};

function onnxText(path: string, summary: OnnxSummary): string {
  const { form, producer, opset, nodes, width, height, classCount, regMax, coefficientCount } = summary;
  const roles = form === 'heads' ? headRolesOf(path) : new Map<string, string>();
  const kind =
    form === 'heads'
      ? 'segmentation model with its ten heads'
      : 'stock segmentation export (run cuts it on the fly; for the BPU: tros-yolo-seg model cut)';
  const lines = [
    `${path}: ${kind}`,
    `  opset     ${opset}, ${nodes} nodes${producer ? `, made by ${producer}` : ''}`,
    `  input     ${summary.inputName}: ${summary.inputType} [1, 3, ${height}, ${width}]`,
    `  boxes     ${regMax === 1 ? 'plain distances' : `${regMax} DFL bins a side`}`,
    `  masks     ${coefficientCount} prototypes`,
    `  classes   ${classCount}${namesText(summary)}`,
    ...summary.outputs.map(({ name, type, shape }) =>
      `  output    ${name.padEnd(10)} ${`${type} [${shape.join(', ')}]`.padEnd(28)}${roles.get(name) ?? ''}`.trimEnd(),
    ),
  ];
  for (const [key, value] of summary.metadata) {
    if (key !== 'names') lines.push(`  ${key.padEnd(9)} ${value}`);
  }
  return `${lines.join('\n')}\n`;
}

function binText(path: string): string {
  const nodes = readBinNodes(path);
  const lines = nodes.map(({ name, output }) => `  output    ${output.padEnd(10)} made float by ${name}`);
  return `${path}: quantised model for the BPU
${lines.length > 0 ? `${lines.join('\n')}\n  ${BIN_CAUTION}` : '  No de-quantise nodes were recognised.'}
  Shapes, types and scales only the robot can tell: hrt_model_exec model_info --model_file ${quote(path)}
`;
}

function namesText({ metadata }: OnnxSummary): string {
  const text = metadata.get('names');
  const names = text === undefined ? undefined : parseClassNames(text);
  return names ? `: ${names.join(', ')}` : ', without names';
}
