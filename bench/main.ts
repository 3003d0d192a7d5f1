import { runProgram } from '../src/cli/program.js';
import { bench } from './command.js';

await runProgram(() => bench.run(process.argv.slice(2)));
