import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { repository } from '../data.js';

/** The command's entry point. */
export const MAIN = join(repository, 'dist/src/cli/main.js');

/** Tools of the repository that parse the command line like the command. */
const TOOLS: Readonly<Record<string, string>> = {
  bench: join(repository, 'dist/bench/main.js'),
  record: join(repository, 'dist/tools/record/main.js'),
};

/** Arguments of Node.js to run a command or a tool. */
export function scriptOf([name = '', ...rest]: readonly string[]): string[] {
  const tool = Object.hasOwn(TOOLS, name) ? TOOLS[name] : undefined;
  return tool === undefined ? [MAIN, ...(name === '' ? [] : [name]), ...rest] : [tool, ...rest];
}

export interface CliResult {
  /** -1 if a signal ended it, or it hung. */
  code: number;
  stdout: string;
  stderr: string;
}

export interface CliLimits {
  /** User to run as, for tests of permissions, which root ignores. */
  readonly uid?: number;
  /** Largest file that may be written, in blocks of 512 bytes. */
  readonly blocks?: number;
}

/**
 * Runs the command in a separate process, as a user does. There is no time-out: mocha ends a hanging test.
 *
 * @param variables added to those of this process; undefined removes one
 */
export function cli(
  args: readonly string[],
  cwd?: string,
  variables: Readonly<Record<string, string | undefined>> = {},
  { uid, blocks }: CliLimits = {},
): Promise<CliResult> {
  const env: NodeJS.ProcessEnv = { ...process.env, ...variables };
  for (const [name, value] of Object.entries(variables)) if (value === undefined) delete env[name];
  // Its file of coverage would exceed the limit, or be refused to the other user, and Node.js would say so on stderr. It
  // passes the variable on unless it is there.
  if (uid !== undefined || blocks !== undefined) env.NODE_V8_COVERAGE = '';
  const limited = blocks === undefined ? [] : ['sh', '-c', `ulimit -f ${blocks}; exec "$@"`, 'sh'];
  const [program, ...rest] = [...limited, process.execPath, ...scriptOf(args)] as [string, ...string[]];
  const user = uid === undefined ? {} : { uid, gid: uid };
  return new Promise((resolve) => {
    execFile(program, rest, { cwd, env, maxBuffer: 1 << 28, ...user }, (error, stdout, stderr) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : error ? -1 : 0, stdout, stderr });
    });
  });
}

/** A process that a test watches and sends signals to. */
export class Watched {
  static readonly #running = new Set<ChildProcess>();
  stdout = '';
  stderr = '';
  readonly #closed: Promise<unknown[]>;

  private constructor(readonly process: ChildProcess) {
    process.stdout!.setEncoding('utf8').on('data', (text: string) => (this.stdout += text));
    process.stderr!.setEncoding('utf8').on('data', (text: string) => (this.stderr += text));
    this.#closed = once(process, 'close');
  }

  /** Starts node with these arguments: the command's are `[MAIN, ...]`. */
  static start(args: readonly string[], cwd?: string, variables: NodeJS.ProcessEnv = {}): Watched {
    const env = { ...process.env, ...variables };
    const child = new Watched(spawn(process.execPath, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] }));
    Watched.#running.add(child.process);
    void child.#closed.then(() => Watched.#running.delete(child.process));
    return child;
  }

  /** Waits for output that matches. @throws if it ends without */
  async says(stream: 'stdout' | 'stderr', pattern: RegExp): Promise<void> {
    const ended = this.#closed.then(() => true);
    while (!pattern.test(this[stream])) {
      const over = await Promise.race([ended, once(this.process[stream]!, 'data').then(() => false)]);
      if (over && !pattern.test(this[stream])) {
        throw new Error(`Expected ${pattern.source} but received: ${this.stdout}${this.stderr}`);
      }
    }
  }

  kill(signal: NodeJS.Signals): void {
    this.process.kill(signal);
  }

  /** Ends processes that a failed test has left behind. */
  static endAll(): void {
    for (const child of Watched.#running) child.kill('SIGKILL');
  }

  /** How it ended. */
  async end(): Promise<{ code: number | null; signal: NodeJS.Signals | null }> {
    await this.#closed;
    return { code: this.process.exitCode, signal: this.process.signalCode };
  }
}
