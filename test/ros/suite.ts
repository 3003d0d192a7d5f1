import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { after, afterEach, before } from 'mocha';
import { describeUnless, type Reason } from '../skips.js';
import { type Domain, sharedMemoryPorts, takeDomain } from './domain.js';
import { MARK, processesOf, removeSharedMemory, sharedMemoryInUse, sharedMemoryOf } from './own-processes.js';
import { Peer } from './peer.js';
import { command, pendingWaits, RosProcess } from './processes.js';
import { rosPrefix, rosWorkspace, workspaceIsBuilt } from './workspace.js';
import { routerAnswers, routerOf, ZENOH } from './zenoh.js';

/** Ends what has not ended by itself after a minute, by SIGINT. */
const PATIENT = ['timeout', '--signal=INT', '--kill-after=10', '60'] as const;
/** Ends of a process that nobody wanted. */
const CRASHES: readonly unknown[] = ['SIGABRT', 'SIGBUS', 'SIGFPE', 'SIGILL', 'SIGSEGV', 'SIGTRAP'];
/** Command lines of the package. What else runs is ROS's own: rclpy was seen to crash in its end on a busy machine. */
const OURS = /^(segment|camera|tros-yolo-seg|node)\b/;
/** Exit codes of timeout, after SIGINT and after SIGKILL. */
const GAVE_UP: readonly unknown[] = [124, 137];

/** Milliseconds that `colcon build` may take, where scripts/test.mjs has not done it before. */
const BUILDING = 1_800_000;
/** Milliseconds after which a process that was told to end hangs, and fails the suite. */
const ENDING = 90_000;

/**
 * What the tests of a suite run in: a domain of their own, a folder of their own, also for what ROS and the program write into
 * the user's, and the processes that they start. After the suite nothing of it is left.
 */
export class RosSuite {
  /** Install prefix of the workspace. */
  prefix = '';
  /** Removed after the suite. */
  folder = '';
  /** ROS and the workspace sourced, for the middleware, the domain and this machine alone. */
  env: NodeJS.ProcessEnv = {};
  #domain: Domain | undefined;
  #mark = '';
  #started: RosProcess[] = [];
  /** Files in shared memory of processes that had no chance to remove them. */
  readonly #orphaned = new Set<string>();
  #over = false;
  /** Of Zenoh. It outlives the tests' own processes, which end() ends between tests. */
  #router: RosProcess | undefined;

  constructor(private readonly middleware: string) {}

  async begin(): Promise<void> {
    const workspace = rosWorkspace();
    this.prefix = workspace.prefix;
    this.folder = mkdtempSync(join(tmpdir(), 'tros-yolo-seg-ros-'));
    this.#domain = await takeDomain();
    this.#mark = `${process.pid}-${this.#domain.id}`;
    this.env = {
      ...workspace.env(this.middleware, this.#domain.id),
      [MARK]: this.#mark,
      ROS_HOME: join(this.folder, 'ros'),
      ROS_LOG_DIR: join(this.folder, 'log'),
      XDG_CACHE_HOME: join(this.folder, 'cache'),
    };
    if (this.middleware === ZENOH) {
      const prefix = rosPrefix(ZENOH)!;
      const { line, env } = routerOf(this.#domain.id, prefix, this.env);
      const router = new RosProcess(line, env);
      this.#router = router;
      await routerAnswers(this.#domain.id, () => router.end !== undefined);
    }
  }

  start(line: readonly string[], env: NodeJS.ProcessEnv = this.env): RosProcess {
    const process = new RosProcess(line, env);
    this.#started.push(process);
    return process;
  }

  /** An executable of the package, as `ros2 run` starts it. */
  node(executable: 'segment' | 'camera', rosArgs: readonly string[], env?: NodeJS.ProcessEnv): RosProcess {
    return this.start([this.executable(executable), '--ros-args', ...rosArgs], env);
  }

  executable(name: 'segment' | 'camera' | 'tros-yolo-seg'): string {
    return join(this.prefix, 'lib/tros_yolo_seg', name);
  }

  peer(): Peer {
    const peer = new Peer(this.env);
    this.#started.push(peer.process);
    return peer;
  }

  /** Runs a command to its end. @returns its exit code and output */
  run(
    line: readonly string[],
    env: NodeJS.ProcessEnv = this.env,
  ): Promise<{ code: number | string; output: string }> {
    return command(line, env);
  }

  /**
   * Runs the ros2 command, again and again until it says what is wanted: its daemon learns of nodes by and by. One that waits for
   * an answer does so for ever when the service had not discovered it yet (seen with `ros2 param set` on a busy machine): it is asked
   * again.
   */
  async ros2(
    args: readonly string[],
    wanted = /^(?![^]*(not found|timed out|waiting for))/i,
  ): Promise<string> {
    while (!this.#over) {
      const { code, output } = await command([...PATIENT, 'ros2', ...args], this.env);
      if (!GAVE_UP.includes(code) && wanted.test(output)) return output;
    }
    throw new Error(`Expected ros2 ${args.join(' ')} to say ${wanted} but the suite is over.`);
  }

  /** Ends a process without a chance to clean up; what it leaves is removed after the suite. */
  async kill(process: RosProcess): Promise<void> {
    await process.stop('SIGKILL');
    for (const file of process.sharedMemory) this.#orphaned.add(file);
  }

  /** Ends the processes that run. @throws Error when one does not end */
  async end(): Promise<void> {
    const started = this.#started.filter(({ end }) => end === undefined);
    await Promise.all(
      started.map(async (process) => {
        const timer = setTimeout(() => void this.kill(process), ENDING);
        if ((await process.stop()) !== 'SIGKILL') return clearTimeout(timer);
        throw new Error(`Expected ${process.command} to end on SIGINT but it said:\n${process.output}`);
      }),
    );
  }

  /** Ends all, and removes all. @throws Error for processes and files in shared memory that should not be there any more */
  async finish(): Promise<void> {
    this.#over = true;
    const problems: string[] = [];
    try {
      await this.end();
    } catch (error) {
      problems.push((error as Error).message);
    }
    const ends = this.#started.map(({ command, end }) => `${command} ended with ${end}`);
    for (const { command, end, output, sharedMemory } of this.#started) {
      if (!CRASHES.includes(end)) continue;
      for (const file of sharedMemory) this.#orphaned.add(file);
      if (OURS.test(command))
        problems.push(`Expected ${command} to end but it crashed with ${end} and said:\n${output}`);
    }
    await this.#router?.stop();
    const used = this.#started.flatMap(({ sharedMemory }) => sharedMemory);
    problems.push(...(await this.#endMarked(used)));
    removeSharedMemory(this.#orphaned);
    const ports = this.#domain ? sharedMemoryPorts(this.#domain.id).map((name) => `/dev/shm/${name}`) : [];
    const others = sharedMemoryInUse();
    const left = removeSharedMemory(
      [...used, ...ports].filter((file) => !others.has(file.replace(/_el$/, ''))),
    );
    // A process that is killed takes its neighbors' turns to remove what they shared.
    if (left.length > 0 && this.#orphaned.size === 0) {
      problems.push(`Expected nothing in shared memory but found ${left.join(', ')}.\n${ends.join('\n')}`);
    }
    if (this.folder) rmSync(this.folder, { recursive: true, force: true });
    this.#domain?.release();
    if (problems.length > 0) throw new Error(problems.join('\n'));
  }

  /** Ends what the processes of the suite started and left: the daemon of the ros2 command, and nothing else. */
  async #endMarked(sharedMemory: string[]): Promise<string[]> {
    const problems: string[] = [];
    const known = new Set<number>();
    for (let turn = 0; ; turn++) {
      const processes = processesOf(this.#mark);
      if (processes.length === 0) return problems;
      for (const [pid, line] of processes) {
        if (!known.has(pid)) {
          known.add(pid);
          sharedMemory.push(...sharedMemoryOf(pid));
          if (!line.includes('ros2cli.daemon'))
            problems.push(`Expected every process to end but found ${line}`);
          kill(pid, 'SIGINT');
        } else if (turn > ENDING / LOOK) {
          problems.push(`Expected ${line} to end on SIGINT`);
          kill(pid, 'SIGKILL');
        }
      }
      await sleep(LOOK);
    }
  }
}

/** Milliseconds between looks at processes that are no children of this one. */
const LOOK = 50;

/** A suite of tests on ROS with one middleware, skipped for a reason. */
export function describeRos(
  reason: Reason,
  title: string,
  middleware: string,
  tests: (ros: RosSuite) => void,
): void {
  describeUnless(reason, title, () => {
    const ros = new RosSuite(middleware);

    before(async function () {
      if (!workspaceIsBuilt()) this.timeout(BUILDING);
      await ros.begin();
    });

    afterEach(function () {
      if (this.currentTest?.state === 'failed') tellWaits();
    });

    after(async () => {
      // Those of a hook that hangs.
      tellWaits();
      await ros.finish();
    });

    tests(ros);
  });
}

/** A test that hangs is ended by mocha, which cannot know what it waited for. */
function tellWaits(): void {
  const waits = pendingWaits();
  if (waits !== '') console.error(waits);
}

function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has ended.
  }
}
