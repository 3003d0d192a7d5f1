import { type Command, commandList, runGroup } from './program.js';
import { cut } from './model-cut.js';
import { dequantize } from './model-dequantize.js';
import { get } from './model-get.js';
import { list } from './model-list.js';
import { ptq } from './model-ptq.js';

/** The actions on models, by name. */
const ACTIONS: Readonly<Record<string, Command>> = { list, get, cut, ptq, dequantize };

const LOADERS = Object.fromEntries(
  Object.entries(ACTIONS).map(([name, action]) => [name, () => Promise.resolve(action)]),
);

async function usage(): Promise<string> {
  return `Usage: tros-yolo-seg model ACTION ...

${await commandList(LOADERS)}

tros-yolo-seg model ACTION --help lists the options. docs/models.md explains the way from training to the
robot step by step.
`;
}

/** `tros-yolo-seg model`: gets models, and prepares them for the BPU. */
export const model: Command = {
  summary: 'get a model by name; prepare one for the BPU: cut its heads, quantize it',
  actions: ACTIONS,
  run: (argv) => runGroup({ what: 'an action', name: 'tros-yolo-seg model', commands: LOADERS, usage }, argv),
};
