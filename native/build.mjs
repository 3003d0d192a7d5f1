// Builds the addon into build/native/Release. Silent when all is well; on failure, what the tools said and what to do.
// Arguments go to cmake-js, e.g. `npm run build:native -- --debug`.
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

const source = fileURLToPath(new URL('.', import.meta.url));
const out = fileURLToPath(new URL('../build/native', import.meta.url));
const hint = [
  'Expected the native addon to build but the above went wrong. It needs CMake 3.18 or newer and a C++17 compiler:',
  '  Debian, Ubuntu, RDK: sudo apt install cmake g++',
].join('\n');

function cmakeJs(command) {
  const tool = createRequire(import.meta.url).resolve('cmake-js/bin/cmake-js');
  const arguments_ = [tool, command, '-d', source, '-O', out, ...process.argv.slice(2)];
  return spawnSync(process.execPath, arguments_, { encoding: 'utf8', maxBuffer: 1 << 26 });
}

let result = cmakeJs('build');
// A build folder left by another compiler, or copied from elsewhere, does not build until it is made anew.
if (result.status !== 0) result = cmakeJs('rebuild');
if (result.status !== 0) {
  process.stderr.write(`${result.stdout}${result.stderr}${result.error ? `${result.error.message}\n` : ''}\n${hint}\n`);
  process.exit(1);
}
