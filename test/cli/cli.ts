import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { repository } from '../data.js';

export interface CliResult {
  code: number;
  stdout: string;
  stderr: string;
}

/**
 * Runs the command as a user does, in a process of its own. However long it takes: mocha ends a test that hangs.
 *
 * @param variables beside those of this process, or undefined to take one away
 */
export function cli(
  args: readonly string[],
  cwd?: string,
  variables: Readonly<Record<string, string | undefined>> = {},
): Promise<CliResult> {
  const env: NodeJS.ProcessEnv = { ...process.env, ...variables };
  for (const [name, value] of Object.entries(variables)) if (value === undefined) delete env[name];
  const main = join(repository, 'dist/src/cli/main.js');
  return new Promise((resolve) => {
    execFile(process.execPath, [main, ...args], { cwd, env, maxBuffer: 1 << 28 }, (error, stdout, stderr) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : error ? -1 : 0, stdout, stderr });
    });
  });
}
