import { ExpectationError } from '../base/expect.js';
import type { Command } from './program.js';
import { cut } from './model-cut.js';
import { dequantize } from './model-dequantize.js';
import { get } from './model-get.js';
import { list } from './model-list.js';
import { ptq } from './model-ptq.js';

/** The actions on models, by name. */
const ACTIONS: Readonly<Record<string, Command>> = { list, get, cut, ptq, dequantize };

const USAGE = `Usage: tros-yolo-seg model ACTION ...

${Object.entries(ACTIONS)
  .map(([name, { summary }]) => `  ${name.padEnd(11)} ${summary}`)
  .join('\n')}

tros-yolo-seg model ACTION --help lists the options. docs/models.md explains the way from training to the
robot step by step.
`;

/** `tros-yolo-seg model`: gets models, and prepares them for the BPU. */
export const model: Command = {
  summary: 'get a model by name; prepare one for the BPU: cut its heads, quantize it',
  async run([action, ...rest]) {
    if (action === undefined || action === '--help' || action === '-h') {
      process.stdout.write(USAGE);
      return action === undefined ? 2 : 0;
    }
    const command = Object.hasOwn(ACTIONS, action) ? ACTIONS[action] : undefined;
    if (!command) {
      throw new ExpectationError(
        `an action (${Object.keys(ACTIONS).join(', ')})`,
        action,
        'See tros-yolo-seg model --help.',
      );
    }
    return command.run(rest);
  },
};
