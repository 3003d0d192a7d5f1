import { readFileSync, statSync } from 'node:fs';
import type { HeadRole } from '../vision/decode/heads.js';
import { ExpectationError, expectOneOf, messageOf } from '../base/expect.js';
import { type BinModel, withBin } from '../model/bin/bin-model.js';
import { binHeads, dequantizeNodes } from '../model/bin/bin-tensors.js';
import { readDeleted, removeDequantizeNodes, restoreDequantizeNodes } from '../model/bin/dequantize-bin.js';
import {
  assignRoles,
  BIN_HEADS,
  type DequantizeNode,
  modifierCommand,
  nodesOfHeads,
  readModifierLog,
  USUAL_HEADS,
} from '../model/prepare/dequantize.js';
import { findModel } from '../model/find-model.js';
import { headRolesOf } from '../model/onnx/model-form.js';
import { command } from './program.js';
import { type Arguments, type CliOptions, COMMON_OPTIONS, optionHelp } from './options.js';
import { checkOutputs, FORCE_OPTION, ReadFiles } from './outputs.js';

const OPTIONS = {
  output: { type: 'string', short: 'o', value: 'FILE.bin', help: 'model to write without the nodes' },
  heads: {
    type: 'string',
    value: 'LIST',
    help: `heads whose nodes to remove, of ${BIN_HEADS.join(', ')} (default ${USUAL_HEADS.join(',')})`,
  },
  all: { type: 'boolean', help: 'remove the nodes of all heads' },
  node: { type: 'string', value: 'NAME', multiple: true, help: 'a node to remove; may be repeated' },
  restore: { type: 'boolean', help: 'restore the removed nodes from the record in the file' },
  force: FORCE_OPTION,
  bin: { type: 'string', value: 'MODEL.bin', help: 'name of the quantized model in the command for a log' },
  onnx: {
    type: 'string',
    value: 'RDK.onnx',
    help: 'the model that was quantized, if names do not identify the heads',
  },
  ...COMMON_OPTIONS,
} satisfies CliOptions;

const USAGE = `Usage: tros-yolo-seg model dequantize MODEL.bin [-o FILE.bin] [--all | --heads LIST | --node NAME...]
       tros-yolo-seg model dequantize MODEL.bin --restore -o FILE.bin
       tros-yolo-seg model dequantize hb_model_modifier.log [--bin MODEL.bin]

Removes de-quantize nodes, which convert the BPU's integers to floats on the CPU: by default those of the box
and coefficient heads. The decoder de-quantizes the few values that it needs. Without -o it prints the command
for the vendor's hb_model_modifier; it finds the nodes in the .bin, or in the log that "hb_model_modifier
MODEL.bin" writes.

${optionHelp(OPTIONS)}
`;

/** Logs take some ten kilobytes; anything much larger is not one. */
const LARGEST_LOG = 64 * 2 ** 20;

/** Printed for every model written here. */
const UNTRIED =
  'No board has run a model edited this way yet: the edit imitates what hb_model_modifier did to real models. Compare the results\n' +
  'on the board with those of the original model.';

/** `tros-yolo-seg model dequantize`: removes a model's de-quantize nodes, or prints the hb_model_modifier command for it. */
export const dequantize = command({
  summary: 'remove the de-quantize nodes of a .bin',
  usage: USAGE,
  options: OPTIONS,
  run(args) {
    const [given, ...more] = args.positionals;
    if (given === undefined || more.length > 0) {
      throw new ExpectationError(
        'one .bin, or one log of hb_model_modifier',
        args.positionals.join(' ') || 'none',
        'See --help.',
      );
    }
    const ways = [args.flag('all'), args.flag('restore'), args.text('heads'), args.texts('node')[0]];
    if (ways.filter(Boolean).length > 1) {
      throw new ExpectationError('one of --all, --heads, --node and --restore', 'several', 'See --help.');
    }
    const path = findModel(given);
    const output = args.text('output');
    if (output !== undefined) {
      const outputs = [{ option: '--output', path: output, kind: 'file' }] as const;
      checkOutputs(outputs, new ReadFiles([path, args.text('onnx')]), args.flag('force'));
    }
    const text = path.toLowerCase().endsWith('.bin')
      ? withBin(path, (model) => (args.flag('restore') ? restored(model, args) : removed(model, args)))
      : commandOfLog(path, args);
    process.stdout.write(text);
    return Promise.resolve(0);
  },
});

function commandOfLog(path: string, args: Arguments): string {
  if (path.toLowerCase().endsWith('.onnx')) {
    throw new ExpectationError(
      'a .bin, or the log of hb_model_modifier,',
      path,
      'An ONNX model has no de-quantize nodes: the mapper adds them when it compiles one (tros-yolo-seg model ptq prepares that).',
    );
  }
  for (const option of ['output', 'restore']) {
    if (args.text(option) === undefined && !args.flag(option)) continue;
    throw new ExpectationError(
      `the .bin itself for --${option}`,
      path,
      'What is not a .bin is read as a log, which does not contain the model.',
    );
  }
  const nodes = readModifierLog(readLog(path), path);
  return `${modifierCommand(args.text('bin') ?? 'MODEL.bin', choose(nodes, rolesFromOnnx(args), args))}\n`;
}

function restored(model: BinModel, args: Arguments): string {
  const output = args.text('output');
  if (output === undefined) throw new ExpectationError('-o FILE for --restore', 'none', 'See --help.');
  const names = restoreDequantizeNodes(model, output);
  return `${output}: ${count(names)} restored\n${list(names)}${UNTRIED}\n`;
}

function removed(model: BinModel, args: Arguments): string {
  const { path } = model.file;
  const roles = rolesFromOnnx(args) ?? rolesOf(model);
  const nodes = [...dequantizeNodes(model)].map(([output, { name }]): DequantizeNode => ({ name, output }));
  const chosen = nodes.length === 0 ? [] : choose(nodes, roles, args);
  if (chosen.length === 0)
    return `${path}: nothing to remove, nothing was written.\n${stateText(model, nodes)}`;
  const output = args.text('output');
  const command = modifierCommand(args.text('bin') ?? path, chosen);
  if (output === undefined) {
    process.stderr.write("With -o FILE.bin the nodes are removed here, without the vendor's tool.\n");
    return `${command}\n`;
  }
  const names = chosen.map(({ name }) => name);
  removeDequantizeNodes(model, names, output);
  return `${output}: ${count(names)} removed\n${list(names)}${UNTRIED}\nThe vendor's tool can do the same:\n${command}\n`;
}

/** The nodes that the file has and had. */
function stateText(model: BinModel, nodes: readonly DequantizeNode[]): string {
  const gone = [...readDeleted(model).keys()];
  const left = nodes.map(({ name }) => name);
  return (
    `De-quantize nodes left:${left.length === 0 ? ' none' : ''}\n${list(left)}` +
    `Nodes that were removed before:${gone.length === 0 ? ' none' : ''}\n${list(gone)}`
  );
}

/** The requested nodes. */
function choose(
  nodes: readonly DequantizeNode[],
  roles: ReadonlyMap<string, HeadRole> | undefined,
  args: Arguments,
): readonly DequantizeNode[] {
  if (args.flag('all')) return nodes;
  const named = args.texts('node');
  if (named.length > 0) {
    return named.map((name) => {
      const node = nodes.find((candidate) => candidate.name === name);
      if (node) return node;
      throw new ExpectationError(
        'the name of a de-quantize node',
        name,
        `There are ${nodes.map((candidate) => candidate.name).join(', ')}.`,
      );
    });
  }
  const heads = args
    .text('heads')
    ?.split(',')
    .map((role) => expectOneOf('--heads', role.trim(), BIN_HEADS));
  return nodesOfHeads(assignRoles(nodes, roles), heads);
}

function rolesFromOnnx(args: Arguments): ReadonlyMap<string, HeadRole> | undefined {
  const onnx = args.text('onnx');
  return onnx === undefined ? undefined : headRolesOf(findModel(onnx));
}

/** The role of each output by its name, if shapes, types and names identify it. */
function rolesOf(model: BinModel): ReadonlyMap<string, HeadRole> {
  return new Map([...binHeads(model).roles].map(([index, role]) => [model.outputs[index]!.name, role]));
}

function count({ length }: readonly string[]): string {
  return `${length} de-quantize ${length === 1 ? 'node' : 'nodes'}`;
}

function list(names: readonly string[]): string {
  return names.map((name) => `  ${name}\n`).join('');
}

function readLog(path: string): string {
  try {
    const { size } = statSync(path);
    if (size > LARGEST_LOG) throw new Error(`${path} has ${size} bytes`);
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new ExpectationError(
      `a readable log of hb_model_modifier at ${path}`,
      messageOf(error),
      'hb_model_modifier writes hb_model_modifier.log to the folder in which it is run.',
      {
        cause: error,
      },
    );
  }
}
