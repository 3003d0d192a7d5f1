#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ExpectationError, messageOf } from '../expect.js';
import { packageRoot } from '../package-root.js';
import { exitCodeWith, watchStdout } from './stdout.js';

/** A command of `tros-yolo-seg`. Resolves to the exit code; what it throws is printed as one message. */
export interface Command {
  readonly summary: string;
  run(argv: readonly string[]): Promise<number>;
}

/** Each command is loaded only when it is asked for. */
const COMMANDS: Readonly<Record<string, () => Promise<Command>>> = {
  run: async () => (await import('./run.js')).run,
  demo: async () => (await import('./demo.js')).demo,
  perf: async () => (await import('./perf.js')).perf,
  bench: async () => (await import('./bench.js')).bench,
  record: async () => (await import('./record.js')).record,
  model: async () => (await import('./model.js')).model,
  info: async () => (await import('./info.js')).info,
  check: async () => (await import('./check.js')).check,
};

async function help(): Promise<string> {
  const lines = await Promise.all(
    Object.entries(COMMANDS).map(async ([name, load]) => `  ${name.padEnd(8)} ${(await load()).summary}`),
  );
  return [
    'tros-yolo-seg: instance segmentation for NV12 cameras, pictures, videos and bags',
    '',
    'Usage: tros-yolo-seg COMMAND [options]',
    '',
    ...lines,
    '',
    'tros-yolo-seg COMMAND --help tells the options of a command.',
    '',
  ].join('\n');
}

async function main(argv: readonly string[]): Promise<number> {
  const [name, ...rest] = argv;
  if (name === undefined || name === 'help' || name === '--help' || name === '-h') {
    process.stdout.write(await help());
    return name === undefined ? 2 : 0;
  }
  if (name === '--version') {
    const { version } = JSON.parse(readFileSync(join(packageRoot, 'package.json'), 'utf8')) as {
      version: string;
    };
    process.stdout.write(`${version}\n`);
    return 0;
  }
  const load = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (!load)
    throw new ExpectationError(
      `a command (${Object.keys(COMMANDS).join(', ')})`,
      name,
      'See tros-yolo-seg --help.',
    );
  return (await load()).run(rest);
}

watchStdout();

try {
  const code = exitCodeWith(await main(process.argv.slice(2)));
  // What was left behind on a signal, a video player that hangs for one, must not hold up the end.
  if (code > 128) process.exit(code);
  process.exitCode = code;
} catch (error) {
  process.stderr.write(
    `tros-yolo-seg: ${error instanceof ExpectationError ? error.message : ((error as Error).stack ?? messageOf(error))}\n`,
  );
  process.exitCode = 2;
}
