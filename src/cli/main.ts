#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../base/package-root.js';
import { COMMANDS } from './commands.js';
import { commandList, runGroup, runProgram } from './program.js';

async function help(): Promise<string> {
  return [
    'tros-yolo-seg: instance segmentation for NV12 cameras, pictures, videos and bags',
    '',
    'Usage: tros-yolo-seg COMMAND [options]',
    '',
    await commandList(COMMANDS),
    '',
    'tros-yolo-seg help COMMAND lists the options of a command, tros-yolo-seg --version tells the version.',
    '',
  ].join('\n');
}

async function main(argv: readonly string[]): Promise<number> {
  if (argv[0] === '--version') {
    const { version } = JSON.parse(readFileSync(join(packageRoot, 'package.json'), 'utf8')) as {
      version: string;
    };
    process.stdout.write(`${version}\n`);
    return 0;
  }
  return runGroup({ what: 'a command', name: 'tros-yolo-seg', commands: COMMANDS, usage: help }, argv);
}

await runProgram(() => main(process.argv.slice(2)));
