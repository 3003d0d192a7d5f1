import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ExpectationError, expectInteger } from '../base/expect.js';
import { demoModel } from '../model/demo-model.js';
import { findModel } from '../model/find-model.js';
import { packageRoot } from '../base/package-root.js';
import { BPU_OPTIONS, openEngine } from './bpu-options.js';
import { BOARD_MODELS, boardModel, findBoard } from './check/board.js';
import { Host } from './check/host.js';
import { machineSection } from './check/machine.js';
import { modelSection } from './check/model.js';
import { countOf, reportText } from './check/report.js';
import { rosSection } from './check/ros.js';
import { command } from './program.js';
import { type CliOptions, COMMON_OPTIONS, optionHelp } from './options.js';
import { fromParameter } from './parameter-options.js';
import { headRoles } from './run-options.js';

const OPTIONS = {
  picture: {
    type: 'string',
    value: 'FILE',
    help: 'picture to run the model on (default: a generated scene)',
  },
  frames: {
    type: 'string',
    value: 'N',
    help: 'frames of each measurement (default 200 on the BPU, 20 on the CPU), 0 for none',
  },
  labels: fromParameter('labels', 'FILE'),
  heads: { type: 'string', value: 'LIST', help: 'role of each output in order, where heads are ambiguous' },
  json: { type: 'boolean', help: 'print the report as JSON' },
  ...BPU_OPTIONS,
  ...COMMON_OPTIONS,
} as const satisfies CliOptions;

const USAGE = `Usage: tros-yolo-seg check [MODEL] [options]

Checks the board, libdnn, the model and ROS 2, runs the model on a picture, measures it with one and two
threads, and prints a report that can be pasted into an issue. It says what it could not check. Exit code 1 if
something does not work.

MODEL is a .bin, a .onnx or a name from tros-yolo-seg model list. Default: a segmentation model on the board
(${`/${BOARD_MODELS}`}), else the demo model.

${optionHelp(OPTIONS)}
`;

/** `tros-yolo-seg check`: the first command to run on a machine. */
export const check = command({
  summary: 'check whether everything works here, and print a report',
  usage: USAGE,
  options: OPTIONS,
  async run(args) {
    const [named, ...more] = args.positionals;
    if (more.length > 0) {
      throw new ExpectationError(
        'at most one MODEL',
        args.positionals.join(' '),
        'See tros-yolo-seg check --help.',
      );
    }
    const host = new Host();
    const board = findBoard(host);
    const file =
      (named === undefined ? undefined : findModel(named)) ??
      (board ? boardModel(host) : undefined) ??
      demoModel();
    const frames = args.number('frames') ?? (file.toLowerCase().endsWith('.bin') ? 200 : 20);
    const sections = [
      await machineSection(host, board),
      await modelSection({
        file,
        open: (slots) => openEngine(file, args, { slots }),
        board,
        picture: args.text('picture'),
        hints: { roles: headRoles(args), labelFile: args.text('labels') },
        frames: expectInteger('--frames', frames, 0, 1_000_000),
        demo: isDemo(file),
      }),
      await rosSection(host),
    ];
    if (args.flag('json')) {
      process.stdout.write(`${JSON.stringify({ version: version(), sections }, null, 2)}\n`);
    } else {
      const when = new Date().toISOString().slice(0, 16);
      process.stdout.write(reportText(`tros-yolo-seg ${version()} check, ${when}Z`, sections));
    }
    return countOf(sections, 'failure') > 0 ? 1 : 0;
  },
});

function isDemo(file: string): boolean {
  try {
    return file === demoModel();
  } catch {
    return false;
  }
}

function version(): string {
  return (JSON.parse(readFileSync(join(packageRoot, 'package.json'), 'utf8')) as { version: string }).version;
}
