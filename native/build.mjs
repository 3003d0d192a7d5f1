// Builds the addon into build/native/Release. Tells how far it is while it works; on failure it prints the tools' output and
// what to do. Arguments are passed to cmake-js, e.g. `npm run build:native -- --debug`.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const source = fileURLToPath(new URL('.', import.meta.url));
const out = fileURLToPath(new URL('../build/native', import.meta.url));
const tool = createRequire(import.meta.url).resolve('cmake-js/bin/cmake-js');

/** Milliseconds between lines where standard error is no terminal. */
const PAUSE = 10_000;
const { stderr } = process;
let said = '';
let shown = Date.now();
const build = spawn(process.execPath, [tool, 'build', '-d', source, '-O', out, ...process.argv.slice(2)], {
  stdio: ['ignore', 'pipe', 'pipe'],
});
for (const stream of [build.stdout, build.stderr]) {
  createInterface({ input: stream }).on('line', (line) => {
    said += `${line}\n`;
    show(line);
  });
}
const [status, signal] = await once(build, 'close').catch((error) => {
  said += error.message;
  return [1, null];
});
if (stderr.isTTY) stderr.write('\r\u001b[K');
if (status !== 0) {
  stderr.write(`${said}
Expected the native addon to build but it ${signal ? `was ended by ${signal}` : 'failed as shown above'}. Possible solutions:
  - It needs CMake 3.18 or newer and a C++17 compiler: sudo apt install cmake g++
  - A build folder made by another compiler, or moved, does not build: remove build/native and try again
`);
  process.exit(1);
}

/** Shows make's `[ 42%] Building CXX object .../nv12/letterbox.cc.o`: on a terminal in place, else now and then. */
function show(line) {
  const [, percent, file] = /^\[ *(\d+%|\d+\/\d+)\] Building \w+ object (?:.*\.dir\/)?(.+)\.o$/.exec(line) ?? [];
  if (percent === undefined) return;
  if (stderr.isTTY) {
    stderr.write(`\r${`building the native addon: ${percent} ${file}`.slice(0, stderr.columns - 1)}\u001b[K`);
  } else if (Date.now() - shown >= PAUSE) {
    shown = Date.now();
    stderr.write(`building the native addon: ${percent}\n`);
  }
}
