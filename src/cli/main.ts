#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ExpectationError } from '../base/expect.js';
import { packageRoot } from '../base/package-root.js';
import { type Command, runProgram } from './program.js';

/** Commands are loaded on demand. */
const COMMANDS: Readonly<Record<string, () => Promise<Command>>> = {
  run: async () => (await import('./run.js')).run,
  demo: async () => (await import('./demo.js')).demo,
  perf: async () => (await import('./perf.js')).perf,
  model: async () => (await import('./model.js')).model,
  eval: async () => (await import('./eval.js')).evaluate,
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
    'tros-yolo-seg COMMAND --help lists the options of a command.',
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

await runProgram(() => main(process.argv.slice(2)));
