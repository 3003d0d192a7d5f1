import { readFileSync, statSync } from 'node:fs';
import { ExpectationError, messageOf } from '../expect.js';
import { headRolesOf } from '../model/model-form.js';
import { BIN_CAUTION, readBinNodes } from '../model/bin-nodes.js';
import {
  assignRoles,
  type DequantizeNode,
  modifierCommand,
  nodesToRemove,
  quote,
  readModifierLog,
} from '../model/dequantize.js';
import type { Command } from './main.js';
import { type CliOptions, optionHelp, parseArguments } from './options.js';

const OPTIONS = {
  bin: { type: 'string', value: 'MODEL.bin', help: 'name of the quantised model in the command' },
  onnx: {
    type: 'string',
    value: 'RDK.onnx',
    help: 'the model that was quantised, where names do not tell the heads',
  },
  help: { type: 'boolean', short: 'h', help: 'show this help' },
} satisfies CliOptions;

const USAGE = `Usage: tros-yolo-seg model dequantize hb_model_modifier.log [--bin MODEL.bin]
       tros-yolo-seg model dequantize MODEL.bin

Finds the de-quantise nodes of the box and coefficient heads in the log that "hb_model_modifier MODEL.bin" writes, or
in the .bin itself as far as its structure shows, and prints the command that removes them. Class and prototype heads
stay float.

${optionHelp(OPTIONS)}
`;

/** Logs are some ten kilobytes; what is larger is none. */
const LARGEST_LOG = 64 * 2 ** 20;

/** `tros-yolo-seg model dequantize`: the hb_model_modifier command for a model's box and coefficient heads. */
export const dequantize: Command = {
  summary: 'print the hb_model_modifier command for the box and coefficient heads',
  run(argv) {
    const args = parseArguments(argv, OPTIONS);
    if (args.flag('help')) {
      process.stdout.write(USAGE);
      return Promise.resolve(0);
    }
    const [path, ...more] = args.positionals;
    if (path === undefined || more.length > 0) {
      throw new ExpectationError(
        'one log of hb_model_modifier',
        args.positionals.join(' ') || 'none',
        'See --help.',
      );
    }
    const onnx = args.text('onnx');
    const bin = args.text('bin') ?? (isBin(path) ? path : 'MODEL.bin');
    const nodes = isBin(path) ? nodesOfBin(path) : readModifierLog(readLog(path), path);
    const heads = assignRoles(nodes, onnx === undefined ? undefined : headRolesOf(onnx));
    process.stdout.write(`${modifierCommand(bin, nodesToRemove(heads))}\n`);
    return Promise.resolve(0);
  },
};

function isBin(path: string): boolean {
  return path.toLowerCase().endsWith('.bin');
}

function nodesOfBin(path: string): DequantizeNode[] {
  const nodes = readBinNodes(path);
  if (nodes.length === 0) {
    throw new ExpectationError(
      'de-quantise nodes in a quantised .bin',
      `none that could be recognised in ${path}`,
      `They may be removed already. The log tells: run hb_model_modifier ${quote(path)}, then give hb_model_modifier.log.`,
    );
  }
  process.stderr.write(`${BIN_CAUTION}\n`);
  return nodes;
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
      undefined,
      {
        cause: error,
      },
    );
  }
}
