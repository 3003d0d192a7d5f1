import { runProgram } from '../../src/cli/program.js';
import { record } from './command.js';

await runProgram(() => record.run(process.argv.slice(2)));
