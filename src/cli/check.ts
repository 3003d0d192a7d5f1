import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { ExpectationError, expectInteger } from '../base/expect.js';
import { demoModel } from '../model/demo-model.js';
import { findModel } from '../model/find-model.js';
import { packageRoot } from '../base/package-root.js';
import { BPU_OPTIONS, openEngine } from './bpu-options.js';
import { BOARD_MODELS, boardModel, findBoard } from './check/board.js';
import { Host } from './check/host.js';
import { machineSection } from './check/machine.js';
import type { Section } from './check/finding.js';
import { modelSection, type Opener, pictureOf } from './check/model.js';
import { countOf, reportText } from './check/report.js';
import { rosSection } from './check/ros.js';
import { firstRun, type Part } from './first-run/first-run.js';
import { launchSection } from './first-run/launches.js';
import { soakSection } from './first-run/soak.js';
import { speedSection, type Subject } from './first-run/speed.js';
import { command } from './program.js';
import { type Arguments, type CliOptions, COMMON_OPTIONS, optionHelp } from './options.js';
import { checkOutputs, FORCE_OPTION, ReadFiles } from './outputs.js';
import { fromParameter } from './parameter-options.js';
import { headRoles } from './run-options.js';
import { Stop } from './stop.js';

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
  'first-run': {
    type: 'string',
    value: 'FILE',
    help: 'for a board that we have not seen: also measure, soak and launch, and write all to FILE (docs/first-board-run.md)',
  },
  minutes: { type: 'string', value: 'N', help: 'length of the soak of --first-run (default 10), 0 for none' },
  force: FORCE_OPTION,
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
    const frames = expectInteger(
      '--frames',
      args.number('frames') ?? (file.toLowerCase().endsWith('.bin') ? 200 : 20),
      0,
      1_000_000,
    );
    const picture = args.text('picture');
    const hints = { roles: headRoles(args), labelFile: args.text('labels') };
    const open: Opener = (slots) => openEngine(file, args, { slots });
    const parts: Part[] = [
      { name: 'the machine', run: () => machineSection(host, board) },
      {
        name: 'the model',
        run: () => modelSection({ file, open, board, picture, hints, frames, demo: isDemo(file) }),
      },
      { name: 'ROS 2', run: () => rosSection(host) },
    ];
    const report = args.text('first-run');
    if (report !== undefined) {
      const { frame } = await pictureOf(picture);
      const subject = { open, frame, hints };
      return writeFirstRun(report, args, parts, subject, { file, board: board !== undefined, frames });
    }
    const sections: Section[] = [];
    for (const { run } of parts) sections.push(await run());
    if (args.flag('json')) {
      process.stdout.write(`${JSON.stringify({ version: version(), sections }, null, 2)}\n`);
    } else {
      process.stdout.write(reportText(title('check'), sections));
    }
    return countOf(sections, 'failure') > 0 ? 1 : 0;
  },
});

interface FirstRunSubject {
  /** The model's file. */
  readonly file: string;
  /** Whether this is a board of D-Robotics. */
  readonly board: boolean;
  /** Frames of each measurement. */
  readonly frames: number;
}

/** The parts of a check, and those that take minutes. @returns the exit code */
async function writeFirstRun(
  report: string,
  args: Arguments,
  checks: readonly Part[],
  subject: Subject,
  { file, board, frames }: FirstRunSubject,
): Promise<number> {
  const minutes = expectInteger('--minutes', args.number('minutes') ?? 10, 0, 10_000);
  const outputs = [{ option: '--first-run', path: report, kind: 'file' }] as const;
  checkOutputs(outputs, new ReadFiles([file, args.text('picture')]), args.flag('force'));
  const stop = Stop.listen();
  const tell = (line: string): void => void process.stderr.write(`${line}\n`);
  try {
    const { signal } = stop;
    const parts: Part[] = [
      ...checks,
      { name: 'the whole path of a frame', run: () => speedSection(subject, Math.max(frames, 1)) },
      ...(minutes === 0
        ? []
        : [
            {
              name: `a soak of ${minutes} ${minutes === 1 ? 'minute' : 'minutes'}`,
              run: () => soakSection(subject, { minutes, signal, onMinute: tell }),
            },
          ]),
      {
        name: 'three launch lines',
        run: () =>
          launchSection({
            env: process.env,
            signal,
            model: resolve(file),
            library: absolute(args.text('library')),
            labels: absolute(args.text('labels')),
            board,
            onLine: tell,
          }),
      },
    ];
    const sections = await firstRun(report, title('first run'), parts, signal, tell);
    tell(`Written to ${report}: fill in its first lines, and paste it into an issue.`);
    return stop.exitCode ?? (countOf(sections, 'failure') > 0 ? 1 : 0);
  } finally {
    stop.release();
  }
}

/** Launch files start nodes in other folders. */
function absolute(path: string | undefined): string | undefined {
  return path === undefined ? undefined : resolve(path);
}

function title(what: string): string {
  return `tros-yolo-seg ${version()} ${what}, ${new Date().toISOString().slice(0, 16)}Z`;
}

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
