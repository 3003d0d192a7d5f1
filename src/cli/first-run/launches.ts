import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from '../../base/expect.js';
import type { Finding, Section } from '../check/finding.js';

/** A launch line of the form, and when it makes sense. */
interface Line {
  readonly what: string;
  readonly arguments: readonly string[];
  /** Why it is left out; undefined: it is run. */
  readonly skip?: string | undefined;
}

export interface LaunchOptions {
  readonly env: NodeJS.ProcessEnv;
  readonly signal: AbortSignal;
  /** The model's file, and libdnn where it is named. */
  readonly model: string;
  readonly library: string | undefined;
  /** File of class names, for a model that does not name them. */
  readonly labels?: string | undefined;
  /** Whether this is one of D-Robotics' boards. */
  readonly board: boolean;
  /** Seconds that each line runs before /diagnostics is read. @default 20 */
  readonly seconds?: number;
  readonly onLine?: (line: string) => void;
}

/** The values of /diagnostics that the report shows, in its order. */
const VALUES = [
  'received',
  'answered',
  'dropped',
  'bad',
  'input_fps',
  'output_fps',
  'latency_from_stamp_p50_ms',
  'latency_from_stamp_p99_ms',
  'added_latency_p50_ms',
  'inference_p50_ms',
  'decode_p50_ms',
  'middleware',
  'transport',
  'loaned',
  'last_error',
];

/** Milliseconds that the node may take to answer, and to end. */
const ANSWER = 20_000;
const END = 15_000;
/** The node is asked this often until it has answered a frame: on a busy machine it takes a minute to start. */
const QUESTIONS = 4;
/** Lines of the log that are kept of a launch that does not work. */
const TOLD = 6;

/** Runs each of the three launch lines of the form for a while, and reports the node's /diagnostics. */
export async function launchSection(options: LaunchOptions): Promise<Section> {
  const title = 'Launch lines';
  const missing = whatIsMissing(options.env);
  if (missing !== undefined) {
    return { title, findings: [{ what: 'ros2 launch', verdict: 'unknown', text: `not run: ${missing}` }] };
  }
  const findings: Finding[] = [];
  for (const line of linesOf(options)) {
    if (options.signal.aborted) break;
    if (line.skip !== undefined) {
      findings.push({ what: line.what, verdict: 'unknown', text: `not run: ${line.skip}` });
      continue;
    }
    options.onLine?.(`ros2 ${line.arguments.join(' ')}`);
    findings.push(...(await runLine(line, options)));
  }
  return { title, findings };
}

function whatIsMissing(env: NodeJS.ProcessEnv): string | undefined {
  if (!env['ROS_DISTRO']) return 'no ROS 2 is sourced';
  const prefixes = (env['AMENT_PREFIX_PATH'] ?? '').split(delimiter);
  return prefixes.some((prefix) => existsSync(join(prefix, 'lib/tros_yolo_seg/segment')))
    ? undefined
    : 'no workspace with tros_yolo_seg is sourced';
}

function linesOf({ model, library, labels, board, env }: LaunchOptions): Line[] {
  const launch = ['launch', 'tros_yolo_seg', 'segment.launch.py', `model:=${model}`];
  if (library !== undefined) launch.push(`library:=${library}`);
  if (labels !== undefined) launch.push(`labels:=${labels}`);
  const standIn = [...launch, 'camera:=stand-in', 'web:=false', 'size:=1920x1080', 'rate:=30', 'loop:=true'];
  const camera = env['CAM_TYPE'];
  return [
    { what: 'stand-in, Image', arguments: standIn },
    { what: 'stand-in, HbmMsg', arguments: [...standIn, 'message:=hbm1080p'] },
    {
      what: 'camera',
      arguments: [...launch, ...(camera === undefined ? ['camera:=mipi'] : [])],
      skip: board || camera !== undefined ? undefined : 'no board, and CAM_TYPE is not set',
    },
  ];
}

async function runLine(line: Line, options: LaunchOptions): Promise<Finding[]> {
  const { what } = line;
  const { env, signal, seconds = 20 } = options;
  const launch = new Command(['ros2', ...line.arguments], env);
  // Ends waits that are not needed any more: a timer keeps the program alive.
  const over = new AbortController();
  const wait = (milliseconds: number): Promise<void> =>
    sleep(milliseconds, undefined, { signal: AbortSignal.any([signal, over.signal]) });
  try {
    await Promise.race([wait(1000 * seconds), launch.ended]);
    let values = new Map<string, string>();
    for (let question = 0; question < QUESTIONS && !answers(values); question++) {
      if (question > 0) await Promise.race([wait((1000 * seconds) / QUESTIONS), launch.ended]);
      if (launch.over) return [failure(what, `it ended early: ${launch.said(TOLD)}`)];
      const said = await ask(env, wait(ANSWER));
      if (said.size > 0) values = said;
    }
    if (values.size === 0) return [failure(what, `nothing on /diagnostics: ${launch.said(TOLD)}`)];
    return [describe(what, values)];
  } catch (error) {
    if (signal.aborted) return [{ what, verdict: 'unknown', text: 'stopped' }];
    return [failure(what, messageOf(error))];
  } finally {
    over.abort();
    await launch.stop();
  }
}

/** What the node says on /diagnostics; nothing if it says nothing in time. */
async function ask(env: NodeJS.ProcessEnv, time: Promise<void>): Promise<Map<string, string>> {
  // Without the daemon of the ros2 command, which would outlive the first run.
  const echo = ['ros2', 'topic', 'echo', '--once', '--no-daemon', '/diagnostics'];
  const asked = new Command([...echo, 'diagnostic_msgs/msg/DiagnosticArray', '--full-length'], env);
  try {
    await Promise.race([asked.ended, time]);
  } finally {
    await asked.stop();
  }
  return valuesOf(asked.output);
}

function answers(values: ReadonlyMap<string, string>): boolean {
  return Number(values.get('answered') ?? 0) > 0;
}

function failure(what: string, text: string): Finding {
  return { what, verdict: 'failure', text: text.replace(/\s*\n\s*/g, ' | ') };
}

function describe(what: string, values: ReadonlyMap<string, string>): Finding {
  const told = VALUES.flatMap((name) => (values.get(name) ? [`${name} ${values.get(name)}`] : []));
  return { what, verdict: answers(values) ? 'ok' : 'failure', text: told.join(', ') };
}

/** The keys and values of a DiagnosticArray as `ros2 topic echo` prints it, in YAML. The last one of a key counts. */
export function valuesOf(yaml: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const [, key, value] of yaml.matchAll(/- key: (\S+)\s*\n\s*value: (.*)/g)) {
    found.set(key!, value!.replace(/^'(.*)'$/, '$1'));
  }
  return found;
}

/** A command with its own group of processes, as a command typed into a terminal has. */
class Command {
  output = '';
  over = false;
  readonly ended: Promise<void>;
  readonly #child: ChildProcess;

  constructor([program, ...rest]: readonly string[], env: NodeJS.ProcessEnv) {
    this.#child = spawn(program!, rest, { env, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
    for (const stream of [this.#child.stdout!, this.#child.stderr!]) {
      stream.setEncoding('utf8').on('data', (text: string) => (this.output += text));
    }
    this.ended = new Promise((resolve) => {
      const end = (reason = ''): void => {
        this.output += reason;
        this.over = true;
        resolve();
      };
      this.#child.on('error', (error) => end(error.message));
      this.#child.on('close', () => end());
    });
  }

  /** Its last lines. */
  said(lines: number): string {
    return this.output.trim().split('\n').slice(-lines).join('\n');
  }

  /** By SIGINT as Ctrl+C sends it, in the end by SIGKILL. */
  async stop(): Promise<void> {
    for (const kind of ['SIGINT', 'SIGKILL'] as const) {
      if (this.over) return;
      this.#signal(kind);
      const timer = new AbortController();
      await Promise.race([
        this.ended,
        sleep(END, undefined, { signal: timer.signal }).catch(() => undefined),
      ]);
      timer.abort();
    }
  }

  #signal(kind: NodeJS.Signals): void {
    try {
      process.kill(-this.#child.pid!, kind);
    } catch {
      // It has ended.
    }
  }
}
