import { existsSync } from 'node:fs';
import { isAbsolute } from 'node:path';
import { ExpectationError } from '../base/expect.js';
import { withBin } from '../model/bin/bin-model.js';
import { readClassNames } from '../model/class-names.js';
import { findModel } from '../model/find-model.js';
import { pictureNote } from '../model/onnx/input-picture.js';
import { headRolesOf } from '../model/onnx/model-form.js';
import { inspectOnnx, type OnnxSummary } from '../model/onnx/inspect-onnx.js';
import { addon } from '../native/addon.js';
import { BPU_OPTIONS } from './bpu-options.js';
import { binFactsText, binModelText } from './info-bin.js';
import { bpuModelText } from './info-bpu.js';
import { command } from './program.js';
import { printable } from './printable.js';
import { type CliOptions, COMMON_OPTIONS, optionHelp } from './options.js';

const OPTIONS = {
  library: BPU_OPTIONS.library,
  name: BPU_OPTIONS.name,
  ...COMMON_OPTIONS,
} satisfies CliOptions;

const USAGE = `Usage: tros-yolo-seg info MODEL.onnx|MODEL.bin

Describes a segmentation model: a stock export or one with its ten heads, its input, outputs, classes and
metadata. For a .bin it prints shapes, types and scales, which head each output is, and which de-quantize
nodes it has: from libdnn on a board or with --library, elsewhere from the file itself, which does not contain
strides.

${optionHelp(OPTIONS)}
`;

/** `tros-yolo-seg info`: describes a model file. */
export const info = command({
  summary: 'describe a model: input, heads, classes',
  usage: USAGE,
  options: OPTIONS,
  async run(args) {
    const [given, ...more] = args.positionals;
    if (given === undefined || more.length > 0) {
      throw new ExpectationError(
        'one model',
        args.positionals.join(' ') || 'none',
        'See tros-yolo-seg info --help.',
      );
    }
    const path = findModel(given);
    process.stdout.write(
      path.toLowerCase().endsWith('.bin')
        ? await binText(path, args.text('library'), args.text('name'))
        : onnxText(path, inspectOnnx(path)),
    );
    return 0;
  },
});

function onnxText(path: string, summary: OnnxSummary): string {
  const { form, producer, opset, nodes, width, height, classCount, regMax, coefficientCount } = summary;
  const queries = form === 'queries';
  const roles = form === 'heads' || queries ? headRolesOf(path) : new Map<string, string>();
  const whole = summary.uncut !== undefined;
  const kind = {
    heads: 'segmentation model with its ten heads',
    stock: whole
      ? 'segmentation export that decodes its heads itself'
      : 'stock segmentation export (run cuts it on the fly; for the BPU: tros-yolo-seg model cut)',
    instances: whole
      ? 'segmentation export that selects its instances itself, so NMS is not needed'
      : 'stock segmentation export that selects its instances itself, so NMS is not needed (for the BPU: tros-yolo-seg model cut)',
    queries: 'segmentation export with queries (RF-DETR), for the CPU only; NMS is not needed',
  }[form];
  const distances = regMax === 1 ? 'plain distances' : `${regMax} DFL bins per side`;
  const picture = pictureNote(summary.picture);
  const lines = [
    `${path}: ${kind}`,
    `  opset     ${opset}, ${nodes} nodes${producer ? `, made by ${producer}` : ''}`,
    `  input     ${summary.inputName}: ${summary.inputType} [1, 3, ${height}, ${width}]`,
    ...(picture === undefined ? [] : [`  pictures  ${picture}`]),
    `  boxes     ${queries ? 'one of each query' : whole ? 'decoded by the model, in pixels' : distances}`,
    `  masks     ${queries ? 'one of each query' : `${coefficientCount} prototypes`}`,
    `  classes   ${classCount}${namesText(summary)}`,
    ...summary.outputs.map(({ name, type, shape }) =>
      `  output    ${name.padEnd(10)} ${`${type} [${shape.map((extent) => extent || '?').join(', ')}]`.padEnd(28)}${roles.get(name) ?? ''}`.trimEnd(),
    ),
  ];
  if (whole) lines.push(`  cutting   it cannot be cut and runs as it is. ${summary.uncut}`);
  for (const [key, value] of summary.metadata) {
    if (key !== 'names') lines.push(`  ${key.padEnd(9)} ${value}`);
  }
  return `${lines.map(printable).join('\n')}\n`;
}

/** From libdnn if available; from the file itself on machines without a BPU. */
async function binText(path: string, library?: string, name?: string): Promise<string> {
  const named = library ?? process.env['TROS_YOLO_SEG_LIBDNN'];
  const hasLibrary = named !== undefined || isBoard();
  if (!hasLibrary) return withBin(path, binModelText);
  const text = await bpuModelText(path, library, name);
  try {
    return text + withBin(path, binFactsText);
  } catch {
    return text; // libdnn can read it, which is what counts
  }
}

/** Whether libdnn is in its place on the boards. Does not load it, so the loader's search path is ignored. */
function isBoard(): boolean {
  try {
    return addon()
      .libdnnPaths()
      .libraries.some((path) => isAbsolute(path) && existsSync(path));
  } catch {
    return false; // without the addon there is no BPU engine either, and the file is sufficient
  }
}

function namesText({ metadata, classCount }: OnnxSummary): string {
  const { names, problem } = readClassNames(metadata.get('names') ?? '');
  if (problem !== undefined) return `, whose names cannot be read: ${problem}`;
  if (names.length > 0 && names.length !== classCount) {
    return `, which the ${names.length} names in the file do not fit: ${names.join(', ')}`;
  }
  return names.length > 0 ? `: ${names.join(', ')}` : ', without names';
}
