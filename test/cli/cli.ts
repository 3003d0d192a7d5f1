import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { repository } from '../data.js';

export interface CliResult {
  code: number;
  stdout: string;
  stderr: string;
}

/** Runs the command as a user does, in a process of its own. */
export function cli(args: readonly string[], cwd?: string): Promise<CliResult> {
  const main = join(repository, 'dist/src/cli/main.js');
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [main, ...args],
      { cwd, maxBuffer: 1 << 28, timeout: 60_000 },
      (error, stdout, stderr) => {
        resolve({ code: typeof error?.code === 'number' ? error.code : error ? -1 : 0, stdout, stderr });
      },
    );
  });
}
